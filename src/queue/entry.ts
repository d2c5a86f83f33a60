// SPDX-License-Identifier: Apache-2.0
/** From a message to what the scheduler keeps of it in memory. Pure. */
import type { MailAddress } from '../address/address.ts'
import type { RecipientState } from '../envelope/ledger.ts'
import type { QueuedMessage, QueueEntry, WaitingRecipient } from './store.ts'

/** Gives one and the same string for equal ones, so that a million entries share a few domains. */
export type Share = (text: string) => string
const asIs: Share = (text) => text

export function entryOf({ envelope, recipients }: QueuedMessage, share = asIs): QueueEntry {
  return {
    id: envelope.id,
    receivedAt: envelope.receivedAt,
    nullSender: envelope.reversePath === null,
    waiting: [...recipients.values()].flatMap((state) => waitingOf(state, share) ?? []),
  }
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
  return {
    index,
    state,
    channel: share(channel) as WaitingRecipient['channel'],
    domain: share(address.includes('@') ? address.slice(address.lastIndexOf('@') + 1).toLowerCase() : ''),
    ...(via === undefined ? {} : { via: share(via) }),
    ...(sender === undefined ? {} : { sender: share(sender) as MailAddress }),
    ...(nextAt === undefined ? {} : { nextAt }),
  }
}

/** Ids in the order in which their messages came. */
export const oldestFirst = (entries: Iterable<QueueEntry>): readonly QueueEntry['id'][] =>
  [...entries].sort((a, b) => a.receivedAt - b.receivedAt || (a.id < b.id ? -1 : 1)).map(({ id }) => id)
