// SPDX-License-Identifier: Apache-2.0
/**
 * The store against a ten-line model, under random operations: accept, record, read, compact, checkpoint, reopen. What
 * the model and the store say is compared after each step for the message concerned, and in whole at each reopening.
 */
import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import fc from 'fast-check'
import type { Envelope } from '../../src/envelope/envelope.ts'
import type { LedgerEvent, RecipientState } from '../../src/envelope/ledger.ts'
import { createIds, type MessageId } from '../../src/envelope/message-id.ts'
import { silentLog } from '../../src/monitor/log.ts'
import { checkConservation } from '../../src/queue/conservation.ts'
import { type LogStore, openLogStore } from '../../src/queue/log/log-store.ts'
import { anEnvelope, aRecipient, enqueue, eventOf } from '../../src/queue/store.suite.ts'
import { statesAfter, statesAtCommit } from '../../src/queue/totals.ts'

type States = ReadonlyMap<number, RecipientState>

class Model {
  readonly messages = new Map<MessageId, States>()
  accept(envelope: Envelope): void {
    this.messages.set(envelope.id, statesAtCommit(envelope))
  }
  record(id: MessageId, events: readonly LedgerEvent[]): void {
    const before = this.messages.get(id)
    if (before === undefined) throw new Error('not there')
    const after = statesAfter(before, events)
    const waits = after.values().some(({ state }) => state === 'queued' || state === 'held')
    if (waits) this.messages.set(id, after)
    else this.messages.delete(id)
  }
}

const event = fc.constantFrom<LedgerEvent['event']>(
  'delivered',
  'deferred',
  'held',
  'released',
  'expanded',
  'redirected',
  'duplicate',
  'bounced',
)
const step = fc.oneof(
  {
    weight: 30,
    arbitrary: fc.record({
      do: fc.constant('accept' as const),
      recipients: fc.integer({ min: 1, max: 12 }),
      octets: fc.nat(3000),
      hold: fc.nat(9),
    }),
  },
  {
    weight: 70,
    arbitrary: fc.record({ do: fc.constant('record' as const), message: fc.nat(), recipient: fc.nat(), event }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('compact' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('checkpoint' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const) }) },
)

const SEGMENT_BYTES = 100_000
/** What may be there above twice what is needed: three of the log, one apart, one of each being written. */
const SLACK_SEGMENTS = 6

/** Runs so many steps in a directory. Rejects where model and store differ. */
export async function compare(directory: string, steps: number, seed: number): Promise<void> {
  const ids = createIds(Date.now, 3)
  const model = new Model()
  const open = (): Promise<LogStore> =>
    openLogStore(directory, { log: silentLog, segmentBytes: SEGMENT_BYTES, spareBytes: 16_384, gatherMs: 1 })
  let store = await open()
  const same = async (id: MessageId): Promise<void> =>
    assert.deepEqual((await store.get(id))?.recipients, model.messages.get(id))
  const list = fc.sample(step, { numRuns: Math.min(steps, 20_000), seed })
  const known: MessageId[] = []
  for (let i = 0; i < steps; i++) {
    const s = list[i % list.length] ?? { do: 'checkpoint' }
    if (s.do === 'accept') {
      const envelope = anEnvelope({
        id: ids.message(),
        receivedAt: Date.now(),
        recipients: Array.from({ length: s.recipients }, (_, index) => aRecipient(index)),
        ...(s.hold === 0 ? { hold: { reason: 'look' } } : {}),
      })
      await enqueue(store, envelope, Buffer.alloc(s.octets, 'x'))
      model.accept(envelope)
      known.push(envelope.id)
      if (known.length > 60) known.shift()
    } else if (s.do === 'record') {
      const id = known[s.message % Math.max(1, known.length)]
      if (id === undefined) continue
      const size = model.messages.get(id)?.size ?? 0
      const events = [eventOf(s.event, s.recipient % (size + 1), size, times())]
      const stored = await store.record(id, events).then(
        () => true,
        () => false,
      )
      const modelled = attempt(() => model.record(id, events))
      assert.equal(stored, modelled)
      await same(id)
    } else if (s.do === 'compact') await store.compact()
    else if (s.do === 'checkpoint') await store.checkpoint()
    else {
      await store[Symbol.asyncDispose]()
      store = await open()
      assert.deepEqual(store.recovered.findings, [])
      assert.deepEqual(new Set([...store.entries()].map(({ id }) => id)), new Set(model.messages.keys()))
      // Those that no operation touches any more would fill the model; they leave.
      for (const id of [...model.messages.keys()]) {
        await same(id)
        if (known.includes(id)) continue
        const waiting = [...(model.messages.get(id) ?? [])].filter(
          ([, { state }]) => state === 'queued' || state === 'held',
        )
        const ends = waiting.map(([recipient]) => eventOf('delivered', recipient, 0, times()))
        await store.record(id, ends)
        model.record(id, ends)
      }
      const { balanced, detail } = checkConservation(store)
      assert.ok(balanced, detail)
      await bounded(store)
    }
  }
  await store[Symbol.asyncDispose]()
}

/** Room is made in the background, without anything being written meanwhile. */
async function bounded(store: LogStore): Promise<void> {
  for (const until = Date.now() + 10_000; ; await setTimeout(5)) {
    const { octets, live } = store.space()
    if (octets < 2 * live + SLACK_SEGMENTS * SEGMENT_BYTES) return
    assert.ok(Date.now() < until, `${octets} octets for ${live}`)
  }
}

function attempt(work: () => void): boolean {
  try {
    work()
    return true
  } catch {
    return false
  }
}

const times = (): { readonly at: number; readonly nextAt: number } => ({
  at: Date.now(),
  nextAt: Date.now() + 3_600_000,
})
