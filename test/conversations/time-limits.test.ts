// SPDX-License-Identifier: Apache-2.0
/**
 * Limits on time and on what comes without end, RFC 5321 §4.5.3.2, by a clock that the tests turn: nobody waits, and
 * nothing here depends on how fast the machine is.
 */
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { ManualClock } from '../../src/clock/clock.ts'
import type { Draft } from '../../src/queue/store.ts'
import { Peer } from './peer.ts'
import { type Fixture, startFixture } from './server-fixture.ts'
import { alive, codes, ENVELOPE, send, until } from './talk.ts'

const MINUTE = 60_000

/** A draft that tells how many octets have come to it. */
const counted = (draft: Draft, wrote: (octets: number) => void): Draft => ({
  write: async (chunk) => {
    await draft.write(chunk)
    wrote(chunk.length)
  },
  beginning: (most) => draft.beginning(most),
  commit: (envelope) => draft.commit(envelope),
  abort: () => draft.abort(),
  [Symbol.asyncDispose]: () => draft[Symbol.asyncDispose](),
})

test('a command has commandTimeout to come whole, however it dribbles in (RFC 5321 §4.5.3.2.7)', async () => {
  const clock = new ManualClock()
  await using fixture = await startFixture({ deps: { clock } })
  await using peer = await Peer.connect(fixture.port)
  await codes(peer, 1)
  // Whole commands, each just in time, go on for ever.
  for (let i = 0; i < 3; i++) {
    clock.advance(4.9 * MINUTE)
    await send(peer, 'NOOP\r\n')
    assert.deepEqual(await codes(peer, 1), ['250 2.0.0'])
  }
  for (const octet of 'NOO') {
    await send(peer, octet)
    clock.advance(1.5 * MINUTE)
  }
  await send(peer, 'P')
  clock.advance(0.6 * MINUTE)
  assert.deepEqual(await codes(peer, 1), ['421 4.4.2'])
  assert.equal(await peer.rest(), '')
})

/** A session after 354, and how many octets of content have come to the draft. */
async function inData(clock: ManualClock): Promise<{ fixture: Fixture; peer: Peer; came: () => number }> {
  let octets = 0
  const fixture = await startFixture({
    deps: { clock },
    begin: (store) =>
      counted(store.begin(), (more) => {
        octets += more
      }),
  })
  const peer = await Peer.connect(fixture.port)
  await send(peer, `${ENVELOPE}DATA\r\n`)
  await codes(peer, 5)
  return { fixture, peer, came: () => octets }
}

test('content slower than 1000 octets a second over a dataTimeout is a stalled client', async () => {
  const clock = new ManualClock()
  const { fixture, peer, came } = await inData(clock)
  await using _ = fixture
  await using __ = peer
  // 100 octets each ten seconds: an octet buys a millisecond, so that dataTimeout of 3 minutes is over soon.
  let sent = 0
  for (let second = 0; second < 180; second += 10) {
    await send(peer, 'x'.repeat(100))
    sent += 100
    await until(() => came() === sent, 'the content does not come')
    clock.advance(10_000)
  }
  clock.advance(2000)
  assert.deepEqual(await codes(peer, 1), ['421 4.4.2'])
  assert.equal(await peer.rest(), '')
  assert.equal((await fixture.queued()).length, 0)
  assert.equal(fixture.traces().at(-1)?.steps.at(-1)?.stage, 'limit dataTimeout')
})

test('content of 1000 octets a second goes on for ever', async () => {
  const clock = new ManualClock()
  const { fixture, peer, came } = await inData(clock)
  await using _ = fixture
  await using __ = peer
  let sent = 0
  for (let second = 0; second < 600; second += 60) {
    await send(peer, `${'x'.repeat(59_998)}\r\n`)
    sent += 60_000
    await until(() => came() === sent, 'the content does not come')
    clock.advance(60_000)
  }
  await send(peer, '.\r\n')
  assert.deepEqual(await codes(peer, 1), ['250 2.0.0'])
})

for (const { name, octets } of [
  { name: 'DATA', octets: 'DATA\r\n' },
  { name: 'BDAT', octets: 'BDAT 17000000 LAST\r\n' },
])
  test(`content far beyond the limit is not read to its end, by ${name}: 552 and close`, async () => {
    await using fixture = await startFixture({ config: [['limits.messageSize', '1000']] })
    await using peer = await Peer.connect(fixture.port)
    await send(peer, `${ENVELOPE}${octets}`)
    await codes(peer, 4)
    if (name === 'DATA') await codes(peer, 1)
    // 16 MiB are read though four times the limit is less (quirks).
    const block = Buffer.alloc(1024 * 1024, `${'x'.repeat(1022)}\r\n`)
    for (let i = 0; i < 17; i++) await peer.send(block)
    assert.deepEqual(await codes(peer, 1), ['552 5.3.4'])
    assert.equal(await peer.rest(), '')
    assert.equal((await fixture.queued()).length, 0)
    await alive(fixture)
  })

test('RCPT without end: 452 beyond the limit, then 421 beyond ten times the limit', async () => {
  await using fixture = await startFixture({ config: [['limits.recipients', '100']] })
  await using peer = await Peer.connect(fixture.port)
  await send(peer, `EHLO c\r\nMAIL FROM:<s@example.net>\r\n${'RCPT TO:<kim@example.org>\r\n'.repeat(1100)}`)
  const said = await codes(peer, 3 + 1001)
  const count = (code: string): number => said.filter((each) => each === code).length
  assert.deepEqual([count('250 2.1.5'), count('452 4.2.3'), said.at(-1)], [100, 900, '421 4.7.0'])
  assert.equal(await peer.rest(), '')
})

for (const [name, octets] of [
  ['between commands', 'EHLO c\r\n'],
  ['with replies on their way', 'HELP\r\n'.repeat(2000)],
  ['in content', `${ENVELOPE}DATA\r\nhalf`],
  ['after the dot', `${ENVELOPE}DATA\r\nx\r\n.\r\n`],
] as const)
  test(`a client that resets the connection ${name} harms nobody`, async () => {
    await using fixture = await startFixture()
    const socket = connect({ host: '127.0.0.1', port: fixture.port })
    socket.on('error', () => {})
    await new Promise((resolve) => socket.once('data', resolve))
    socket.write(octets)
    await new Promise((resolve) => socket.once('data', resolve))
    socket.resetAndDestroy()
    await until(() => fixture.server.connections() === 0, 'the session stays')
    assert.equal(fixture.faults(), 0)
    await alive(fixture)
  })
