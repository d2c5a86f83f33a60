// SPDX-License-Identifier: Apache-2.0
/**
 * Spec filters.md 12, item 10: a redirect that comes back to its own server is held once the message names this host in
 * more than ten Received: fields. Nobody gets a notice; explain, the queue and the operator's alarm name the count.
 */
import assert from 'node:assert/strict'
import { connect, createServer } from 'node:net'
import { test } from 'node:test'
import { DOMAIN, HOST } from '../../interop/site.ts'
import { freePort } from '../../peers/free-port.ts'
import { boxOf, explained, filtered, messagesIn, queued, send } from '../site.ts'

/** What kim@loop.test stands for on the way back: a router that leads to this server again, and says nothing of itself. */
async function router(
  to: () => number,
): Promise<AsyncDisposable & { readonly port: number; readonly passed: () => number }> {
  let passed = 0
  const server = createServer((client) => {
    const inner = connect({ host: HOST, port: to(), localAddress: '127.0.0.2' })
    client.on('data', (octets) => {
      const text = octets.toString('latin1')
      if (/^RCPT TO/im.test(text)) passed += 1
      inner.write(text.replace('<kim@loop.test>', `<kim@${DOMAIN}>`), 'latin1')
    })
    inner.pipe(client)
    for (const [one, other] of [
      [client, inner],
      [inner, client],
    ] as const)
      one.on('close', () => other.destroy()).on('error', () => other.destroy())
  })
  const port = await freePort()
  await new Promise<void>((resolve) => server.listen(port, HOST, resolve))
  return {
    port,
    passed: () => passed,
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

test('item 10: a redirect loop is held at the eleventh Received: field of this host', {
  timeout: 120_000,
}, async () => {
  let smtp = 0
  await using loop = await router(() => smtp)
  await using site = await filtered({
    users: { kim: 'redirect "kim@loop.test";' },
    site: {
      users: ['kim', 'sam'],
      channels: { tcp_local: { kind: 'tcp', tls: 'never' } },
      routes: [{ domain: 'loop.test', channel: 'tcp_local', via: `${HOST}:${loop.port}` }],
    },
  })
  smtp = site.ports.smtp
  assert.match(await send(site, { from: `sam@${DOMAIN}` }), /^250 /)
  const [held] = await queued(site, (rows) => rows.length === 1 && rows[0]?.state === 'held')
  assert.ok(held !== undefined)
  assert.equal(held.reason, `mail loop: 11 Received: fields naming mx.${DOMAIN}, more than 10`)
  assert.equal(loop.passed(), 11)
  const why = await explained(site, held.id, /held/)
  assert.match(why, /11 Received: fields naming mx\.demo\.test/)
  assert.match(why, /limits\.localReceived/)
  for (const user of ['kim', 'sam']) assert.deepEqual(await messagesIn(boxOf(site, user)), [], user)
})
