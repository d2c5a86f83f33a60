// SPDX-License-Identifier: Apache-2.0
/**
 * Wall-clock stamps on the monotonic clock. All waiting is done in monotonic time; stamps in the queue are wall-clock
 * time, because they outlive the process. A wall clock that is set while we run is noticed, told, and changes no wait: a
 * stamp is read with the offset that held when it was made.
 *
 * Bugs: a stamp that could have been made before and after the clock was set back is read as made after. The time a
 * machine sleeps is not counted by Linux's monotonic clock: waking up looks like a jump forward.
 */
import type { Clock } from '../../clock/clock.ts'

/** A difference below is drift or a slow look, and followed silently. */
const JUMP_MS = 1000
/** Offsets remembered; a clock that jumps more often is told and not remembered as well. */
const MAX_PERIODS = 32

interface Period {
  /** Monotonic. */
  readonly from: number
  /** What to take from a wall-clock stamp to have monotonic time. */
  offset: number
}

export class Timeline {
  readonly #clock: Clock
  readonly #jumped: (byMs: number) => void
  /** The latest first; never empty. */
  #periods: readonly [Period, ...Period[]]

  constructor(clock: Clock, jumped: (byMs: number) => void) {
    this.#clock = clock
    this.#jumped = jumped
    this.#periods = [{ from: clock.monotonic(), offset: clock.now() - clock.monotonic() }]
  }

  /** Monotonic now. Looks whether the wall clock was set on the way. */
  now(): number {
    const now = this.#clock.monotonic()
    const offset = this.#clock.now() - now
    const latest = this.#periods[0]
    const by = offset - latest.offset
    if (Math.abs(by) < JUMP_MS) latest.offset = offset
    else {
      const [, ...earlier] = this.#periods
      this.#periods = [{ from: now, offset }, latest, ...earlier.slice(0, MAX_PERIODS - 2)]
      this.#jumped(by)
    }
    return now
  }

  /** When something happened that was stamped so; never later than `now`. */
  past(stamp: number, now = this.now()): number {
    let until = now
    for (const { from, offset } of this.#periods) {
      const at = stamp - offset
      if (at >= from && at <= until) return at
      until = from
    }
    // Before we began, or never.
    const { offset } = this.#periods.at(-1) ?? this.#periods[0]
    return Math.min(stamp - offset, now)
  }

  /** When something is due that was stamped so; `now` at the earliest, `longest` from then at the latest. */
  future(stamp: number, longest: number, now = this.now()): number {
    const wait = stamp - this.#periods[0].offset - now
    return now + Math.max(0, Math.min(wait, longest))
  }
}
