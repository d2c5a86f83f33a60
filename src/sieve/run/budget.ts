// SPDX-License-Identifier: Apache-2.0
/** What a run has done so far, against its bounds; runs within a run share it. Steps make tests exact. */
import { limitCode, type SieveLimits } from '../limits.ts'
import { SieveFault } from './fault.ts'

/** The stopwatch is read, and an abort noticed, once in so many steps. */
const LOOK = 1024

export class Budget {
  readonly #limits: SieveLimits
  readonly #stopwatch: (() => number) | undefined
  readonly #signal: AbortSignal | undefined
  readonly #began: number
  steps = 0
  includes = 0
  #nextLook: number

  constructor(limits: SieveLimits, stopwatch: (() => number) | undefined, signal: AbortSignal | undefined) {
    this.#limits = limits
    this.#stopwatch = stopwatch
    this.#signal = signal
    this.#began = stopwatch?.() ?? 0
    this.#nextLook = Math.min(LOOK, limits.steps + 1)
  }

  spend(steps: number): void {
    this.steps += steps
    if (this.steps < this.#nextLook) return
    if (this.steps > this.#limits.steps)
      throw new SieveFault('limit', limitCode('steps'), `more than ${this.#limits.steps} steps`)
    // Not past the limit: who goes over it is stopped at once.
    this.#nextLook = Math.min(this.steps + LOOK, this.#limits.steps + 1)
    if (this.#signal?.aborted === true) throw new SieveFault('aborted', 'aborted', 'the run was called off')
    if (this.wallMs > this.#limits.wallMs)
      throw new SieveFault('limit', limitCode('wallMs'), `more than ${this.#limits.wallMs} ms`)
  }

  get wallMs(): number {
    return this.#stopwatch === undefined ? 0 : this.#stopwatch() - this.#began
  }
}
