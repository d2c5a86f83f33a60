// SPDX-License-Identifier: Apache-2.0
/** Proves: a delivery that DEQUEUE_ACCESS puts off is not tried, counts as no attempt, and is tried after its time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { each, MINUTE, OK, setUp } from './runner.fixture.ts'

test('spec access-control.md 10: put off, then let go', async () => {
  const asked: string[] = []
  let puts = 2
  const world = setUp(each(OK), {
    dequeueAccess: async ({ channel, domain, queuedSeconds, recipients }) => {
      asked.push(`${channel} ${domain} ${queuedSeconds} ${recipients.length}`)
      return puts-- > 0 ? { againInMs: 5 * MINUTE } : undefined
    },
  })
  const { id } = await world.put()
  world.runner.start()
  await world.quiet()
  await world.pass(4 * MINUTE)
  assert.equal(world.deliveries.length, 0)
  assert.deepEqual((await world.store.get(id))?.recipients.get(0)?.attempts, 0)
  await world.pass(8 * MINUTE)
  assert.equal(world.deliveries.length, 1)
  assert.deepEqual(
    asked.map((one) => one.replace(/ \d+ 1$/, '')),
    ['tcp_local example.org', 'tcp_local example.org', 'tcp_local example.org'],
  )
  assert.deepEqual(world.logged, [])
})

test('a table that fails as a program lets nothing out', async () => {
  const world = setUp(each(OK), { dequeueAccess: () => Promise.reject(new Error('a bug for tests')) })
  await world.put()
  world.runner.start()
  await world.pass(MINUTE)
  assert.equal(world.deliveries.length, 0)
  assert.ok(world.logged.includes('delivery.bug'))
})
