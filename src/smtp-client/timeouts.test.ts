// SPDX-License-Identifier: Apache-2.0
/** Proves: a next hop that falls silent is given up after the time RFC 5321 §4.5.3.2 allows it, in every phase. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { honest, startScriptedServer } from '../../test/peers/scripted-server.ts'
import { configOf, delivery, deps } from '../channels/fixture.ts'
import { createTcp } from '../channels/tcp.ts'
import { ManualClock } from '../clock/clock.ts'
import { TIMEOUTS } from './timeouts.ts'

const signal = AbortSignal.timeout(20_000)

for (const { phase, silentAt, ms } of [
  { phase: 'greeting', silentAt: 'greeting', ms: TIMEOUTS.greeting },
  { phase: 'EHLO', silentAt: 'EHLO', ms: TIMEOUTS.command },
  { phase: 'MAIL', silentAt: 'MAIL', ms: TIMEOUTS.mail },
  { phase: 'RCPT', silentAt: 'RCPT', ms: TIMEOUTS.rcpt },
  { phase: 'DATA', silentAt: 'DATA', ms: TIMEOUTS.dataInit },
  { phase: 'end of data', silentAt: '.', ms: TIMEOUTS.dataEnd },
])
  test(`silence at ${phase}`, async () => {
    const clock = new ManualClock()
    const silent = Promise.withResolvers<void>()
    await using server = await startScriptedServer((command) => {
      if (!command.startsWith(silentAt)) return command.startsWith('EHLO') ? '250 no extensions\r\n' : honest(command)
      silent.resolve()
      return { silence: true }
    })
    await using channel = createTcp(
      configOf('tcp', { smarthost: `127.0.0.1:${server.port}`, tls: 'never' }),
      deps({ clock }),
    )
    let over = false
    const attempt = channel.deliver(delivery(['kim@example.org']), { signal }).then((outcomes) => {
      over = true
      return outcomes
    })
    await silent.promise
    // The client has asked; it begins to wait within this turn of the loop.
    await new Promise(setImmediate)
    clock.advance(ms - 1)
    await new Promise(setImmediate)
    assert.equal(over, false)
    clock.advance(1)
    const [outcome] = await attempt
    assert.ok(outcome?.kind === 'deferred' && outcome.status === '4.4.1')
    assert.equal(server.seen.includes('QUIT'), false)
  })
