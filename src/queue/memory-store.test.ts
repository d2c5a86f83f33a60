// SPDX-License-Identifier: Apache-2.0
/** What store.suite.ts does not ask of every backend, and a small life of one message. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MailAddress } from '../address/address.ts'
import type { ChannelName } from '../envelope/channel-name.ts'
import type { Envelope, Recipient } from '../envelope/envelope.ts'
import { LedgerViolation } from '../envelope/ledger.ts'
import { createIds } from '../envelope/message-id.ts'
import { MemoryStore } from './memory-store.ts'

const ids = createIds(() => 1000, 7)
const recipient = (index: number): Recipient => ({
  index,
  address: `r${index}@example.org` as MailAddress,
  given: `r${index}@example.org`,
  channel: 'l' as ChannelName,
})
const envelope = (over: Partial<Envelope> = {}): Envelope => ({
  id: ids.message(),
  reversePath: null,
  receivedAt: 1000,
  source: 'tcp_local' as ChannelName,
  origin: { session: ids.session(), protocol: 'ESMTP' },
  revision: 'r',
  smtputf8: false,
  body: '7bit',
  size: 2,
  edits: [],
  recipients: [recipient(0), recipient(1)],
  ...over,
})

async function put(store: MemoryStore, kept: Envelope, content = 'ab'): Promise<void> {
  await using draft = store.begin()
  const chunk = Buffer.from(content)
  await draft.write(chunk)
  chunk.fill(0) // the chunk is the caller's again
  await draft.commit(kept)
}

test('a message lives until all its recipients have come to an end', async () => {
  await using store = new MemoryStore()
  const kept = envelope()
  await put(store, kept)
  const chunks: Uint8Array[] = []
  for await (const chunk of store.content(kept.id)) chunks.push(chunk)
  assert.equal(Buffer.concat(chunks).toString(), 'ab')
  await store.record(kept.id, [{ event: 'delivered', recipient: 0, at: 1, where: 'here' }])
  assert.equal([...store.entries()].length, 1)
  await store.record(kept.id, [{ event: 'expanded', recipient: 1, at: 2, into: [recipient(2)] }])
  const last = await store.record(kept.id, [{ event: 'discarded', recipient: 2, at: 3, rule: 'test' }])
  assert.deepEqual(
    [...last.recipients.values()].map(({ state }) => state),
    ['delivered', 'expanded', 'discarded'],
  )
  assert.equal(await store.get(kept.id), undefined)
  const { accepted, born, delivered, expanded, discarded } = store.ledger()
  assert.deepEqual([accepted, born, delivered, expanded, discarded], [2, 1, 1, 1, 1])
})

test('events are recorded all or none', async () => {
  await using store = new MemoryStore()
  const kept = envelope()
  await put(store, kept)
  const before = store.ledger()
  const end = { event: 'delivered', at: 1, where: 'here' } as const
  await assert.rejects(
    store.record(kept.id, [
      { ...end, recipient: 0 },
      { ...end, recipient: 9 },
    ]),
    LedgerViolation,
  )
  await assert.rejects(
    store.record(kept.id, [
      { ...end, recipient: 0 },
      { ...end, recipient: 0 },
    ]),
    LedgerViolation,
  )
  await assert.rejects(store.record(ids.message(), [{ ...end, recipient: 0 }]), LedgerViolation)
  assert.deepEqual(store.ledger(), before)
  assert.equal((await store.get(kept.id))?.recipients.get(0)?.state, 'queued')
})

test('drafts end once', async () => {
  await using store = new MemoryStore()
  const draft = store.begin()
  await draft.abort()
  await assert.rejects(async () => await draft.write(Buffer.from('x')), /committed or aborted/)
  await assert.rejects(draft.commit(envelope()), /committed or aborted/)
  const kept = envelope({ hold: { reason: 'loop' } })
  await put(store, kept)
  assert.equal((await store.get(kept.id))?.recipients.get(0)?.state, 'held')
  await assert.rejects(put(store, kept), /queued already/)
  await assert.rejects(put(store, envelope({ recipients: [recipient(1), recipient(1)] })), LedgerViolation)
  assert.deepEqual(
    (await Array.fromAsync(store.messages())).map(({ envelope: { id } }) => id),
    [kept.id],
  )
})
