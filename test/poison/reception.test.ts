// SPDX-License-Identifier: Apache-2.0
/**
 * A message that makes the process abort while it is received: at the fourth start it is taken in unlooked and held
 * with the evidence, other mail goes through, and who was in hand beside it is no suspect for long.
 */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { silentLog } from '../../src/monitor/log.ts'
import { openInHand } from '../../src/queue/in-hand.ts'
import { openLogStore } from '../../src/queue/log/log-store.ts'
import { listQueue } from '../../src/queue/operations.ts'
import { envelope, INNOCENT, POISON, send, start } from './peer.ts'

test('held at the fourth start, with the evidence; others go through', { timeout: 240_000 }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-poison-'))
  t.after(() => rm(folder, { recursive: true, force: true }))

  // First crash: an innocent message is in hand beside the poison.
  const first = await start(t, folder, 'received')
  const { peer: innocent, code } = await envelope(first.port, 'innocent@example.net')
  assert.equal(code, '354')
  assert.equal(await send(first.port, 'poison@example.net', POISON), 'gone')
  assert.deepEqual(await first.ended, [null, 'SIGABRT'])
  await innocent[Symbol.asyncDispose]()

  // Second: suspects are taken in one at a time, and the innocent clears itself.
  const second = await start(t, folder, 'received')
  const waiting = await envelope(second.port, 'innocent@example.net')
  assert.equal(await send(second.port, 'poison@example.net', POISON), '451')
  await waiting.peer.send(Buffer.from(INNOCENT))
  assert.equal((await waiting.peer.reply()).code, '250')
  await waiting.peer[Symbol.asyncDispose]()
  assert.equal(await send(second.port, 'poison@example.net', POISON), 'gone')
  await second.ended

  const third = await start(t, folder, 'received')
  assert.equal(await send(third.port, 'poison@example.net', POISON), 'gone')
  assert.deepEqual(await third.ended, [null, 'SIGABRT'])

  const fourth = await start(t, folder, 'received')
  assert.equal(await send(fourth.port, 'poison@example.net', POISON), '250')
  assert.equal(await send(fourth.port, 'other@example.net', INNOCENT), '250')
  fourth.child.kill('SIGTERM')
  assert.deepEqual(await fourth.ended, [0, null])

  await using store = await openLogStore(join(folder, 'queue'), { log: silentLog })
  const { rows } = await listQueue(store, { all: true }, 10)
  const shown = rows.map(({ sender, state, reason }) => ({ sender, state, reason }))
  const held = shown.find(({ state }) => state === 'held')
  assert.equal(held?.sender, 'poison@example.net')
  const one = '\\d{4}-[^ ]+Z \\(pid \\d+, version test while receiving\\)'
  assert.match(
    held?.reason ?? '',
    new RegExp(`^poison: the process crashed 3 times while this was in hand: ${one}, ${one}, ${one}$`),
  )
  assert.deepEqual(
    shown.filter(({ state }) => state === 'queued').map(({ sender }) => sender),
    ['innocent@example.net', 'other@example.net'],
  )
  const message = (await Array.fromAsync(store.messages())).find(({ envelope }) => envelope.hold !== undefined)
  assert.ok(message !== undefined)
  const content = Buffer.concat(await Array.fromAsync(store.content(message.envelope.id)))
  assert.equal(content.toString(), 'Subject: x\r\n\r\nPOISON\r\n')

  const run = { boot: 'x', pid: 1, startedAt: 1, version: 'test' }
  using inHand = openInHand({ path: join(folder, 'in-hand'), run, now: Date.now, log: silentLog })
  assert.deepEqual(
    [...inHand.suspects().values()].map((crashes) => crashes.length),
    [3],
  )
})
