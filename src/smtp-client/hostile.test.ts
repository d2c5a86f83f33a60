// SPDX-License-Identifier: Apache-2.0
/**
 * Proves: whatever octets a next hop sends, at whatever moment, cut anywhere, an attempt ends, and nothing is
 * "relayed" unless the server took the whole message.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { honest, startScriptedServer } from '../../test/peers/scripted-server.ts'
import { configOf, delivery, deps } from '../channels/fixture.ts'
import { createTcp } from '../channels/tcp.ts'

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000)
const MOMENTS = ['greeting', 'EHLO', 'MAIL', 'RCPT', 'DATA', '.', 'RSET'] as const

const line = fc.oneof(
  fc.constantFrom(
    '250 2.0.0 ok\r\n',
    '250-more\r\n',
    '354 go\r\n',
    '421 4.3.2 bye\r\n',
    '550 5.1.1 no\r\n',
    '\r\n',
    '250',
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constant('2'.repeat(5000)),
)
const answer = fc.oneof(
  fc.record({ close: fc.constant(true as const) }),
  fc.array(line, { maxLength: 4 }).map((lines) => `${lines.join('')}\r\n`),
)

test(`a hostile next hop, seed ${seed}`, async () => {
  await fc.assert(
    fc.asyncProperty(fc.dictionary(fc.constantFrom(...MOMENTS), answer, { maxKeys: 3 }), async (script) => {
      // A server that says nothing more keeps us waiting as long as the RFC allows; here it hangs up after a while.
      let taken = false
      await using server = await startScriptedServer((command) => {
        if (command === '.') taken = true
        const verb = command.split(/[ :]/)[0] ?? ''
        return script[verb] ?? honest(command)
      })
      await using channel = createTcp(configOf('tcp', { smarthost: `127.0.0.1:${server.port}`, tls: 'never' }), deps())
      const patience = AbortSignal.timeout(150)
      const outcomes = await channel.deliver(delivery(['a@example.org', 'b@example.org']), { signal: patience })
      assert.equal(outcomes.length, 2)
      for (const outcome of outcomes)
        if (outcome.kind === 'relayed') assert.ok(taken, 'relayed before the end of the message was there')
    }),
    { seed, numRuns: 60, endOnFailure: true },
  )
})

test('a reply that never ends, octet by octet, is given up', async () => {
  await using server = await startScriptedServer((command) =>
    command.startsWith('MAIL') ? '250-'.padEnd(3_000_000, 'x') : honest(command),
  )
  await using channel = createTcp(configOf('tcp', { smarthost: `127.0.0.1:${server.port}`, tls: 'never' }), deps())
  const [outcome] = await channel.deliver(delivery(['a@example.org']), { signal: AbortSignal.timeout(2000) })
  assert.equal(outcome?.kind, 'deferred')
})
