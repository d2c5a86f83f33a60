// SPDX-License-Identifier: Apache-2.0
/**
 * Proves, by real SMTP: of twins that come at the same moment to several workers one is delivered, and the others are put
 * off until it is (RFC 7352 §3); what was not delivered is no duplicate when it is sent again.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DOMAIN, eventually, HOST } from '../interop/site.ts'
import { saying, startScriptedServer } from '../peers/scripted-server.ts'
import { arrived, boxOf, filtered, messagesIn, send, settled, sourceOf } from './site.ts'

const ONCE = 'require "duplicate"; if duplicate { discard; stop; }'

test('twins at the same moment on three workers: one is delivered, of every message', {
  timeout: 300_000,
}, async () => {
  await using site = await filtered({ users: { kim: ONCE }, site: { users: ['kim'], workers: 3 } })
  const sources = new Set<string>()
  let putOff = 0
  const ids = Array.from({ length: 12 }, (_, i) => `twin.${i}@outside.test`)
  for (const id of ids) {
    const twins = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const reply = await send(site, { id })
        if (/^451 /.test(reply)) putOff += 1
        else sources.add(sourceOf(reply))
        return reply
      }),
    )
    // A client comes again with what was put off.
    for (const reply of twins) {
      assert.match(reply, /^(?:250|451 4\.3\.0) /)
      if (reply.startsWith('451')) assert.match(await send(site, { id }), /^250 /)
    }
  }
  await settled(site)
  const delivered = (await messagesIn(boxOf(site, 'kim'))).map((text) => /^Message-ID: <(.*)>/m.exec(text)?.[1])
  assert.deepEqual(delivered.toSorted(), ids.toSorted())
  assert.ok(sources.size > 1, 'one worker alone took all of them')
  console.log(`${ids.length} messages, four of each at once on ${sources.size} workers; ${putOff} put off`)
})

test('while it waits the twin is put off; returned, it is free again; delivered, it is known', {
  timeout: 120_000,
}, async () => {
  let answer = '450 4.2.0 not now\r\n'
  await using peer = await startScriptedServer((command) => saying({ 'RCPT TO': answer })(command))
  await using site = await filtered({
    users: { kim: `${ONCE} redirect "far@peer.test";` },
    site: {
      users: ['kim', 'sam'],
      channels: { tcp_local: { kind: 'tcp', tls: 'never' } },
      routes: [{ domain: 'peer.test', channel: 'tcp_local', via: `${HOST}:${peer.port}` }],
    },
  })
  const sam = { from: `sam@${DOMAIN}` }
  const tried = (): number => peer.seen.filter((line) => line.startsWith('RCPT TO')).length
  assert.match(await send(site, sam), /^250 /)
  await eventually('an attempt', () => (tried() > 0 ? true : undefined))
  assert.match(await send(site, sam), /^451 4\.3\.0 /)
  answer = '550 5.1.1 nobody\r\n'
  assert.equal((await arrived(boxOf(site, 'sam'))).length, 1)
  await settled(site)
  answer = '250 2.1.5 ok\r\n'
  const before = tried()
  assert.match(await send(site, sam), /^250 /)
  await settled(site)
  assert.equal(tried(), before + 1)
  // Known now: thrown away, and nobody hears of it.
  assert.match(await send(site, sam), /^250 /)
  await settled(site)
  assert.equal(tried(), before + 1)
})

test('a duplicate by way of a redirect: known to whoever it is redirected to', async () => {
  await using site = await filtered({ users: { kim: ONCE, lee: `redirect "kim@${DOMAIN}";` } })
  for (const [to, count] of [
    ['lee', 1],
    ['kim', 1],
    ['lee', 1],
  ] as const) {
    assert.match(await send(site, { to: [to] }), /^250 /)
    await settled(site)
    assert.equal((await messagesIn(boxOf(site, 'kim'))).length, count, to)
  }
  assert.match(await send(site, { to: ['lee'], id: 'other@outside.test' }), /^250 /)
  assert.equal((await arrived(boxOf(site, 'kim'), 2)).length, 2)
})

test('what is refused in the dialogue claims nothing', async () => {
  await using site = await filtered({
    users: {
      kim: 'require ["duplicate", "reject"]; if duplicate { discard; stop; } if header "subject" "no" { reject "Not this."; }',
    },
  })
  assert.match(await send(site, { subject: 'no' }), /^550 /)
  assert.match(await send(site, { subject: 'no' }), /^550 /)
  assert.match(await send(site, { subject: 'yes' }), /^250 /)
  assert.equal((await arrived(boxOf(site, 'kim'))).length, 1)
})
