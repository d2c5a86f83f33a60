// SPDX-License-Identifier: Apache-2.0
/**
 * Where recipients take their place in the schedule: when a message comes, is loaded, was tried, was changed. Knows which
 * of them an operator is about to end, and which messages have no place because nothing of them waits for its time.
 */
import type { Revision } from '../config/revision.ts'
import type { MessageId } from '../envelope/message-id.ts'
import type { Ended } from './deliveries.ts'
import { type Destinations, type Due, keyOf, ordersOf } from './orders.ts'
import type { Schedule } from './schedule/schedule.ts'
import type { Timeline } from './schedule/timeline.ts'
import type { Order, Work } from './schedule/work.ts'
import type { QueueEntry, QueueStore } from './store.ts'
import { longestWaitMs } from './timing.ts'

export interface PlacingDeps {
  readonly store: Pick<QueueStore, 'entry'>
  readonly destinations: () => Destinations
  readonly revision: () => Revision
  readonly timeline: Timeline
  readonly schedule: Schedule
}

type Common = Pick<Order, 'id' | 'receivedAt' | 'nullSender' | 'tried' | 'delayTold'>

export class Placing {
  readonly #deps: PlacingDeps
  /** Recipients an operator is about to end: `id index`, how often. They take no place. */
  readonly #reserved = new Map<string, number>()
  /** Messages without a place: held, or being returned. */
  readonly #resting = new Set<MessageId>()

  constructor(deps: PlacingDeps) {
    this.#deps = deps
  }

  /** Messages in the queue, as far as they are loaded. */
  get messages(): number {
    return this.#deps.schedule.messages + this.#resting.size
  }

  /** A message as the store knows it. One that has a place already keeps it. */
  entry(entry: QueueEntry): void {
    if (!this.#deps.schedule.has(entry.id)) this.#waiting(entry, entry.waiting)
    this.#note(entry.id)
  }

  /**
   * These recipients were changed: takes them out and looks at them again; those being delivered when that has ended.
   * `reopen` forgets that their destinations were down.
   */
  changed(id: MessageId, indexes: readonly number[], beingDelivered: Iterable<Work>, reopen: boolean): void {
    const { store, schedule, destinations } = this.#deps
    const changed = new Set(indexes)
    schedule.withdraw(id, changed)
    const entry = store.entry(id)
    if (entry !== undefined) {
      const waiting = entry.waiting.filter(({ index }) => changed.has(index))
      if (reopen) for (const one of waiting) schedule.reopen(one.channel, keyOf(destinations(), one))
      const later = new Set(
        [...beingDelivered].filter((work) => work.id === id).flatMap(({ recipients }) => recipients),
      )
      this.#waiting(
        entry,
        waiting.filter(({ index }) => !later.has(index)),
      )
    }
    this.#note(id)
  }

  /** What is left of work that has ended. */
  after({ id, receivedAt, nullSender, delayTold }: Work, { left, born, tried }: Ended): void {
    const common = { id, receivedAt, nullSender }
    this.#place(left, { ...common, tried, delayTold })
    this.#place(born, { ...common, tried: false, delayTold: false })
    this.#note(id)
  }

  /** They take no place until this is undone. */
  reserve(id: MessageId, indexes: readonly number[], by: 1 | -1): void {
    for (const index of indexes) {
      const name = `${id} ${index}`
      const count = (this.#reserved.get(name) ?? 0) + by
      if (count === 0) this.#reserved.delete(name)
      else this.#reserved.set(name, count)
    }
    this.#deps.schedule.withdraw(id, new Set(indexes))
  }

  #waiting({ id, receivedAt, nullSender }: QueueEntry, waiting: QueueEntry['waiting']): void {
    const { timeline, revision } = this.#deps
    const longest = longestWaitMs(revision().config.queue)
    // Looked at once: a clock that moved on between two recipients must not part them.
    const now = timeline.now()
    const dues: Due[] = []
    for (const one of waiting)
      if (one.nextAt !== undefined) dues.push({ waiting: one, dueAt: timeline.future(one.nextAt, longest, now) })
    const since = timeline.past(receivedAt, now)
    this.#place(dues, { id, receivedAt: since, nullSender, tried: false, delayTold: false })
  }

  #place(dues: readonly Due[], common: Common): void {
    if (dues.length === 0) return
    const reserved = this.#reserved
    const free =
      reserved.size === 0 ? dues : dues.filter(({ waiting }) => !reserved.has(`${common.id} ${waiting.index}`))
    for (const order of ordersOf(free, this.#deps.destinations(), common)) this.#deps.schedule.place(order)
  }

  #note(id: MessageId): void {
    const { schedule, store } = this.#deps
    if (!schedule.has(id) && store.entry(id) !== undefined) this.#resting.add(id)
    else this.#resting.delete(id)
  }
}
