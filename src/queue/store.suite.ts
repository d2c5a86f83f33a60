// SPDX-License-Identifier: Apache-2.0
/** What every backend of the queue store must do. `reopen` is given by those that outlive their process. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { MailAddress } from '../address/address.ts'
import type { ChannelName } from '../envelope/channel-name.ts'
import type { Envelope, Recipient } from '../envelope/envelope.ts'
import { type Filtered, nothingFiltered } from '../envelope/filtered.ts'
import { type LedgerEvent, LedgerViolation } from '../envelope/ledger.ts'
import { createIds, type MessageId } from '../envelope/message-id.ts'
import { checkConservation } from './conservation.ts'
import { MemoryStore } from './memory-store.ts'
import type { QueueEntry, QueueStore } from './store.ts'

const ids = createIds(() => 1000, 11)

export const aRecipient = (index: number, over: Partial<Recipient> = {}): Recipient => ({
  index,
  address: `r${index}@example.org` as MailAddress,
  given: `r${index}@example.org`,
  channel: 'tcp_local' as ChannelName,
  ...over,
})

export const anEnvelope = (over: Partial<Envelope> = {}): Envelope => ({
  id: ids.message(),
  reversePath: 'sam@example.net' as MailAddress,
  receivedAt: 1000,
  source: 'tcp_local' as ChannelName,
  origin: { session: ids.session(), protocol: 'ESMTP' },
  revision: 'r',
  smtputf8: false,
  body: '7bit',
  size: 2,
  edits: [],
  recipients: [aRecipient(0), aRecipient(1)],
  ...over,
})

export async function enqueue(store: QueueStore, envelope: Envelope, content: string | Uint8Array = 'ab') {
  await using draft = store.begin()
  await draft.write(Buffer.from(content))
  await draft.commit(envelope)
}

export async function contentOf(store: QueueStore, id: MessageId): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of store.content(id)) chunks.push(chunk)
  return Buffer.concat(chunks).toString('latin1')
}

const delivered = (recipient: number): LedgerEvent => ({ event: 'delivered', recipient, at: 5, where: 'here' })

export interface Backend {
  readonly name: string
  open(): Promise<{ readonly store: QueueStore; reopen?(): Promise<QueueStore> }>
}

export function storeSuite(backend: Backend): void {
  const check = (name: string, run: (opened: Awaited<ReturnType<Backend['open']>>) => Promise<void>): void => {
    test(`${backend.name}: ${name}`, async () => {
      const opened = await backend.open()
      await using _store = opened.store
      await run(opened)
    })
  }

  check('content comes back as it was written, however it was cut', async ({ store }) => {
    const envelope = anEnvelope()
    const draft = store.begin()
    const buffer = Buffer.alloc(70_000, 'x')
    await draft.write(buffer)
    buffer.fill('y') // the chunk is the caller's again
    await draft.write(Buffer.from('\r\n\0\xff', 'latin1'))
    await draft.commit(envelope)
    assert.equal(await contentOf(store, envelope.id), `${'x'.repeat(70_000)}\r\n\0\xff`)
    const empty = anEnvelope()
    await enqueue(store, empty, '')
    assert.equal(await contentOf(store, empty.id), '')
  })

  check('what was written can be read before it is decided about, small or large', async ({ store }) => {
    for (const octets of [10, 200_000]) {
      const draft = store.begin()
      await draft.write(Buffer.alloc(octets, 'x'))
      await draft.write(Buffer.from('end'))
      assert.equal(Buffer.from(await draft.beginning(1_000_000)).toString(), `${'x'.repeat(octets)}end`)
      assert.equal(Buffer.from(await draft.beginning(7)).toString(), 'xxxxxxx')
      await draft.write(Buffer.from('more'))
      const envelope = anEnvelope()
      await draft.commit(envelope)
      assert.equal(await contentOf(store, envelope.id), `${'x'.repeat(octets)}endmore`)
      await assert.rejects(draft.beginning(7))
    }
  })

  check('a draft ends once, and an aborted one leaves nothing', async ({ store }) => {
    const draft = store.begin()
    await draft.write(Buffer.from('x'))
    await draft.abort()
    await draft.abort()
    await assert.rejects(async () => await draft.write(Buffer.from('x')))
    await assert.rejects(draft.commit(anEnvelope()))
    assert.deepEqual(await Array.fromAsync(store.messages()), [])
    assert.equal(store.ledger().accepted, 0)
  })

  check('an id is taken once, and every message has recipients', async ({ store }) => {
    const envelope = anEnvelope()
    await enqueue(store, envelope)
    await assert.rejects(enqueue(store, envelope), /queued already/)
    await assert.rejects(enqueue(store, anEnvelope({ recipients: [] })), LedgerViolation)
    assert.equal(await contentOf(store, envelope.id), 'ab')
  })

  check('messages come oldest first; held ones are among them', async ({ store }) => {
    const young = anEnvelope({ receivedAt: 3000 })
    const old = anEnvelope({ receivedAt: 2000, hold: { reason: 'loop' } })
    for (const envelope of [young, old]) await enqueue(store, envelope)
    assert.deepEqual(
      (await Array.fromAsync(store.messages())).map(({ envelope }) => envelope.id),
      [old.id, young.id],
    )
    assert.equal((await store.get(old.id))?.recipients.get(0)?.state, 'held')
  })

  check('an entry tells what waits, and when', async ({ store }) => {
    const owner = 'Owner@Example.net' as MailAddress
    const recipients = [
      aRecipient(0, { address: 'kim@Example.ORG' as MailAddress, via: 'mx.example.org' }),
      aRecipient(1, { sender: owner }),
      aRecipient(2),
    ]
    const envelope = anEnvelope({ recipients, reversePath: null, receivedAt: 7 })
    await enqueue(store, envelope)
    await store.record(envelope.id, [delivered(2), { event: 'held', recipient: 1, at: 8, reason: 'wait' }])
    const channel = 'tcp_local'
    const entry = {
      id: envelope.id,
      receivedAt: 7,
      nullSender: true,
      waiting: [
        { index: 0, state: 'queued', channel, domain: 'example.org', via: 'mx.example.org', nextAt: 7 },
        { index: 1, state: 'held', channel, domain: 'example.org', sender: owner },
      ],
    }
    assert.deepEqual(store.entry(envelope.id), entry)
    assert.deepEqual([...store.entries()], [entry])
    assert.equal(store.entry(ids.message()), undefined)
  })

  check('what filters wanted held is held once, across restarts too', async ({ store, reopen }) => {
    const filtered = { ...nothingFiltered([]), keep: { flags: [] } }
    const envelope = anEnvelope({ recipients: [aRecipient(0, { filtered: { ...filtered, held: { reason: 'why' } } })] })
    await enqueue(store, envelope)
    await store.record(envelope.id, [{ event: 'held', recipient: 0, at: 5, reason: 'why' }])
    await store.record(envelope.id, [{ event: 'released', recipient: 0, at: 6 }])
    await using after = (await reopen?.()) ?? store
    const state = (await after.get(envelope.id))?.recipients.get(0)
    assert.deepEqual([state?.state, state?.recipient.filtered], ['queued', filtered])
  })

  check('events of one call are kept all or none', async ({ store }) => {
    const envelope = anEnvelope()
    await enqueue(store, envelope)
    const before = store.ledger()
    for (const events of [
      [delivered(0), delivered(9)],
      [delivered(0), delivered(0)],
    ])
      await assert.rejects(store.record(envelope.id, events), LedgerViolation)
    await assert.rejects(store.record(ids.message(), [delivered(0)]), LedgerViolation)
    assert.deepEqual(store.ledger(), before)
    assert.equal((await store.get(envelope.id))?.recipients.get(0)?.state, 'queued')
  })

  check('a message leaves when its last recipient has come to an end', async ({ store }) => {
    const envelope = anEnvelope()
    await enqueue(store, envelope)
    await Promise.all([
      store.record(envelope.id, [delivered(0)]),
      store.record(envelope.id, [{ event: 'expanded', recipient: 1, at: 6, into: [aRecipient(2, { parent: 1 })] }]),
    ])
    assert.equal((await store.get(envelope.id))?.recipients.size, 3)
    await store.record(envelope.id, [{ event: 'discarded', recipient: 2, at: 7, rule: 'test' }])
    assert.equal(await store.get(envelope.id), undefined)
    await assert.rejects(store.record(envelope.id, [delivered(2)]), LedgerViolation)
    const { accepted, born, delivered: ends, expanded, discarded } = store.ledger()
    assert.deepEqual([accepted, born, ends, expanded, discarded], [2, 1, 1, 1, 1])
    assert.deepEqual(checkConservation(store).balanced, true)
  })

  const seed = Number(process.env['SEED'] ?? Date.now() % 1e9)
  test(`${backend.name}: does what the one in memory does (seed ${seed})`, async () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ do: fc.constant('accept' as const), n: fc.integer({ min: 1, max: 3 }) }) },
      {
        weight: 8,
        arbitrary: fc.record({
          do: fc.constant('event' as const),
          message: fc.nat(20),
          recipient: fc.nat(4),
          event: fc.constantFrom(
            'delivered',
            'deferred',
            'held',
            'released',
            'expanded',
            'redirected',
            'duplicate',
            'bounced',
            'rerouted',
          ),
        }),
      },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const) }) },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const opened = await backend.open()
        let { store } = opened
        const model = new MemoryStore()
        const known: Envelope[] = []
        for (const s of steps) {
          if (s.do === 'accept') {
            const recipients = Array.from({ length: s.n }, (_, index) => aRecipient(index))
            const envelope = anEnvelope({ recipients })
            known.push(envelope)
            for (const each of [store, model]) await enqueue(each, envelope)
          } else if (s.do === 'reopen') {
            if (opened.reopen !== undefined) store = await opened.reopen()
          } else {
            const envelope = known[s.message % Math.max(1, known.length)]
            if (envelope === undefined) continue
            const size = (await model.get(envelope.id))?.recipients.size ?? 0
            const event = eventOf(s.event, s.recipient, size)
            const results = await Promise.allSettled([
              store.record(envelope.id, [event]),
              model.record(envelope.id, [event]),
            ])
            assert.equal(results[0].status, results[1].status)
          }
          assert.deepEqual(await Array.fromAsync(store.messages()), await Array.fromAsync(model.messages()))
          assert.deepEqual(sorted(store.entries()), sorted(model.entries()))
          assert.deepEqual(store.ledger(), model.ledger())
        }
        await store[Symbol.asyncDispose]()
      }),
      { seed, numRuns: 25 },
    )
  })
}

const sorted = (entries: Iterable<QueueEntry>): readonly QueueEntry[] =>
  [...entries].sort((a, b) => (a.id < b.id ? -1 : 1))

/** `held` is carried out by the event of that kind. */
const DECIDED: Filtered = { ...nothingFiltered([]), keep: { flags: [] }, held: { reason: 'because' } }
const LEFT: Filtered = { ...nothingFiltered([]), keep: { flags: ['left'] } }

/** An event of this kind for a message of `size` recipients. */
export function eventOf(
  event: string,
  recipient: number,
  size: number,
  { at, nextAt }: { readonly at: number; readonly nextAt: number } = { at: 9, nextAt: 20 },
): LedgerEvent {
  const base = { recipient, at }
  switch (event) {
    case 'deferred':
      // Of some, a part of what filters decided has been done.
      return {
        ...base,
        event,
        status: '4.4.1',
        reason: 'no answer',
        nextAt,
        ...(recipient % 2 === 1 && { left: LEFT }),
      }
    case 'held':
      return { ...base, event, reason: 'because' }
    case 'released':
      return { ...base, event }
    case 'expanded':
    case 'redirected':
      return { ...base, event, into: [aRecipient(size, { parent: recipient, filtered: DECIDED })], also: [recipient] }
    case 'duplicate':
      return { ...base, event, of: [0] }
    case 'bounced':
      return { ...base, event, status: '5.1.1', reason: 'nobody' }
    case 'rerouted':
      return { ...base, event, channel: 'hold', via: 'mx.example.org' }
    default:
      return { ...base, event: 'delivered', where: 'here' }
  }
}
