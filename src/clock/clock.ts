// SPDX-License-Identifier: Apache-2.0
/** Time as a parameter: everything that waits or stamps is handed a clock, so that tests turn it by hand. */
import { performance } from 'node:perf_hooks'

export interface Clock {
  /** Wall-clock time, milliseconds since the epoch. May jump. For stamps, never for intervals. */
  now(): number
  /** Milliseconds from an arbitrary start; never runs backwards. For intervals and deadlines. */
  monotonic(): number
  /** Runs `run` once after `delayMs` (of monotonic time). The returned function cancels. */
  after(delayMs: number, run: () => void): () => void
}

/** Waits of so many milliseconds and more end up to so many later. */
const GRIDS = [
  { from: 120_000, stepMs: 10_000 },
  { from: 8_000, stepMs: 1_000 },
]

/**
 * Never shorter. Node keeps a list for each length of time that is waited for: long waits, which hardly ever come to their
 * end, shall have few lengths.
 */
export function coarse(delayMs: number): number {
  for (const { from, stepMs } of GRIDS) if (delayMs >= from) return Math.ceil(delayMs / stepMs) * stepMs
  return delayMs
}

/** Asked many times for each message: `performance` is imported, for the global of that name is looked up each time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delayMs, run) => {
    // A delay over 2^31-1 ms would fire at once; callers re-arm when woken early.
    const timer = setTimeout(run, Math.min(coarse(delayMs), 0x7fffffff))
    return () => clearTimeout(timer)
  },
}

/** A clock for tests: stands still until told to move, and runs what falls due in order. */
export class ManualClock implements Clock {
  #now: number
  #elapsed = 0
  #timers: { at: number; run: () => void }[] = []
  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#now = startMs
  }
  now(): number {
    return this.#now
  }
  monotonic(): number {
    return this.#elapsed
  }
  after(delayMs: number, run: () => void): () => void {
    const timer = { at: this.#elapsed + Math.max(0, delayMs), run }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((t) => t !== timer)
    }
  }
  /** Lets `ms` pass, running each timer at its moment. */
  advance(ms: number): void {
    const end = this.#elapsed + ms
    for (;;) {
      const due = this.#timers.filter((t) => t.at <= end).sort((a, b) => a.at - b.at)[0]
      if (due === undefined) break
      this.#timers = this.#timers.filter((t) => t !== due)
      this.#now += due.at - this.#elapsed
      this.#elapsed = due.at
      due.run()
    }
    this.#now += end - this.#elapsed
    this.#elapsed = end
  }
  /** Moves the wall clock alone, as an administrator or NTP would. */
  jump(ms: number): void {
    this.#now += ms
  }
}
