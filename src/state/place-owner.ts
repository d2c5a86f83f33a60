// SPDX-License-Identifier: Apache-2.0
/**
 * Places for connections of several workers (design 2.4): one owner counts. A worker may keep a place when its connection
 * has ended, for the next client from the same address (kept-places.ts), so that a client that comes again and again costs
 * no word between processes. Kept places count as taken, hence there is never one too many; and nobody is refused while
 * somebody keeps one: all that are kept are called back first, hence never one too few.
 */
import type { Answers } from '../ask/questions.ts'
import type { Clock } from '../clock/clock.ts'
import type { ConnectionSlots, Slot, SlotLimits } from './connection-slots.ts'

export interface PlaceAnswer {
  readonly answer: Answers['slot.claim']
  /** Its number, when it was granted. */
  readonly place?: number
  /** It may be kept until places of this round are called back; not there when it may not be. */
  readonly round?: number
}

/** Where places are few nothing is kept for so long: else each client refused would call back what was kept since the last. */
const SCARCE_MS = 1000
/** A worker that does not answer by then hangs, and its places are as taken as those of its connections. */
const RECALL_MS = 500

export class PlaceOwner {
  readonly #slots: ConnectionSlots
  readonly #limits: () => SlotLimits
  readonly #clock: Clock
  readonly #recallFrom: (worker: number, round: number) => Promise<readonly number[]>
  readonly #places = new Map<number, Slot>()
  /** Workers that have places of this round. */
  readonly #keepers = new Set<number>()
  #round = 0
  #recalling: Promise<void> | undefined
  #scarceUntil = Number.NEGATIVE_INFINITY
  #last = 0
  /** How often each worker has gone. */
  readonly #deaths = new Map<number, number>()

  /** @param parts.recall has a worker give back what it keeps of this round and earlier ones, and keep no more of them */
  constructor(parts: {
    readonly slots: ConnectionSlots
    readonly limits: () => SlotLimits
    readonly clock: Clock
    readonly recall: (worker: number, round: number) => Promise<readonly number[]>
  }) {
    this.#slots = parts.slots
    this.#limits = parts.limits
    this.#clock = parts.clock
    this.#recallFrom = parts.recall
  }

  claim(worker: number, address: string): PlaceAnswer | Promise<PlaceAnswer> {
    const first = this.#claim(worker, address)
    if (first.answer.granted || first.answer.limit === 'connectionsPerMinute') return first
    if (this.#keepers.size === 0 && this.#recalling === undefined) return first
    const deaths = this.#deaths.get(worker)
    // A place for a worker that has gone meanwhile would never come back.
    return this.recall().then(() => (this.#deaths.get(worker) === deaths ? this.#claim(worker, address) : first))
  }

  release(places: readonly number[]): void {
    for (const place of places) {
      const slot = this.#places.get(place)
      this.#places.delete(place)
      if (slot !== undefined) this.#slots.release(slot)
    }
  }

  /** Has all workers give back what they keep: places are few, or other limits count now. Never rejects. */
  recall(): Promise<void> {
    this.#scarceUntil = this.#clock.monotonic() + SCARCE_MS
    this.#recalling ??= this.#recallAll().finally(() => {
      this.#recalling = undefined
    })
    return this.#recalling
  }

  /** The worker is gone: all that was its is free. */
  gone(worker: number): void {
    this.#deaths.set(worker, (this.#deaths.get(worker) ?? 0) + 1)
    this.#keepers.delete(worker)
    this.#slots.releaseAll(worker)
    for (const [place, { holder }] of this.#places) if (holder === worker) this.#places.delete(place)
  }

  #claim(worker: number, address: string): PlaceAnswer {
    const limits = this.#limits()
    const { answer, slot } = this.#slots.claim(address, worker, limits)
    if (slot === undefined) return { answer }
    this.#last += 1
    this.#places.set(this.#last, slot)
    // Who may come a number of times a minute is counted each time.
    const keeps = limits.connectionsPerMinute === 0 && this.#clock.monotonic() >= this.#scarceUntil
    if (!keeps) return { answer, place: this.#last }
    this.#keepers.add(worker)
    return { answer, place: this.#last, round: this.#round }
  }

  async #recallAll(): Promise<void> {
    const round = this.#round++
    const asked = [...this.#keepers].map(async (worker) => this.release(await this.#recallFrom(worker, round)))
    this.#keepers.clear()
    const late = Promise.withResolvers<void>()
    const cancel = this.#clock.after(RECALL_MS, late.resolve)
    await Promise.race([Promise.allSettled(asked), late.promise])
    cancel()
  }
}
