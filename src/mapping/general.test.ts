// SPDX-License-Identifier: Apache-2.0
/** Proves: general.txt is read as spec mapping-tables.md 4.10 says. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readGeneral } from './general.ts'

test('keys, values, comments, places', () => {
  const table = readGeneral({
    name: 'general.txt',
    text: '! comment\r\n\n  Ban|kim@a.test   $NBanned$ you  \r\nflag-only\nlong  two words\n',
  })
  assert.equal(table.size, 3)
  assert.equal(table.get('BAN|Kim@a.test'), '$NBanned$ you')
  assert.equal(table.get('flag-only'), '')
  assert.equal(table.get('long'), 'two words')
  assert.equal(table.get('absent'), undefined)
  assert.deepEqual(table.placeOf('ban|kim@a.test'), { file: 'general.txt', line: 3, column: 3 })
  assert.deepEqual(table.problems, [])
})

test('a quoted blank at the end stays', () => {
  assert.equal(readGeneral({ name: 'g', text: 'k a$ \n' }).get('k'), 'a$ ')
})

test('the first of two entries counts, the second is told of', () => {
  const table = readGeneral({ name: 'g', text: 'a 1\nA 2\n' })
  assert.equal(table.get('a'), '1')
  assert.deepEqual(
    table.problems.map(({ line, column, length, message }) => [line, column, length, message]),
    [[2, 1, 1, 'the key A is there already, in line 1']],
  )
})
