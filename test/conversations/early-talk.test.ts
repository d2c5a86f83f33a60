// SPDX-License-Identifier: Apache-2.0
/** Clients that speak before the greeting (RFC 5321 §4.3.1), and clients that are kept waiting for it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../src/clock/clock.ts'
import { NO_COUNTS, type SessionContext, type StageResult } from '../../src/policy/stage.ts'
import { earlyTalk } from '../../src/policy/stages/early-talk.ts'
import { Peer } from './peer.ts'
import { makeRevision, startFixture } from './server-fixture.ts'
import { alive, codes, ENVELOPE, send, until } from './talk.ts'

const DELAY = '[{ clients: [127.0.0.1], wait: 5s, earlyTalkers: refuse }, { clients: [127.0.0.0/8], wait: 1s }]'

/** The stage with an answer, and what it asked. */
function judge(octets: number, address: string, service: SessionContext['service'] = 'smtp') {
  const revision = makeRevision([['limits.greetingDelay', DELAY]], service)
  const context = {
    session: 's' as SessionContext['session'],
    revision,
    listener: 'test',
    service,
    client: { address, port: 1 },
    server: { address: '127.0.0.1', port: 25 },
    source: 'tcp_local' as SessionContext['source'],
    initial: 'tcp_local' as SessionContext['initial'],
    counts: NO_COUNTS,
    esmtp: false,
  }
  assert.ok(earlyTalk.run !== undefined)
  const run = earlyTalk.run(context)
  const first = run.next()
  if (first.done === true) return { asked: undefined, result: first.value }
  const last = run.next({ octets })
  assert.ok(last.done === true)
  const result: StageResult<SessionContext> = last.value
  return { asked: first.value, result }
}

for (const { address, octets, service, asked, verdict, by } of [
  { address: '192.0.2.1', octets: 0, asked: 0, verdict: 'pass', by: 'limits.greetingDelay' },
  { address: '192.0.2.1', octets: 9, asked: 0, verdict: 'pass', by: 'limits.greetingDelay' },
  { address: '127.0.0.1', octets: 0, asked: 5000, verdict: 'pass', by: 'limits.greetingDelay.0' },
  { address: '127.0.0.1', octets: 9, asked: 5000, verdict: 'refuse', by: 'limits.greetingDelay.0' },
  { address: '127.0.0.2', octets: 9, asked: 1000, verdict: 'pass', by: 'limits.greetingDelay.1' },
  {
    address: '127.0.0.1',
    octets: 9,
    service: 'submissions',
    asked: undefined,
    verdict: 'pass',
    by: 'limits.greetingDelay.0',
  },
] as const)
  test(`${address}, ${octets} octets early, ${service ?? 'smtp'}: ${verdict}, decided by ${by}`, () => {
    const got = judge(octets, address, service)
    assert.deepEqual(got.asked, asked === undefined ? undefined : { ask: 'client.early', waitMs: asked })
    assert.equal(got.result.verdict.do, verdict)
    assert.deepEqual(got.result.by, { by: 'default', setting: by, value: '' })
    const known = verdict === 'pass' && octets > 0 && service === undefined ? octets : undefined
    assert.equal(got.result.context?.earlyOctets, known)
  })

test('an early talker is counted, told in its traces, and served', async () => {
  const clock = new ManualClock()
  await using fixture = await startFixture({ config: [['limits.greetingDelay', DELAY]], deps: { clock } })
  await using peer = await Peer.connect(fixture.port, { from: '127.0.0.2' })
  await send(peer, `${ENVELOPE}DATA\r\n`)
  assert.deepEqual(await codes(peer, 5), ['220', '250', '250 2.1.0', '250 2.1.5', '354'])
  await send(peer, 'x\r\n.\r\n')
  assert.deepEqual(await codes(peer, 1), ['250 2.0.0'])
  assert.equal(fixture.counts.get('postern_smtp_early_talkers_total'), 1)
  const step = fixture.traces()[0]?.steps.find(({ stage }) => stage === 'early talk')
  assert.match(step?.note ?? '', /octets before the greeting/)
})

test('where the setting says so an early talker hears 554 and nothing else', async () => {
  const clock = new ManualClock()
  await using fixture = await startFixture({ config: [['limits.greetingDelay', DELAY]], deps: { clock } })
  await using peer = await Peer.connect(fixture.port)
  await send(peer, ENVELOPE)
  assert.deepEqual(await codes(peer, 1), ['554 5.5.1'])
  assert.equal(await peer.rest(), '')
  assert.deepEqual(
    fixture.traces().map(({ outcome }) => outcome),
    ['refused'],
  )
})

test('a patient client waits as long as the setting says, and others are not kept', async () => {
  const clock = new ManualClock()
  await using fixture = await startFixture({
    config: [['limits.greetingDelay', '[{ clients: [127.0.0.1], wait: 5s, earlyTalkers: refuse }]']],
    deps: { clock },
  })
  await using patient = await Peer.connect(fixture.port)
  await using other = await Peer.connect(fixture.port, { from: '127.0.0.2' })
  assert.deepEqual(await codes(other, 1), ['220'])
  let greeted: number | undefined
  const greeting = codes(patient, 1).then((said) => {
    greeted = clock.monotonic()
    return said
  })
  await until(() => {
    if (greeted === undefined) clock.advance(100)
    return greeted !== undefined
  }, 'no greeting')
  assert.deepEqual(await greeting, ['220'])
  assert.ok(greeted !== undefined && greeted >= 5000, `${greeted} ms`)
  await send(patient, ENVELOPE)
  assert.deepEqual(await codes(patient, 3), ['250', '250 2.1.0', '250 2.1.5'])
  assert.equal(fixture.counts.get('postern_smtp_early_talkers_total'), undefined)
})

test('a client that is kept waiting may hang up, and a stop ends the wait', async () => {
  const clock = new ManualClock()
  const fixture = await startFixture({ config: [['limits.greetingDelay', DELAY]], deps: { clock } })
  const gone = await Peer.connect(fixture.port)
  await until(() => fixture.server.connections() === 1, 'no session')
  await gone[Symbol.asyncDispose]()
  await until(() => fixture.server.connections() === 0, 'the session stays')
  await using peer = await Peer.connect(fixture.port)
  await until(() => fixture.server.connections() === 1, 'no session')
  const stopped = fixture.server.stop(5000)
  assert.deepEqual(await codes(peer, 2), ['220', '421 4.3.2'])
  await peer.rest()
  await stopped
  assert.equal(fixture.faults(), 0)
})

test('without the setting nobody waits', async () => {
  await using fixture = await startFixture({ deps: { clock: new ManualClock() } })
  await alive(fixture)
})
