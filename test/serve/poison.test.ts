// SPDX-License-Identifier: Apache-2.0
/**
 * Proves: a message that kills whichever worker receives it is held at the fourth attempt, not at the third of each
 * worker. The worker that has it in hand is killed from here, which looks to its successor like a crash.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Client, sendOne } from './client.ts'
import { type Server, scratchSite, soon } from './server.ts'

const WORKERS = 3

/** One attempt, cut off in the middle of the content; the worker that died of it. */
async function attempt(server: Server, port: number): Promise<number> {
  for (;;) {
    using client = await Client.connect(port)
    const ready = await client.upToData('kim@demo.test', 'poison@example.net')
    // Others in hand at the crash are tried first, alone.
    if (ready?.startsWith('4') === true) continue
    assert.match(ready ?? '', /^354/)
    client.write('Subject: poison\r\n')
    const victim = await soon('the worker that has it', async () =>
      (await server.workers()).find(({ connections }) => connections === 1),
    )
    process.kill(victim.pid ?? 0, 'SIGKILL')
    await client.ended()
    await soon('a successor', async () =>
      (await server.workers()).every(({ state, pid }) => state === 'serving' && pid !== victim.pid) ? true : undefined,
    )
    return victim.index
  }
}

test('poison is known to all workers', { timeout: 600_000 }, async () => {
  await using site = await scratchSite({ server: { hostname: 'mx.demo.test', workers: WORKERS } })
  const server = await site.start()
  for (let crash = 0; crash < 3; crash++) await attempt(server, site.port)
  // Whichever worker: it takes it in unlooked.
  using client = await Client.connect(site.port)
  assert.match((await client.upToData('kim@demo.test', 'poison@example.net')) ?? '', /^354/)
  assert.match((await client.say('Subject: poison\r\n\r\nhello\r\n.')) ?? '', /^250/)
  await using control = await server.control()
  const held = await soon('the hold', async () => {
    const { rows } = await control.call('queue.list', { limit: 10 })
    return rows.find(({ state }) => state === 'held')
  })
  assert.equal(held.sender, 'poison@example.net')
  assert.match(held.reason ?? '', /crashed 3 times while this was in hand/)
  // Another one is no suspect.
  assert.match((await sendOne(site.port, 'kim@demo.test')) ?? '', /^250/)
  await server.stop()
})
