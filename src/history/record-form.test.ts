// SPDX-License-Identifier: Apache-2.0
/** Proves: what our writer makes is a record, and a line that lost or changed a value readers rely on is none. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Domain } from '../address/address.ts'
import type { DecidedBy } from '../ask/decided-by.ts'
import { load, runIn } from '../mapping/tables.fixture.ts'
import { Usual } from '../policy/saying.ts'
import { TraceBuilder } from '../policy/trace-builder.ts'
import { parseRecord, parseWithoutSteps } from './lines.ts'
import { recordLine } from './record-text.ts'
import { birth, delivery, flood, RELAY_LINE, step, trace } from './records.fixture.ts'
import { renderLadder } from './render.ts'
import { summarise } from './summary.ts'

const { id } = birth({ about: trace().id as Parameters<typeof birth>[0]['about'] })
const RECORDS = [
  trace({ steps: [step({ by: RELAY_LINE, recipients: ['a@b'], note: 'n', reply: '550 x' })] }),
  delivery({ id }),
  birth({ about: id }),
  flood(),
]
const read = (value: unknown) => parseRecord(Buffer.from(JSON.stringify(value)))

test('what was written is read', () => {
  for (const record of RECORDS) assert.deepEqual(read(record), record)
})

const at = { file: 'mappings', line: 3, column: 3, text: '  * $N' }
const BY: { readonly [K in DecidedBy['by']]: Extract<DecidedBy, { readonly by: K }> } = {
  config: { by: 'config', setting: 'a.b', at },
  default: { by: 'default', setting: 'a.b', value: '1' },
  directory: { by: 'directory', entry: 'user kim@example.org', at },
  table: { by: 'table', table: 'SEND_ACCESS', row: 'SEND_ACCESS#1', at },
  protocol: { by: 'protocol', rule: 'RFC 5321 §4.1.1.3' },
  'built-in': { by: 'built-in', rule: 'relay guard' },
  filter: { by: 'filter', level: 'MTA', script: 'filters/mta.sieve', line: 3, text: 'discard;', at },
  remote: { by: 'remote', host: 'mx.partner.test', reply: '550 no' },
  operator: { by: 'operator', command: 'queue bounce' },
}

test('a step may be decided by anything that decides', () => {
  const record = trace({ steps: Object.values(BY).map((by) => step({ by })) })
  assert.deepEqual(read(record), record)
})

test('a line is the record, in ASCII, whether its steps were written before or not', () => {
  const steps = Object.values(BY).flatMap((by) => [
    step({ by }),
    step({ by, at: 'mail', result: 'change', stage: 'routing' }),
    step({
      by,
      stage: 'other',
      result: 'refuse',
      recipients: ['kürbis@example.org'],
      note: 'a → b',
      reply: '550 5.7.1 "no"',
    }),
    step({ by, filtersDropped: 2, filters: [{ level: 'MTA', script: 'm', recipients: ['a@b'], effect: 'passes' }] }),
  ])
  const whole = trace({
    steps,
    facts: [{ question: { ask: 'now' }, answer: '😀\u2028\ud800' }],
    cut: { steps: 1, facts: 2 },
  })
  for (const record of [whole, trace({ steps: [], helo: 'mäil' }), ...RECORDS, whole]) {
    const line = recordLine(record)
    assert.equal(line.indexOf('\n'), line.length - 1)
    const bytes = Buffer.from(line)
    assert.ok(bytes.every((octet) => octet < 0x80))
    assert.deepEqual(JSON.parse(line), JSON.parse(JSON.stringify(record)))
    const short = parseWithoutSteps(bytes.subarray(0, -1))
    assert.deepEqual(short && summarise(short), summarise(record))
  }
})

test('a table that was asked is read with all it said', () => {
  const mappings = load('T\n\n  *,%  $C$1,$0$|IN;$0|\n  *    $Y$;Xok\n\nIN\n\n  a* $Y$0\n')
  const asked = runIn(mappings, 'T', 'ab,c', {}, { input: 'E' })
  assert.ok(asked.kind === 'answered' && asked.steps.length === 2)
  const { table, probe, input, matched, output, flags, steps } = asked
  const record = trace({
    steps: [step({ by: BY.table, tables: [{ table, probe, input, matched, output, flags, steps }] })],
  })
  assert.deepEqual(read(record), record)
})

test('what the index wants to know is read without steps and facts, whatever a stranger wrote', () => {
  const hostile = trace({
    subject: ',"steps":[{"x":"]}',
    helo: '\\","steps":[',
    from: '"}],"steps":[]"@x.test',
    steps: [step({ note: ',"steps":[' })],
    facts: [{ question: { ask: 'now' }, answer: 1 }],
  })
  for (const record of [...RECORDS, hostile]) {
    const short = parseWithoutSteps(Buffer.from(JSON.stringify(record)))
    assert.ok(short !== undefined)
    assert.deepEqual(summarise(short), summarise(record))
  }
  assert.equal(parseWithoutSteps(Buffer.from(JSON.stringify(hostile).slice(0, -1))), undefined)
})

for (const [what, record] of Object.entries({
  'a delivery without its details': { ...delivery({ id }), recipients: [{ address: 'a@b', result: 'failed' }] },
  'a delivery decided by nobody': { ...delivery({ id }), by: { by: 'constructor' } },
  'a sum decided by a place without a line': { ...flood(), by: { by: 'config', setting: 'x', at: { file: 'f' } } },
  'a sum decided by a default that has a place': { ...flood(), by: { by: 'default', setting: 'x', value: '', at: 3 } },
  'a trace whose recipient became a text': {
    ...trace(),
    recipients: [{ given: 'a', result: 'accepted', reply: '250', becomes: 'a' }],
  },
  'a trace whose fact asks nothing': { ...trace(), facts: [{ question: null }] },
  'a table whose row has no line': {
    ...trace(),
    steps: [{ ...step(), tables: [{ table: 'T', probe: 'p', steps: [{ step: 'row', row: { table: 'T' } }] }] }],
  },
  'a step of another result': { ...trace(), steps: [{ ...step(), result: 'constructor' }] },
  'a record of no kind': { ...flood(), record: '__proto__' },
}))
  test(`${what} is no record`, () => assert.equal(read(record), undefined))

test('a result that is the name of a property of every object has no colour of its own', () => {
  const odd = delivery({ id, recipients: [{ address: 'a@b', result: 'constructor', detail: 'x' }] })
  assert.match(renderLadder([odd], { color: true }), /constructor/)
})

test('what a file calls channel or id cannot steer a terminal', () => {
  const odd = { ...delivery({ id }), id: '\u001b[2J', channel: '\u001b[1m', notice: '\u0007' }
  const record = read(odd)
  assert.ok(record !== undefined)
  assert.doesNotMatch(renderLadder([record], { color: false }), /[\u0000-\u0009\u000b-\u001f]/)
})

test('a trace is written as its builder knows it, and a changed one as it is now', () => {
  let now = 0
  const { session, at, revision, listener, client, server, source } = trace()
  const start = { id: session, session, at, revision, listener, client, server, source }
  const connection = new TraceBuilder(start, () => now)
  const usual = new Usual(BY.config, 'a → b')
  connection.step(usual.saying('connect', 'own networks', 'change'))
  connection.fact({ question: { ask: 'now' }, answer: 1 })
  const built = new TraceBuilder(start, () => now)
  built.inherit(connection)
  for (const recipient of ['a@b', 'kürbis@b']) {
    now += 1.6
    built.step(usual.saying('rcpt', 'routing', 'pass'), recipient)
    built.step({ at: 'rcpt', stage: 'other', result: 'refuse', by: BY.table, note: 'n', reply: '550 x' }, recipient)
    built.recipient({
      given: recipient,
      result: 'accepted',
      reply: '250 ok',
      becomes: [{ address: 'ö@x', channel: 'l' }],
    })
  }
  built.fact({ question: { ask: 'queue.commit' } })
  built.fact({ question: { ask: 'directory.domain', domain: 'x' as Domain }, answer: { kind: 'defer', cause: '"é"' } })
  built.fact({ question: { ask: 'directory.domain', domain: 'é.x' as Domain }, answer: { kind: 'absent' } })
  for (const client of [{}, { client: '"::1' }])
    built.fact({ question: { ask: 'pressure', ...client }, answer: { load: 'é' } })
  for (const crashes of [[], [{ at: 1 }]])
    built.fact({
      question: { ask: 'crashes', key: 'reception ü' },
      answer: { crashes, othersInHand: crashes.length > 0 },
    })
  built.fact({ question: { ask: 'wait', ms: 1 }, answer: undefined })
  built.set({ from: '', subject: 'grüße "x"\\', size: 7 })
  const finished = built.finish('queued')
  assert.deepEqual(
    finished.steps.map(({ stage, ms, recipients }) => ({ stage, ms, recipients })),
    [
      { stage: 'own networks', ms: 0, recipients: undefined },
      { stage: 'routing', ms: 2, recipients: ['a@b', 'kürbis@b'] },
      { stage: 'other', ms: 2, recipients: ['a@b', 'kürbis@b'] },
    ],
  )
  const changed = { ...finished, facts: [], steps: finished.steps.map((one) => ({ ...one, note: 'another' })) }
  for (const record of [finished, changed])
    assert.deepEqual(JSON.parse(recordLine(record)), JSON.parse(JSON.stringify(record)))
})
