// SPDX-License-Identifier: Apache-2.0
/**
 * Lines of the history, as they may stand in a file after a bad disk or a careless editor. Properties:
 * - a line is a record or none; what is taken for a record can be summed up, searched, explained and shown;
 * - what is shown has no control character but the line feed;
 * - a record, written again, is read the same.
 */
import assert from 'node:assert/strict'
import { traceLine } from '../../../src/cli/trace-line.ts'
import { decidedBy } from '../../../src/history/decided-by.ts'
import { parseRecord } from '../../../src/history/lines.ts'
import { fits, rowOf } from '../../../src/history/query.ts'
import { birth, delivery, flood, RELAY_LINE, step, trace } from '../../../src/history/records.fixture.ts'
import { renderLadder } from '../../../src/history/render.ts'
import { summarise } from '../../../src/history/summary.ts'
import type { Rule } from '../grammar.ts'
import type { Random } from '../random.ts'
import type { Target } from '../target.ts'

const base = trace({
  login: 'kim',
  tls: 'TLSv1.3 x',
  steps: [step({ by: RELAY_LINE, result: 'refuse', recipients: ['a@b'] })],
})
const RECORDS: readonly unknown[] = [
  base,
  trace({ facts: [{ question: { ask: 'dns', name: 'a.example', type: 'A' }, answer: { kind: 'absent' } }] }),
  delivery({ id: trace().id as Parameters<typeof delivery>[0]['id'] }),
  birth({ about: trace().id as Parameters<typeof birth>[0]['about'] }),
  flood(),
]
const ODD: readonly unknown[] = [
  null,
  0,
  -1,
  1e300,
  '',
  'x',
  '\u001b[1m',
  '\ud800',
  [],
  {},
  [[]],
  true,
  { by: 'config' },
]

/** A record with one to three of its values replaced or left out, however deep. */
const spoilt: Rule = (random) => {
  let record: unknown = structuredClone(random.pick(RECORDS))
  for (let left = random.below(4); left > 0; left--) record = spoil(record, random)
  return Buffer.from(JSON.stringify(record)).toString('latin1')
}

function spoil(value: unknown, random: Random): unknown {
  if (typeof value !== 'object' || value === null) return random.pick(ODD)
  if (random.chance(0.1)) return random.pick(ODD)
  if (Array.isArray(value)) {
    const copy: unknown[] = [...value]
    const at = random.below(copy.length + 1)
    copy[at] = spoil(copy[at], random)
    return copy
  }
  const entries = Object.entries(value)
  if (entries.length === 0) return random.pick(ODD)
  const at = random.below(entries.length)
  const gone = random.chance(0.2)
  return Object.fromEntries(
    entries.flatMap(([key, inner], i) => (i !== at ? [[key, inner]] : gone ? [] : [[key, spoil(inner, random)]])),
  )
}

export const traces: Target = {
  name: 'traces',
  grammar: spoilt,
  dictionary: ['null', '[]', '{}', '""', '0', '"by":', '"recipients":', '"steps":', '"__proto__":', '\xff', ','],
  seeds: RECORDS.map((record) => Buffer.from(JSON.stringify(record))),
  shortRuns: 1500,
  check(input) {
    const record = parseRecord(input)
    if (record === undefined) return
    const { id, recipients } = summarise(record)
    const row = rowOf(id, [record])
    if (row !== undefined) fits(row, { text: 'x', from: '@example.org', to: 'kim', outcome: 'queued' })
    for (const { address } of recipients) decidedBy([record], address)
    decidedBy([record])
    // With colours nothing may be thrown either.
    renderLadder([record], { color: true })
    traceLine(record, true)
    for (const shown of [renderLadder([record], { color: false }), traceLine(record, false)])
      assert.doesNotMatch(shown, /[\u0000-\u0009\u000b-\u001f\u007f]/, 'a control character is shown')
    const written = JSON.stringify(record)
    assert.equal(JSON.stringify(parseRecord(Buffer.from(written))), written, 'a record read again')
  },
}
