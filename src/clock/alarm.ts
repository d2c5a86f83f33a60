// SPDX-License-Identifier: Apache-2.0
/**
 * One timer for all the waits of a connection, of which nearly none comes to its end: a wait that is over leaves the
 * timer where it is, and only a wait that ends before it would ring sets it anew.
 */
import type { Clock } from './clock.ts'

export class Alarm {
  readonly #clock: Clock
  readonly #ring: () => void
  #deadline = Number.POSITIVE_INFINITY
  #armedFor = Number.POSITIVE_INFINITY
  #cancel: (() => void) | undefined

  /** @param ring is called when a wait is over time */
  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock
    this.#ring = ring
  }

  /** A wait begins, instead of the one before. @param ms from now */
  set(ms: number): void {
    this.until(this.#clock.monotonic() + ms)
  }

  /** The same, without a look at the clock where the timer can stay as it is. @param deadline monotonic milliseconds */
  until(deadline: number): void {
    this.#deadline = deadline
    if (deadline < this.#armedFor) this.#arm(Math.max(0, deadline - this.#clock.monotonic()))
  }

  /** The wait is over. */
  clear(): void {
    this.#deadline = Number.POSITIVE_INFINITY
  }

  /** Gives the timer back: there will be no more waits. */
  stop(): void {
    this.clear()
    this.#cancel?.()
    this.#cancel = undefined
    this.#armedFor = Number.POSITIVE_INFINITY
  }

  #arm(ms: number): void {
    this.#cancel?.()
    this.#armedFor = this.#deadline
    this.#cancel = this.#clock.after(ms, () => {
      this.#cancel = undefined
      this.#armedFor = Number.POSITIVE_INFINITY
      if (this.#deadline === Number.POSITIVE_INFINITY) return
      const left = this.#deadline - this.#clock.monotonic()
      if (left > 0) this.#arm(Math.max(1, left))
      else {
        this.clear()
        this.#ring()
      }
    })
  }
}
