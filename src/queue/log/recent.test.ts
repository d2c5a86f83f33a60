// SPDX-License-Identifier: Apache-2.0
/** What is remembered of messages is bounded by their recipients, and by the octets of their content. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MessageId } from '../../envelope/message-id.ts'
import { anEnvelope, aRecipient } from '../store.suite.ts'
import type { QueuedMessage } from '../store.ts'
import { statesAtCommit } from '../totals.ts'
import { Recent } from './recent.ts'

function messageOf(name: string, recipients = 1): QueuedMessage {
  const envelope = anEnvelope({
    id: name as MessageId,
    recipients: Array.from({ length: recipients }, (_, i) => aRecipient(i)),
  })
  return { envelope, recipients: statesAtCommit(envelope) }
}
const idOf = ({ envelope }: QueuedMessage): MessageId => envelope.id
const MIB = new Uint8Array(1 << 20)

test('content is known of a message that was taken in, while it changes, until it leaves', () => {
  const recent = new Recent()
  const message = messageOf('a')
  recent.set(message, [MIB])
  recent.set({ ...message })
  assert.deepEqual(recent.content(idOf(message)), [MIB])
  recent.delete(idOf(message))
  assert.equal(recent.content(idOf(message)), undefined)
  assert.equal(recent.get(idOf(message)), undefined)
})

test('of one that was read no content is known', () => {
  const recent = new Recent()
  const message = messageOf('a')
  recent.set(message)
  assert.equal(recent.get(idOf(message)), message)
  assert.equal(recent.content(idOf(message)), undefined)
})

test('the oldest content is forgotten first, its message is not', () => {
  const recent = new Recent()
  const messages = Array.from({ length: 40 }, (_, i) => messageOf(`m${i}`))
  for (const message of messages) recent.set(message, [MIB])
  assert.equal(messages.filter((message) => recent.content(idOf(message)) !== undefined).length, 16)
  assert.ok(messages.slice(-16).every((message) => recent.content(idOf(message)) !== undefined))
  assert.ok(messages.every((message) => recent.get(idOf(message)) === message))
  for (const message of messages) recent.delete(idOf(message))
  recent.set(messageOf('b'), [MIB])
  assert.ok(recent.content('b' as MessageId) !== undefined)
})

test('the messages used longest ago are forgotten first, with their content', () => {
  const recent = new Recent()
  for (const name of ['a', 'b', 'c']) recent.set(messageOf(name, 9000), [MIB])
  assert.equal(recent.get('a' as MessageId), undefined)
  assert.equal(recent.content('a' as MessageId), undefined)
  assert.ok(recent.get('c' as MessageId) !== undefined)
})
