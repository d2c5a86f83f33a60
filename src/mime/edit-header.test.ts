// SPDX-License-Identifier: Apache-2.0
/** Proves: each edit does what it says to the field it means, and every other octet of the header stays. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { announceSeed } from '../../test/fuzz/seed.ts'
import type { FilterEdit } from '../envelope/filtered.ts'
import { editHeader } from './edit-header.ts'

const HEADER = 'A: 1\r\n  more\r\nb: 2\r\njunk line\r\nA: 3\r\n'
const edited = (...edits: readonly FilterEdit[]): string => editHeader(Buffer.from(HEADER), edits).toString()

for (const { name, edits, want } of [
  { name: 'none', edits: [], want: HEADER },
  { name: 'on top', edits: [{ edit: 'prepend', field: 'N: x\r\n' }], want: `N: x\r\n${HEADER}` },
  { name: 'at the end', edits: [{ edit: 'append', field: 'N: x\r\n' }], want: `${HEADER}N: x\r\n` },
  {
    name: 'the first of a name, folded',
    edits: [{ edit: 'delete', name: 'a', occurrence: 1 }],
    want: 'b: 2\r\njunk line\r\nA: 3\r\n',
  },
  {
    name: 'the second of a name',
    edits: [{ edit: 'delete', name: 'a', occurrence: 2 }],
    want: 'A: 1\r\n  more\r\nb: 2\r\njunk line\r\n',
  },
  { name: 'one that is not there', edits: [{ edit: 'delete', name: 'a', occurrence: 3 }], want: HEADER },
  {
    name: 'as they stand when the edit comes',
    edits: [
      { edit: 'prepend', field: 'A: 0\r\n' },
      { edit: 'delete', name: 'a', occurrence: 2 },
    ],
    want: 'A: 0\r\nb: 2\r\njunk line\r\nA: 3\r\n',
  },
] as const)
  test(`edits: ${name}`, () => assert.equal(edited(...edits), want))

test('what is not edited stays, whatever it is', () => {
  const any = fc.array(fc.constantFrom('A: 1\r\n', ' fold\r\n', 'junk\n', 'b:\r\n', '\t\r\n', 'é: x\r\n', 'C : 2\n'), {
    maxLength: 9,
  })
  fc.assert(
    fc.property(any, (lines) => {
      const header = Buffer.from(lines.join(''))
      const field = 'New: 1\r\n'
      const twice = editHeader(header, [
        { edit: 'prepend', field },
        { edit: 'delete', name: 'new', occurrence: 1 },
      ])
      assert.equal(twice.toString(), header.toString())
    }),
    { seed: announceSeed('edit-header') },
  )
})
