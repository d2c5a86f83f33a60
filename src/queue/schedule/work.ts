// SPDX-License-Identifier: Apache-2.0
/** What the schedule keeps: a piece of work for each message and way it goes, a lane for each destination. */
import type { ChannelName } from '../../envelope/channel-name.ts'
import type { MessageId } from '../../envelope/message-id.ts'
import type { Heap } from './heap.ts'
import type { Ring } from './ring.ts'
import type { Rank, Slot } from './slots.ts'

/** One attempt to come: recipients of one message that go the same way. Times are monotonic milliseconds. */
export interface Order {
  readonly id: MessageId
  readonly channel: ChannelName
  /** Destination.destinationKey */
  readonly key: string
  /** Indexes of recipients, at least one. */
  readonly recipients: readonly number[]
  /** The message came then; its time to be delivered counts from it. */
  readonly receivedAt: number
  readonly dueAt: number
  readonly nullSender: boolean
  /** Attempted since this process began. */
  readonly tried: boolean
  /** Its sender has heard of the delay, or need not. */
  readonly delayTold: boolean
}

/** There are millions of these: a class, so that all have one shape. */
export class Work {
  readonly id: MessageId
  readonly lane: Lane
  recipients: readonly number[]
  readonly receivedAt: number
  readonly dueAt: number
  readonly nullSender: boolean
  readonly tried: boolean
  delayTold: boolean
  /** `aged`: its time is over, it will not be tried. `gone`: it has ended, or was taken back. */
  state: 'waiting' | 'started' | 'aged' | 'gone' = 'waiting'
  slot: Slot | undefined = undefined
  /** The next piece of work of the same message. */
  next: Work | undefined = undefined
  duePosition = -1
  agePosition = -1
  /** When a delay is to be told, if nothing happens before. */
  tellAt = 0
  delayPosition = -1

  constructor(order: Order, lane: Lane) {
    this.id = order.id
    this.lane = lane
    this.recipients = order.recipients.length === 1 && order.recipients[0] === 0 ? FIRST_ALONE : order.recipients
    // Whole milliseconds take less memory than others.
    this.receivedAt = Math.floor(order.receivedAt)
    this.dueAt = Math.ceil(order.dueAt)
    this.nullSender = order.nullSender
    this.tried = order.tried
    this.delayTold = order.delayTold
  }
}

/** Most messages have one recipient, and it is the first. */
const FIRST_ALONE: readonly number[] = [0]

export interface Lane {
  readonly channel: Channel
  readonly key: string
  /** All that waits, by time due. */
  readonly due: Heap<Work>
  /** In the heap of timers, in a row of its channel, or waiting for one of its own deliveries to end. */
  at: 'nowhere' | 'timer' | 'row' | 'parked'
  timerAt: number
  timerPosition: number
  underWay: number
  /** It was down when last tried, by this process. */
  down: boolean
  /** What the last failed attempt said. */
  why: string
  /** Whose time is over and who have not been tried: they end as soon as the destination is known to be down. */
  overdue: Work[]
}

export interface Channel {
  readonly name: ChannelName
  readonly lanes: Map<string, Lane>
  readonly rows: Readonly<Record<Rank, Ring<Lane>>>
  /** The rank whose turn it is. */
  turn: number
  /** Whether the newest or the oldest of those that are unknown goes next. */
  newest: boolean
}
