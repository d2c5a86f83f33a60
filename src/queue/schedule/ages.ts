// SPDX-License-Identifier: Apache-2.0
/**
 * Who has waited how long: which delay is to be told, whose time is over (RFC 5321 §4.5.4.1). Kept apart from what is
 * due, so that it comes true while a destination is down or a channel has no room. Expiry is ordered by
 * the time of receipt, so that changed settings count at once.
 */
import { Heap, type HeapOrder } from './heap.ts'
import type { Work } from './work.ts'

/** Milliseconds from receipt. */
export interface Lifetimes {
  readonly expire: number
  readonly expireNotices: number
  /** 0: a delay is never told. */
  readonly delayNotice: number
}

export type AgeEvent = { readonly work: Work; readonly what: 'expired' | 'delayed' }

/** A delay is the attempt's to tell; who has waited for one so long beyond its time is told of without. */
const OVERDUE_MS = 10 * 60_000

export class Ages {
  readonly #lifetimes: () => Lifetimes
  readonly #messages: Heap<Work>
  readonly #notices: Heap<Work>
  /** Those whose delay is to be told, by the time at which it is. */
  readonly #delays: Heap<Work>

  /** @param step is called at each comparison */
  constructor(lifetimes: () => Lifetimes, step: () => void) {
    this.#lifetimes = lifetimes
    const byReceipt: HeapOrder<Work> = {
      before: (a, b) => {
        step()
        return a.receivedAt < b.receivedAt
      },
      moved: (work, position) => {
        work.agePosition = position
      },
    }
    this.#messages = new Heap(byReceipt)
    this.#notices = new Heap(byReceipt)
    this.#delays = new Heap({
      before: (a, b) => {
        step()
        return a.tellAt < b.tellAt
      },
      moved: (work, position) => {
        work.delayPosition = position
      },
    })
  }

  add(work: Work): void {
    this.#heapOf(work).push(work)
    const { delayNotice } = this.#lifetimes()
    if (work.nullSender || work.delayTold || delayNotice === 0) return
    work.tellAt = Math.max(work.receivedAt + delayNotice, work.dueAt + OVERDUE_MS)
    this.#delays.push(work)
  }

  remove(work: Work): void {
    this.#heapOf(work).remove(work.agePosition)
    this.#delays.remove(work.delayPosition)
  }

  /** When something happens next. */
  nextAt(): number {
    const { expire, expireNotices } = this.#lifetimes()
    const at = (heap: Heap<Work>, age: number): number => (heap.peek()?.receivedAt ?? Number.POSITIVE_INFINITY) + age
    const delay = this.#delays.peek()?.tellAt ?? Number.POSITIVE_INFINITY
    return Math.min(at(this.#messages, expire), at(this.#notices, expireNotices), delay)
  }

  /** The next that has come of age, and is asked about once. */
  pop(now: number): AgeEvent | undefined {
    const { expire, expireNotices } = this.#lifetimes()
    const expired = popBefore(this.#messages, now - expire) ?? popBefore(this.#notices, now - expireNotices)
    if (expired !== undefined) return { work: expired, what: 'expired' }
    const work = this.#delays.peek()
    if (work === undefined || work.tellAt > now) return undefined
    this.#delays.pop()
    work.delayTold = true
    return { work, what: 'delayed' }
  }

  #heapOf({ nullSender }: Work): Heap<Work> {
    return nullSender ? this.#notices : this.#messages
  }
}

/** The first, when it was received by then. */
function popBefore(heap: Heap<Work>, receivedAt: number): Work | undefined {
  const work = heap.peek()
  return work === undefined || work.receivedAt > receivedAt ? undefined : heap.pop()
}
