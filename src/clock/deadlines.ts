// SPDX-License-Identifier: Apache-2.0
/**
 * Deadlines of many things under way, of which nearly none is missed, with one timer for all of them: it is set for the
 * earliest, and looks which is the next only when it rings. Each comes at its moment, never before.
 */
import { Alarm } from './alarm.ts'
import type { Clock } from './clock.ts'

export class Deadlines<T> {
  readonly #clock: Clock
  readonly #missed: (one: T) => void
  readonly #alarm: Alarm
  readonly #at = new Map<T, number>()
  #earliest = Number.POSITIVE_INFINITY

  /** @param missed is called with each whose time is over; it has no deadline any more */
  constructor(clock: Clock, missed: (one: T) => void) {
    this.#clock = clock
    this.#missed = missed
    this.#alarm = new Alarm(clock, () => this.#look())
  }

  /** @param ms from now; `Infinity` for none */
  set(one: T, ms: number): void {
    const at = this.#clock.monotonic() + ms
    this.#at.delete(one)
    this.#at.set(one, at)
    if (at >= this.#earliest) return
    this.#earliest = at
    this.#alarm.set(ms)
  }

  /** It is in time. */
  delete(one: T): void {
    this.#at.delete(one)
    if (this.#at.size > 0) return
    this.#earliest = Number.POSITIVE_INFINITY
    this.#alarm.stop()
  }

  #look(): void {
    const now = this.#clock.monotonic()
    const late: T[] = []
    this.#earliest = Number.POSITIVE_INFINITY
    for (const [one, at] of this.#at)
      if (at <= now) late.push(one)
      else if (at < this.#earliest) this.#earliest = at
    for (const one of late) this.#at.delete(one)
    if (this.#earliest < Number.POSITIVE_INFINITY) this.#alarm.set(this.#earliest - now)
    for (const one of late) this.#missed(one)
  }
}
