// SPDX-License-Identifier: Apache-2.0
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the language writes ${…} for its own purposes
/** Proves: the steps of a result tell what happened: rows, pieces, look-ups with what they found, failures with their place. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { load, runIn } from './tables.fixture.ts'

const TEXT = `INSIDE

  10.*   $Y
  *      $N

T

  TCP|$@*|*   $C$|INSIDE;$0| \\
              $Yinside$E
  *|*         $R$0
  TCP         $A$]data:,x[$:B
`
const mappings = load(TEXT)

test('a table within a table, that says no', () => {
  const result = runIn(mappings, 'T', 'TCP|a|192.0.2.1')
  const [first, second, third, ...more] = result.steps
  assert.ok(first?.step === 'row' && second?.step === 'row' && third?.step === 'restart')
  assert.equal(more.length, 3)

  assert.deepEqual(
    { ...first.row, name: '' },
    { table: 'T', name: '', file: 'mappings', line: 8, column: 3, text: '  TCP|$@*|*   $C$|INSIDE;$0| \\' },
  )
  assert.equal(first.probe, 'TCP|a|192.0.2.1')
  assert.deepEqual(first.pieces, [
    { pattern: 'TCP|', from: 0, text: 'TCP|' },
    { pattern: '$@*', from: 4, text: 'a' },
    { pattern: '|', from: 7, text: '|' },
    { pattern: '*', from: 8, text: '192.0.2.1', field: 0 },
  ])
  const [lookup] = first.lookups
  assert.deepEqual([lookup?.lookup, lookup?.written, lookup?.asked], ['table', '$|INSIDE;$0|', 'INSIDE;192.0.2.1'])
  assert.equal(lookup?.failed, 'its result has no flag Y')
  assert.ok(lookup?.within?.kind === 'answered' && lookup.within.row?.line === 4 && lookup.within.flags === 'N')
  assert.deepEqual(first.failure, {
    written: '$|INSIDE;$0|',
    why: 'its result has no flag Y',
    line: 8,
    column: 17,
  })
  assert.deepEqual([first.next, first.output, first.flags], ['C', undefined, undefined])

  assert.deepEqual([second.next, second.output, second.flags], ['R', 'TCP|a', ''])
  assert.deepEqual(third, { step: 'restart', by: 'R', probe: 'TCP|a', refused: false })
})

test('a row that fails and ends the table', () => {
  const result = runIn(mappings, 'T', 'TCP', {}, { input: 'zA' })
  assert.ok(result.kind === 'answered')
  const { matched, failed, output, flags, input, row, steps } = result
  assert.deepEqual([matched, failed, output, flags, input, row?.line], [true, true, 'TCP', '', 'AZ', 11])
  const [step] = steps
  assert.ok(step?.step === 'row')
  assert.deepEqual(step.lookups, [
    { lookup: 'url', written: '$]data:,x[', asked: 'data:,x', found: 'x' },
    { lookup: 'if-flag', written: '$:B', asked: 'B', failed: 'input flag B is clear' },
  ])
  assert.deepEqual(step.failure, { written: '$:B', why: 'input flag B is clear', line: 11, column: 27 })
})

test('a result is plain data', () => {
  const result = runIn(mappings, 'T', 'TCP|a|10.1.2.3')
  assert.deepEqual(JSON.parse(JSON.stringify(result)), result)
  assert.ok(result.kind === 'answered' && result.output === 'inside')
})

test('a failure in a text that was expanded again is placed where the template asked for it', () => {
  const general = load('T\n\n  *  ab$Y${k}\n')
  const result = runIn(general, 'T', 'x', { 'mapping.general': () => ({ kind: 'found', value: 'long long text $:A' }) })
  const [step] = result.steps
  assert.ok(step?.step === 'row')
  assert.deepEqual(step.failure, { written: '${k}', why: 'input flag A is clear', line: 3, column: 10 })
})
