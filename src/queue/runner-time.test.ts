// SPDX-License-Identifier: Apache-2.0
/** Clocks that are set, destinations that are down, attempts that do not end: what waits, and what comes back when. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MailAddress } from '../address/address.ts'
import { ManualClock } from '../clock/clock.ts'
import type { Outcome } from '../envelope/outcome.ts'
import { MemoryStore } from './memory-store.ts'
import { each, HOUR, LATER, MINUTE, OK, setUp, untilAborted } from './runner.fixture.ts'
import { anEnvelope, aRecipient, enqueue } from './store.suite.ts'

const YEAR = 365 * 24 * HOUR
const DOWN: Outcome = { kind: 'deferred', status: '4.4.1', reason: 'connection refused', destinationDown: true }

const at = (domain: string) => ({ recipients: [aRecipient(0, { address: `r@${domain}` as MailAddress })] })

for (const by of [-HOUR, HOUR, YEAR, -YEAR])
  test(`a clock set by ${by / HOUR} h while we run changes no wait, returns nothing, and is told`, async () => {
    const times: number[] = []
    const t = setUp(({ recipients }) => {
      times.push(t.clock.monotonic())
      return recipients.map(() => LATER)
    })
    const { id } = await t.put()
    await t.runner.idle()
    t.clock.jump(by)
    await t.pass(HOUR)
    assert.deepEqual(times, [0, 5 * MINUTE, 15 * MINUTE, 35 * MINUTE])
    assert.deepEqual(t.logged, ['clock.jumped'])
    t.clock.jump(-by)
    await t.pass(4 * HOUR, 5 * MINUTE)
    assert.equal(t.home.length, 1)
    assert.ok((await t.store.get(id))?.recipients.get(0)?.delayNotified)
    await t.pass(116 * HOUR, 30 * MINUTE)
    assert.equal(await t.store.get(id), undefined)
    assert.equal(t.attempts().at(-1)?.recipients[0]?.status, '4.4.7')
    assert.ok(t.clock.monotonic() <= 121.5 * HOUR)
  })

test('a message that was held while the clock was set is as old as it is', async () => {
  const t = setUp(each(LATER))
  const { id } = await t.put({ hold: { reason: 'look' } })
  await t.pass(HOUR)
  t.clock.jump(YEAR)
  await t.pass(HOUR)
  await t.operations.release({ ids: [id] })
  await t.runner.idle()
  assert.equal((await t.store.get(id))?.recipients.get(0)?.state, 'queued')
})

for (const { name, by, want } of [
  { name: 'ahead', by: YEAR, want: { tries: 3, left: 0 } },
  { name: 'back', by: -YEAR, want: { tries: 3, left: 3 } },
])
  test(`after a restart with the clock a year ${name} nothing is returned untried`, async () => {
    const clock = new ManualClock()
    const store = new MemoryStore()
    const first = setUp(each(LATER), { clock, store })
    for (const domain of ['a.example', 'b.example', 'c.example']) await first.put(at(domain))
    await first.runner.idle()
    await first.runner.stop(0)
    clock.jump(by)
    const second = setUp(each(LATER), { clock, store })
    second.runner.start()
    await second.runner.idle()
    // With the clock back, what was recorded lies a year ahead: the longest wait of the schedule at most.
    await second.pass(4.5 * HOUR, 5 * MINUTE)
    assert.ok(second.deliveries.length >= want.tries)
    assert.equal([...store.entries()].length, want.left)
  })

test('while a destination is down its mail is told of and returned in time, all of it', async () => {
  const t = setUp(({ recipients }) => recipients.map(() => DOWN))
  for (let i = 0; i < 30; i++) await t.put(at('dead.example'))
  await t.runner.idle()
  assert.equal(t.deliveries.length, 1)
  await t.pass(5 * HOUR, 10 * MINUTE)
  assert.equal(t.home.length, 30)
  assert.ok(t.deliveries.length < 30, `${t.deliveries.length}`)
  await t.pass(116 * HOUR, HOUR)
  await t.runner.idle()
  assert.equal(t.home.length, 60)
  assert.equal(t.store.ledger().bounced, 30)
  for (const { recipients, by } of t.attempts().filter(({ recipients: [one] }) => one?.result === 'failed')) {
    assert.match(recipients[0]?.detail ?? '', /not delivered in time.*connection refused/)
    assert.deepEqual(by, { by: 'default', setting: 'queue.expire', value: '' })
  }
})

test('four silent destinations with much mail leave slots to the others', async () => {
  const t = setUp(
    (delivery, signal) => (delivery.recipients[0]?.address.includes('silent') ? untilAborted(delivery, signal) : [OK]),
    { channel: { concurrency: 20, perDestination: 5 } },
  )
  for (let i = 0; i < 40; i++) await t.put(at(`silent${i % 4}.example`))
  await t.quiet()
  const { id } = await t.put(at('live.example'))
  await t.quiet()
  assert.equal(await t.store.get(id), undefined)
  const stopped = t.runner.stop(0)
  t.clock.advance(10)
  await stopped
})

test('an attempt that does not end is ended, and one that does not heed that is left behind', async () => {
  for (const deaf of [false, true]) {
    const t = setUp((delivery, signal) =>
      deaf ? new Promise<readonly Outcome[]>(() => {}) : untilAborted(delivery, signal),
    )
    const { id } = await t.put()
    await t.quiet()
    await t.pass(2 * HOUR - MINUTE, HOUR)
    assert.equal((await t.store.get(id))?.recipients.get(0)?.attempts, 0)
    await t.pass(2 * MINUTE, 10_000)
    assert.equal((await t.store.get(id))?.recipients.get(0)?.attempts, 1)
    assert.deepEqual(t.logged, deaf ? ['delivery.deaf'] : [])
    const { id: next } = await t.put()
    await t.pass(10 * MINUTE)
    assert.ok(t.deliveries.some(({ envelope }) => envelope.id === next))
  }
})

test('a message that cannot be read waits, and the others go on', async () => {
  const t = setUp(each(OK))
  const { get } = t.store
  const bad = anEnvelope({ recipients: [aRecipient(0)], receivedAt: t.clock.now() - 200 * HOUR })
  t.store.get = async (id) => {
    if (id === bad.id) throw Object.assign(new Error('EIO'), { code: 'EIO' })
    return get.call(t.store, id)
  }
  await enqueue(t.store, bad)
  t.runner.accepted(bad.id)
  await t.put()
  await t.runner.idle()
  assert.equal(t.store.ledger().relayed, 1)
  assert.deepEqual(t.logged, ['queue.read'])
  t.store.get = get
  await t.pass(3 * MINUTE)
  assert.equal(t.store.ledger().relayed, 2)
})
