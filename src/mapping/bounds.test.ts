// SPDX-License-Identifier: Apache-2.0
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the language writes ${…} for its own purposes
/** Proves: no row, probe or look-up makes an operation take more than its bounds; over them the answer is `deferred`. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RunOptions } from './run.ts'
import { load, runIn, tableText, verdict, type World } from './tables.fixture.ts'

const run = (rows: readonly string[], probe: string, world: World = {}, options: RunOptions = {}) =>
  runIn(load(tableText('T', rows)), 'T', probe, world, options)

for (const { name, pattern, probe } of [
  { name: 'stars and letters', pattern: `${'*a'.repeat(60)}b`, probe: 'a'.repeat(2000) },
  { name: 'lazy stars', pattern: `${'$_*a'.repeat(40)}b`, probe: 'a'.repeat(2000) },
  { name: 'overlapping classes', pattern: `${'$A*$X*$S*'.repeat(20)}!`, probe: 'a'.repeat(2000) },
  { name: 'single characters', pattern: `${'*%'.repeat(60)}b`, probe: 'a'.repeat(2000) },
  { name: 'addresses', pattern: '*$(10.0.0.0/8)*$(10.0.0.0/8)*x', probe: '10.1.2.3|'.repeat(200) },
  { name: 'long runs of address characters', pattern: '*$(10.0.0.0/8)*x', probe: '1.'.repeat(2000) },
])
  test(`linear in pattern and probe: ${name}`, () => {
    const result = run([`${pattern} $Y`], probe)
    assert.equal(verdict(result).state, 'NOMATCH')
    const elements = pattern.length + 1
    assert.ok(result.work <= elements * (probe.length + 1) + 4 * probe.length, String(result.work))
  })

test('back matches within the budget are answered', () => {
  const result = run(['*|*|$0*|$1* $Y$0'], `${'a'.repeat(50)}|b|${'a'.repeat(50)}|b`)
  assert.deepEqual(verdict(result), { state: 'ok', output: 'a'.repeat(50), flags: 'Y' })
})

test('back matches over the budget are deferred, and stay within it', () => {
  const result = run([`${'*'.repeat(8)}$0*$1*$2*$3*!$0* $Y`], `${'ab'.repeat(150)}!`)
  assert.match(verdict(result).state, /^DEFER more than 100000 steps for a back match/)
  assert.ok(result.work < 130_000, String(result.work))
})

test('all rows together have a budget of steps', () => {
  const rows = Array.from({ length: 100 }, () => `${'*a'.repeat(50)}b$D* $Y`)
  const result = run(rows, `${'a'.repeat(1000)}b-`, {}, { limits: { steps: 1_000_000 } })
  assert.match(verdict(result).state, /^DEFER more than 1000000 steps/)
  assert.ok(result.work < 1_300_000)
})

for (const { name, rows, probe, world, options, cause } of [
  { name: 'a long probe', rows: ['* $Y'], probe: 'x'.repeat(8193), cause: 'a probe of more than 8192 characters' },
  {
    name: 'output that doubles',
    rows: ['* $0$0$0$0$R'],
    probe: 'x'.repeat(100),
    cause: 'an output of more than 16384 characters',
  },
  {
    name: 'a row of long fields',
    rows: [`* ${'$0'.repeat(10)}`],
    probe: 'x'.repeat(8000),
    cause: 'an output of more than 16384 characters',
  },
  {
    name: 'a long answer',
    rows: ['* $Y$]file:///x['],
    probe: 'x',
    world: { 'mapping.url': () => ({ kind: 'found', value: 'x'.repeat(20_000) }) },
    cause: 'an output of more than 16384 characters',
  },
  {
    name: 'strings that grow and shrink for ever',
    rows: ['a bb$R', 'bb a$R'],
    probe: 'a',
    cause: 'more than 5000 matching rows',
  },
  {
    name: 'too many look-ups in one row',
    rows: [`* ${'$]data:,a['.repeat(101)}`],
    probe: 'x',
    cause: 'more than 100 look-ups',
  },
  {
    name: 'a table that calls itself twice',
    rows: ['* $C$|T;$0|', '* $C$|T;$0|'],
    probe: 'x',
    cause: 'more than 100 look-ups',
  },
  {
    name: 'a bound of the caller',
    rows: ['* $Y$0'],
    probe: 'xxx',
    options: { limits: { probe: 2 } },
    cause: 'a probe of more than 2 characters',
  },
] as readonly { name: string; rows: string[]; probe: string; world?: World; options?: RunOptions; cause: string }[])
  test(`deferred: ${name}`, () => {
    const result = run(rows, probe, world, options)
    assert.deepEqual(verdict(result), { state: `DEFER ${cause}`, output: '', flags: '' })
  })

test('spec 4.9: tables go ten deep, the eleventh fails', () => {
  const chain = (deep: number): string =>
    Array.from({ length: deep + 1 }, (_, n) =>
      tableText(n === 0 ? 'T' : `T${n}`, [n === deep ? '* $Yend' : `* $Y$|T${n + 1};$0|`]),
    ).join('')
  assert.equal(verdict(runIn(load(chain(10)), 'T', 'x')).output, 'end')
  assert.equal(verdict(runIn(load(chain(11)), 'T', 'x')).state, 'FAIL')
})

test('a general text that names itself fails', () => {
  const world: World = { 'mapping.general': () => ({ kind: 'found', value: '$Y${again}' }) }
  assert.deepEqual(verdict(run(['* $Y${again}'], 'x', world)), { state: 'FAIL', output: 'x', flags: '' })
})

test('the trace is bounded, and says so', () => {
  const result = run(
    Array.from({ length: 300 }, () => '* $0$C'),
    'x',
  )
  assert.equal(result.steps.length, 200)
  assert.equal(result.stepsDropped, 100)
})
