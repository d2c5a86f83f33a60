// SPDX-License-Identifier: Apache-2.0
/**
 * Proves: a next hop that keeps every single limit and still never comes to an end is given up, whether it talks slowly,
 * takes content slowly, or takes none; and the limits are those of RFC 5321 §4.5.3.2.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { honest, type Script, saying, startScriptedServer } from '../../test/peers/scripted-server.ts'
import { CONTENT, configOf, delivery, deps } from '../channels/fixture.ts'
import { createLmtp } from '../channels/lmtp.ts'
import { createTcp } from '../channels/tcp.ts'
import { ManualClock } from '../clock/clock.ts'
import type { Delivery } from '../envelope/delivery.ts'
import type { Outcome } from '../envelope/outcome.ts'
import { attemptMs } from './deadline.ts'
import { TIMEOUTS } from './timeouts.ts'

const signal = AbortSignal.timeout(60_000)
const MINUTE = 60_000
const oneByOne = saying({ EHLO: '250 scripted\r\n', LHLO: '250 scripted\r\n' })

async function deliverTo(
  server: { readonly port: number },
  clock: ManualClock,
  given: Delivery,
  { kind = 'tcp', ...settings }: { readonly kind?: string; readonly connectTimeout?: string } = {},
) {
  const host = `127.0.0.1:${server.port}`
  await using channel =
    kind === 'lmtp'
      ? createLmtp(configOf('lmtp', { host, ...settings }), deps({ clock }))
      : createTcp(configOf('tcp', { smarthost: host, tls: 'never', ...settings }), deps({ clock }))
  return await channel.deliver(given, { signal })
}

function requireLate(outcome: Outcome | undefined): void {
  assert.ok(outcome?.kind === 'deferred')
  assert.equal(outcome.status, '4.4.1')
  assert.match(outcome.reason, /took longer than \d+ s/)
}

test('each wait is as long as RFC 5321 §4.5.3.2 asks for', () => {
  const { greeting, mail, rcpt, dataInit, dataBlock, dataEnd } = TIMEOUTS
  assert.deepEqual(
    [greeting, mail, rcpt, dataInit, dataBlock, dataEnd].map((ms) => ms / MINUTE),
    [5, 5, 5, 2, 3, 10],
  )
})

for (const kind of ['tcp', 'lmtp'])
  test(`${kind}: replies in time, one after the other, for ever`, async () => {
    const clock = new ManualClock()
    const slow: Script = (command) => {
      if (command.startsWith('RCPT')) clock.advance(TIMEOUTS.rcpt - 1000)
      return oneByOne(command)
    }
    await using server = await startScriptedServer(slow)
    const to = Array.from({ length: 20 }, (_, i) => `r${i}@example.org`)
    const outcomes = await deliverTo(server, clock, delivery(to), { kind })
    assert.equal(outcomes.length, 20)
    for (const outcome of outcomes) requireLate(outcome)
    assert.ok(server.seen.filter((line) => line.startsWith('RCPT')).length < 14)
    assert.ok(!server.seen.includes('DATA'))
  })

test('a session that never comes to be leaves time for the next host', async () => {
  const clock = new ManualClock()
  await using server = await startScriptedServer((command) => {
    if (command === 'greeting' || /^(EHLO|HELO)/.test(command)) clock.advance(4 * MINUTE)
    return command.startsWith('EHLO') ? '502 what\r\n' : honest(command)
  })
  const [outcome] = await deliverTo(server, clock, delivery(['kim@example.org']), { connectTimeout: '5m' })
  requireLate(outcome)
  assert.ok(clock.monotonic() < 15 * MINUTE)
})

test('a reply that comes octet by octet ends with its wait', async () => {
  const clock = new ManualClock()
  const asked = Promise.withResolvers<void>()
  await using server = await startScriptedServer((command) => {
    // Without PIPELINING: what is said to RCPT and DATA must not come between.
    if (!command.startsWith('MAIL')) return oneByOne(command)
    asked.resolve()
    return { silence: true }
  })
  const attempt = deliverTo(server, clock, delivery(['kim@example.org']))
  await asked.promise
  await new Promise(setImmediate)
  for (const octet of '250-'.padEnd(TIMEOUTS.mail / 1000, 'x')) {
    server.say(octet)
    await new Promise(setImmediate)
    clock.advance(1000)
  }
  const [outcome] = await attempt
  assert.ok(outcome?.kind === 'deferred')
  assert.match(outcome.reason, /did not reply in time/)
})

/** More than the kernel takes for somebody who does not read. */
const LARGE = 'x'.repeat(998).concat('\r\n').repeat(16_000)

test('a server that stops reading ends the block, and 250 before it has the dot is no delivery', async () => {
  for (const { said, reason } of [
    { said: '', reason: /took no more octets in time/ },
    { said: '250 2.0.0 queued\r\n', reason: /uncertain/ },
  ]) {
    const clock = new ManualClock()
    await using server = await startScriptedServer(saying({ DATA: { stopReading: '354 go\r\n' } }))
    const handedOver = Promise.withResolvers<void>()
    const large: Delivery = {
      ...delivery(['kim@example.org'], { text: LARGE }),
      async *content() {
        yield Buffer.from(LARGE)
        handedOver.resolve()
      },
    }
    const attempt = deliverTo(server, clock, large)
    await handedOver.promise
    await new Promise(setImmediate)
    server.say(said)
    if (said === '') clock.advance(TIMEOUTS.dataBlock)
    else {
      // It reads on, now that it has said yes.
      await new Promise(setImmediate)
      server.readOn()
    }
    const [outcome] = await attempt
    assert.ok(outcome?.kind === 'deferred')
    assert.match(outcome.reason, reason)
  }
})

test('a server that takes a block now and then is given up when the rate says so', async () => {
  const clock = new ManualClock()
  await using server = await startScriptedServer(oneByOne)
  const trickle: Delivery = {
    ...delivery(['kim@example.org']),
    async *content() {
      for (let i = 0; i < 100; i++) {
        clock.advance(TIMEOUTS.dataBlock - 1000)
        yield Buffer.from('x\r\n')
      }
    },
  }
  requireLate((await deliverTo(server, clock, trickle))[0])
  assert.ok(!server.seen.includes('.'))
})

test('the time for a delivery grows with its size', () => {
  const config = configOf('tcp', { deliveryTimeout: '1h', minimumRate: '1KiB' })
  assert.equal(attemptMs(config, 0), 60 * MINUTE)
  assert.equal(attemptMs(config, 60 * 1024), 61 * MINUTE)
  assert.equal(attemptMs(configOf('tcp', { minimumRate: 0 }), CONTENT.length), Number.POSITIVE_INFINITY)
})
