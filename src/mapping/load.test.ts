// SPDX-License-Identifier: Apache-2.0
/** Proves: tables load in slices, rows keep their names while others come and go, places are those of the file. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeTable, includesOf, loadInSlices, loadMappings, type Mappings } from './index.ts'

const names = (mappings: Mappings, table: string): string[] => mappings.table(table)?.rows.map(({ name }) => name) ?? []
const load = (text: string): Mappings => loadMappings({ name: 'mappings', text }).mappings

test('a row keeps its name when rows around it change', () => {
  const before = names(load('T\n\n  a x\n  b y\n  c z\n'), 'T')
  const after = names(load('T\n\n  new n\n  c z\n  a \\\n  x\n'), 't')
  assert.equal(after[1], before[2])
  assert.equal(after[2], before[0])
  assert.match(before[0] ?? '', /^T#[0-9a-z]{9}$/)
  assert.equal(new Set([...before, ...after]).size, 4)
})

test('a row is found by its name', () => {
  const mappings = load('A#B\n\n  a x\n  b y\n')
  const [, second = ''] = names(mappings, 'A#B')
  assert.equal(mappings.row(second)?.line, 4)
  assert.equal(mappings.row('A#B#nothing'), undefined)
  assert.equal(mappings.row('x'), undefined)
})

test('rows written alike have different names', () => {
  const [first = '', second, third] = names(load('T\n\n  a x\n  a x\n  a x\n'), 'T')
  assert.deepEqual([second, third], [`${first}.2`, `${first}.3`])
})

test('tables are found by name in either case, and listed as in the file', () => {
  const mappings = load('Zeta\n\n  a b\n\nAlpha\n\n  a b\n')
  assert.equal(mappings.table('ALPHA')?.name, 'Alpha')
  assert.equal(mappings.table('beta'), undefined)
  assert.deepEqual(
    [...mappings.tables()].map(({ name, line }) => `${name}:${line}`),
    ['Zeta:1', 'Alpha:5'],
  )
})

test('a row knows the places of its characters', () => {
  const row = load('T\n\n  ab*  $Y \\\n   cd\n').table('T')?.rows[0]
  assert.ok(row !== undefined)
  assert.deepEqual(row.patternPlace(2), { file: 'mappings', line: 3, column: 5 })
  assert.deepEqual(row.templatePlace(1), { file: 'mappings', line: 3, column: 9 })
  assert.deepEqual(row.templatePlace(3), { file: 'mappings', line: 4, column: 5 })
  assert.equal(row.templateText, '$Ycd')
})

test('large files are read in slices', () => {
  const text = `T\n\n${Array.from({ length: 20_000 }, (_, n) => `  a${n}* $Y\n`).join('')}`
  const loading = loadInSlices({ name: 'mappings', text })
  let slices = 1
  let step = loading.next()
  for (; step.done !== true; step = loading.next()) slices++
  assert.ok(slices > 150, String(slices))
  const table = step.value.mappings.table('T')
  assert.ok(table !== undefined)
  assert.equal(describeTable(table).rows, 20_000)
})

test('includes can be listed before', () => {
  assert.deepEqual(includesOf('T\n\n<a\n< /b/c \n<\n!<d\n  <e f\n'), ['a', '/b/c'])
})
