// SPDX-License-Identifier: Apache-2.0
/** From a message to what the scheduler keeps of it in memory. Pure. */
import type { MailAddress } from '../address/address.ts'
import type { Envelope } from '../envelope/envelope.ts'
import type { RecipientState } from '../envelope/ledger.ts'
import type { QueueEntry, WaitingRecipient } from './store.ts'

/** Gives one and the same string for equal ones, so that a million entries share a few domains. */
export type Share = (text: string) => string
const asIs: Share = (text) => text

export const entryOf = (
  { id, receivedAt, reversePath }: Envelope,
  states: Iterable<RecipientState>,
  share = asIs,
): QueueEntry => ({ id, receivedAt, nullSender: reversePath === null, waiting: waitingAmong(states, share) })

/** Those that are queued or held. */
export function waitingAmong(states: Iterable<RecipientState>, share = asIs): readonly WaitingRecipient[] {
  const waiting: WaitingRecipient[] = []
  for (const state of states) {
    const recipient = waitingOf(state, share)
    if (recipient !== undefined) waiting.push(recipient)
  }
  return waiting
}

/** The entry when some recipients have changed, or come into being. */
export function entryAfter(entry: QueueEntry, changed: readonly RecipientState[], share = asIs): QueueEntry {
  const waiting = new Map(entry.waiting.map((recipient) => [recipient.index, recipient]))
  for (const state of changed) {
    const recipient = waitingOf(state, share)
    if (recipient === undefined) waiting.delete(state.recipient.index)
    else waiting.set(recipient.index, recipient)
  }
  return { ...entry, waiting: [...waiting.values()] }
}

/** The same entry, its strings shared. */
export const entryShared = (entry: QueueEntry, share: Share): QueueEntry => ({
  ...entry,
  waiting: entry.waiting.map(({ channel, domain, via, sender, ...rest }) => ({
    ...rest,
    channel: share(channel) as WaitingRecipient['channel'],
    domain: share(domain),
    ...(via === undefined ? {} : { via: share(via) }),
    ...(sender === undefined ? {} : { sender: share(sender) as MailAddress }),
  })),
})

function waitingOf({ recipient, state, nextAt }: RecipientState, share: Share): WaitingRecipient | undefined {
  if (state !== 'queued' && state !== 'held') return undefined
  const { index, address, channel, via, sender } = recipient
  const at = address.lastIndexOf('@')
  const waiting: Mutable<WaitingRecipient> = {
    index,
    state,
    channel: share(channel) as WaitingRecipient['channel'],
    domain: share(at === -1 ? '' : address.slice(at + 1).toLowerCase()),
  }
  if (via !== undefined) waiting.via = share(via)
  if (sender !== undefined) waiting.sender = share(sender) as MailAddress
  if (nextAt !== undefined) waiting.nextAt = nextAt
  return waiting
}

/** While it is put together. */
type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** Ids in the order in which their messages came. */
export const oldestFirst = (entries: Iterable<QueueEntry>): readonly QueueEntry['id'][] =>
  [...entries].sort((a, b) => a.receivedAt - b.receivedAt || (a.id < b.id ? -1 : 1)).map(({ id }) => id)
