// SPDX-License-Identifier: Apache-2.0
/** From a message to what the scheduler keeps of it in memory. Pure. */
import type { MailAddress } from '../address/address.ts'
import type { RecipientState } from '../envelope/ledger.ts'
import type { QueuedMessage, QueueEntry, WaitingRecipient } from './store.ts'

/** @param share gives one and the same string for equal ones, so that a million entries share a few domains */
export function entryOf({ envelope, recipients }: QueuedMessage, share = (text: string): string => text): QueueEntry {
  return {
    id: envelope.id,
    receivedAt: envelope.receivedAt,
    nullSender: envelope.reversePath === null,
    waiting: [...recipients.values()].flatMap((state) => waitingOf(state, share) ?? []),
  }
}

function waitingOf(
  { recipient, state, nextAt }: RecipientState,
  share: (text: string) => string,
): WaitingRecipient | undefined {
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
