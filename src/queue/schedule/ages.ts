// SPDX-License-Identifier: Apache-2.0
/**
 * Who has waited how long: which delay is to be told, whose time is over (RFC 5321 §4.5.4.1). Kept apart from what is
 * due, so that it comes true while a destination is down or a channel has no room. Ordered by the time of receipt, so
 * that changed settings count at once.
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

export class Ages {
  readonly #lifetimes: () => Lifetimes
  readonly #untold: Heap<Work>
  readonly #told: Heap<Work>
  readonly #notices: Heap<Work>

  /** @param step is called at each comparison */
  constructor(lifetimes: () => Lifetimes, step: () => void) {
    this.#lifetimes = lifetimes
    const order: HeapOrder<Work> = {
      before: (a, b) => {
        step()
        return a.receivedAt < b.receivedAt
      },
      moved: (work, position) => {
        work.agePosition = position
      },
    }
    this.#untold = new Heap(order)
    this.#told = new Heap(order)
    this.#notices = new Heap(order)
  }

  add(work: Work): void {
    this.#heapOf(work).push(work)
  }

  remove(work: Work): void {
    if (work.agePosition !== -1) this.#heapOf(work).remove(work.agePosition)
  }

  /** When something happens next. */
  nextAt(): number {
    const { expire, expireNotices, delayNotice } = this.#lifetimes()
    const at = (heap: Heap<Work>, age: number): number => (heap.peek()?.receivedAt ?? Number.POSITIVE_INFINITY) + age
    return Math.min(
      at(this.#untold, delayNotice === 0 ? expire : Math.min(delayNotice, expire)),
      at(this.#told, expire),
      at(this.#notices, expireNotices),
    )
  }

  /** The next that has come of age. Expired work leaves; delayed work stays, as told. */
  pop(now: number): AgeEvent | undefined {
    const { expire, expireNotices, delayNotice } = this.#lifetimes()
    for (const [heap, age] of [
      [this.#untold, expire],
      [this.#told, expire],
      [this.#notices, expireNotices],
    ] as const) {
      const work = heap.peek()
      if (work === undefined || work.receivedAt + age > now) continue
      heap.pop()
      return { work, what: 'expired' }
    }
    const work = this.#untold.peek()
    if (work === undefined || delayNotice === 0 || work.receivedAt + delayNotice > now) return undefined
    this.#untold.pop()
    work.delayTold = true
    this.#told.push(work)
    return { work, what: 'delayed' }
  }

  #heapOf({ nullSender, delayTold }: Work): Heap<Work> {
    return nullSender ? this.#notices : delayTold ? this.#told : this.#untold
  }
}
