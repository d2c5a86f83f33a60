// SPDX-License-Identifier: Apache-2.0
/** Messages that were in hand when the process crashed: tried alone, cleared, or set aside with the evidence. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MailAddress } from '../address/address.ts'
import type { Crash } from '../ask/crash.ts'
import { ManualClock } from '../clock/clock.ts'
import type { MessageId } from '../envelope/message-id.ts'
import type { InHand } from './in-hand.ts'
import { MemoryStore } from './memory-store.ts'
import { each, OK, type Script, setUp, untilAborted } from './runner.fixture.ts'
import { anEnvelope, aRecipient, enqueue } from './store.suite.ts'

const crash = (stage: string): Crash => ({
  at: Date.UTC(2026, 0, 1),
  begunAt: 0,
  stage,
  run: { boot: 'b', pid: 77, startedAt: 0, version: '1' },
})

/** What is remembered, without a file. */
class Memory implements InHand {
  readonly known = new Map<string, readonly Crash[]>()
  readonly inHand: string[] = []
  begin(key: string) {
    this.inHand.push(key)
    return {
      at: () => {},
      note: () => {},
      [Symbol.dispose]: () => void this.inHand.splice(this.inHand.indexOf(key), 1),
    }
  }
  crashes(key: string): number {
    return this.known.get(key)?.length ?? 0
  }
  suspects(): ReadonlyMap<string, readonly Crash[]> {
    return this.known
  }
  suspectsInHand(): number {
    return this.inHand.filter((key) => this.known.has(key)).length
  }
  learn(): void {}
  clear(key: string): void {
    this.known.delete(key)
  }
}

async function crashed(script: Script, crashes: readonly number[]) {
  const clock = new ManualClock()
  const store = new MemoryStore()
  const inHand = new Memory()
  const ids: MessageId[] = []
  for (const [i, count] of crashes.entries()) {
    const address = `r@d${i}.example` as MailAddress
    const envelope = anEnvelope({ receivedAt: clock.now(), recipients: [aRecipient(0, { address })] })
    await enqueue(store, envelope)
    ids.push(envelope.id)
    if (count > 0)
      inHand.known.set(
        `delivery ${envelope.id}`,
        Array.from({ length: count }, () => crash('delivering')),
      )
  }
  return { ...setUp(script, { clock, store, inHand, channel: { concurrency: 20, perDestination: 5 } }), inHand, ids }
}

test('suspects are tried first, one at a time, and an ordinary end clears them', async () => {
  let most = 0
  let now = 0
  const order: MessageId[] = []
  const t = await crashed(
    async ({ envelope, recipients }) => {
      order.push(envelope.id)
      assert.ok(t.inHand.inHand.includes(`delivery ${envelope.id}`))
      if (t.inHand.known.size > 0) most = Math.max(most, ++now)
      await new Promise((resolve) => setImmediate(resolve))
      now--
      return recipients.map(() => OK)
    },
    [0, 0, 1, 0, 2, 1],
  )
  t.runner.start()
  await t.runner.idle()
  assert.equal(most, 1)
  assert.deepEqual(order.slice(0, 3), [t.ids[2], t.ids[4], t.ids[5]])
  assert.deepEqual([t.store.ledger().relayed, t.inHand.known.size, t.inHand.inHand.length], [6, 0, 0])
})

test('a message with three crashes is held with the evidence, and delivered when it is released', async () => {
  const t = await crashed(each(OK), [3, 0])
  t.runner.start()
  await t.runner.idle()
  const [id = '' as MessageId] = t.ids
  const state = (await t.store.get(id))?.recipients.get(0)
  assert.equal(state?.state, 'held')
  assert.match(state?.last?.event === 'held' ? state.last.reason : '', /crashed 3 times.*pid 77.*delivering/)
  assert.deepEqual(t.logged, ['delivery.poison'])
  assert.equal(t.store.ledger().relayed, 1)
  await t.operations.release({ ids: [id] })
  await t.runner.idle()
  assert.equal(t.store.ledger().relayed, 2)
})

test('the others wait half a minute for a suspect that does not end, not longer', async () => {
  const t = await crashed(
    (delivery, signal) =>
      delivery.envelope.id === t.ids[0] ? untilAborted(delivery, signal) : each(OK)(delivery, signal),
    [1, 0],
  )
  t.runner.start()
  await t.pass(29_000, 1000)
  assert.equal(t.deliveries.length, 1)
  await t.pass(2000, 1000)
  await t.quiet()
  assert.equal(t.deliveries.length, 2)
  assert.equal(t.store.ledger().relayed, 1)
})

test('a suspect that is not in the queue any more is none', async () => {
  const t = await crashed(each(OK), [0])
  t.inHand.known.set('delivery gone', [crash('delivering')])
  t.inHand.known.set('reception gone', [crash('receiving')])
  t.runner.start()
  await t.runner.idle()
  assert.deepEqual([...t.inHand.known.keys()], ['reception gone'])
})
