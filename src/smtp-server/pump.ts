// SPDX-License-Identifier: Apache-2.0
/**
 * Runs a session step by step for as long as there is something to do, without a promise where nothing has to be waited
 * for, and gives all others their turn after a moment of work.
 */
import type { Clock } from '../clock/clock.ts'

/** Nothing can be done before `wake`. */
export const IDLE = 'idle'
/** There is nothing more to do, ever. */
export const OVER = 'over'
/** What came of a step: something was done, at once or when the promise says so. */
export type Step = undefined | Promise<unknown> | typeof IDLE | typeof OVER

/**
 * A session that has worked so long lets all others have their turn first, however it came to its work: libuv reads a
 * socket that is never empty 32 times in a row.
 */
const TURN_MS = 2

export class Pump {
  readonly #step: (now: number) => Step
  readonly #clock: Clock
  readonly #end = Promise.withResolvers<void>()
  /** Milliseconds of work since others had their turn for certain. */
  #worked = 0

  /** @param step is told the monotonic time at which it begins */
  constructor(step: (now: number) => Step, clock: Clock) {
    this.#step = step
    this.#clock = clock
  }

  /** Runs until a step says that it is over. Rejects with what a step throws; none is taken after it. */
  run(): Promise<void> {
    this.wake()
    return this.#end.promise
  }

  /** Goes on after `IDLE`. */
  readonly wake = (): void => {
    let now = this.#clock.monotonic()
    const began = now - this.#worked
    try {
      for (; now - began < TURN_MS; now = this.#clock.monotonic()) {
        const step = this.#step(now)
        if (step === undefined) continue
        this.#worked = this.#clock.monotonic() - began
        if (step === OVER) this.#end.resolve()
        else if (step !== IDLE) step.then(this.wake, this.#end.reject)
        return
      }
      this.#worked = 0
      setImmediate(this.wake)
    } catch (error) {
      this.#end.reject(error)
    }
  }
}
