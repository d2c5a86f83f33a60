// SPDX-License-Identifier: Apache-2.0
/** What one trace keeps: equal steps folded, a bound that holds, what was cut said, a session's beginning inherited. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Fact } from '../ask/ask.ts'
import type { DecidedBy } from '../ask/decided-by.ts'
import type { MessageId, SessionId } from '../envelope/message-id.ts'
import type { Finding } from './saying.ts'
import { MAX_TRACE_BYTES, TraceBuilder, type TraceStart } from './trace-builder.ts'
import { weigh } from './trace-weight.ts'

const START: TraceStart = {
  id: 'm' as MessageId,
  session: 's' as SessionId,
  at: 0,
  revision: '0123456789ab',
  listener: 'in',
  client: { address: '192.0.2.1', port: 1 },
  server: { address: '192.0.2.2', port: 25 },
  source: 'tcp_local',
}
const builder = (elapsed = () => 0): TraceBuilder => new TraceBuilder(START, elapsed)
const rule = (name: string): DecidedBy => ({ by: 'built-in', rule: name })
const step = (over: Partial<Finding> = {}): Finding => ({
  at: 'rcpt',
  stage: 'routing',
  result: 'pass',
  by: rule('r'),
  ...over,
})

test('steps that differ in their recipient alone are one', () => {
  const trace = builder()
  for (const recipient of ['a@x', 'b@x', 'a@x']) trace.step(step(), recipient)
  trace.step(step({ note: 'another' }), 'c@x')
  trace.step(step({ by: rule('s') }), 'd@x')
  const { steps } = trace.finish('queued')
  assert.deepEqual(
    steps.map(({ recipients }) => recipients),
    [['a@x', 'b@x', 'a@x'], ['c@x'], ['d@x']],
  )
})

test('steps without recipients are never folded, and know their time', () => {
  let now = 0
  const trace = builder(() => now)
  trace.step(step())
  now = 7.4
  trace.step(step())
  const { steps } = trace.finish('queued')
  assert.deepEqual(
    steps.map(({ ms }) => ms),
    [0, 7],
  )
  assert.ok(steps.every((one) => !('recipients' in one)))
})

test('a trace is bounded, and says what was cut', () => {
  const trace = builder()
  for (let i = 0; i < 2000; i++) {
    trace.step(step({ note: `note ${i}` }), `${i}@example.org`)
    trace.fact({ question: { ask: 'now' }, answer: 'x'.repeat(100) })
    trace.recipient({ given: `${i}@example.org`, result: 'accepted', reply: '250 ok' })
  }
  const made = trace.finish('queued')
  assert.ok(JSON.stringify(made).length < MAX_TRACE_BYTES)
  const { steps = 0, facts = 0 } = made.cut ?? {}
  assert.equal(steps + facts + made.steps.length + made.facts.length + made.recipients.length, 6000)
})

test('what a session began with is inherited, within the same bound', () => {
  const connection = builder()
  connection.step(step({ at: 'connect' }))
  connection.fact({ question: { ask: 'now' }, answer: 1 })
  const trace = builder()
  trace.inherit(connection)
  trace.step(step())
  assert.deepEqual(
    trace.finish('queued').steps.map(({ at }) => at),
    ['connect', 'rcpt'],
  )
  assert.equal(connection.finish('refused').steps.length, 1)

  const large: Fact = { question: { ask: 'now' }, answer: 'x'.repeat(50_000) }
  const long = builder()
  long.fact(large)
  const full = builder()
  full.fact(large)
  full.inherit(long)
  assert.deepEqual(full.finish('queued').cut, { steps: 0, facts: 1 })
})

test('a weight is at least the length of the JSON, escapes aside', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4, stringUnit: fc.constantFrom('a', 'b', ' ') }), (value) => {
      // Numbers are counted at a usual length; the longest have 25 characters.
      assert.ok(2.2 * weigh(value) >= (JSON.stringify(value) ?? '').length)
    }),
  )
})
