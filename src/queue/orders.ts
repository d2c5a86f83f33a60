// SPDX-License-Identifier: Apache-2.0
/**
 * From recipients that wait to the attempts to come: those of a message that go the same way (same channel, destination
 * and sender) at the same time go together, at most a hundred. Pure.
 */
import type { Destination } from '../channels/destination.ts'
import type { ChannelName } from '../envelope/channel-name.ts'
import type { RecipientState } from '../envelope/ledger.ts'
import { waitingAmong } from './entry.ts'
import type { Order } from './schedule/work.ts'
import type { QueuedMessage, WaitingRecipient } from './store.ts'

/** RFC 5321 §4.5.3.1.8: every server takes as many. */
const MAX_RECIPIENTS = 100

/** A recipient that is queued, and when it is due: monotonic milliseconds. */
export interface Due {
  readonly waiting: WaitingRecipient
  readonly dueAt: number
}

export type Destinations = ReadonlyMap<ChannelName, Pick<Destination, 'destinationKey'>>

export const keyOf = (destinations: Destinations, waiting: WaitingRecipient): string =>
  destinations.get(waiting.channel)?.destinationKey(waiting) ?? ''

export function ordersOf(
  dues: readonly Due[],
  destinations: Destinations,
  common: Pick<Order, 'id' | 'receivedAt' | 'nullSender' | 'tried' | 'delayTold'>,
): readonly Order[] {
  const [first] = dues
  // Most messages have one recipient.
  if (first !== undefined && dues.length === 1) {
    const { waiting, dueAt } = first
    const key = keyOf(destinations, waiting)
    return [{ ...common, channel: waiting.channel, key, dueAt, recipients: [waiting.index] }]
  }
  const groups = new Map<string, Order & { recipients: number[] }>()
  const full: Order[] = []
  for (const { waiting, dueAt } of dues) {
    const { channel, sender = '', index } = waiting
    const key = keyOf(destinations, waiting)
    const name = JSON.stringify([channel, key, sender, dueAt])
    const group = groups.get(name) ?? { ...common, channel, key, dueAt, recipients: [] }
    groups.set(name, group)
    group.recipients.push(index)
    if (group.recipients.length < MAX_RECIPIENTS) continue
    full.push(group)
    groups.delete(name)
  }
  return [...full, ...groups.values()]
}

/** Those of these recipients that wait, from a message that has been read. */
export function waitingIn({ recipients }: QueuedMessage, indexes: readonly number[]): readonly WaitingRecipient[] {
  const states: RecipientState[] = []
  for (const index of indexes) {
    const state = recipients.get(index)
    if (state !== undefined) states.push(state)
  }
  return waitingAmong(states)
}
