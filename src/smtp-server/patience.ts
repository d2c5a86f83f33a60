// SPDX-License-Identifier: Apache-2.0
/** How long a client may take for what it sends, and how much is read of it: limits.ts has the reasons. */
import type { Clock } from '../clock/clock.ts'
import type { Limits } from '../config/schema.ts'
import { MAX_SWALLOWED_FACTOR, MIN_OCTETS_PER_SECOND } from './limits.ts'

/** However small the largest message is, this much is read before a session is closed for sending too much. */
const MIN_SWALLOWED = 16 * 1024 * 1024

/** Times are monotonic milliseconds. */
export class Patience {
  readonly #clock: Clock
  readonly #limits: () => Limits
  #lineDeadline = 0

  /** @param limits those of the session's policy now */
  constructor(clock: Clock, limits: () => Limits) {
    this.#clock = clock
    this.#limits = limits
  }

  /** When a whole command line must have come. */
  get lineDeadline(): number {
    return this.#lineDeadline
  }

  /** The next line has its whole time. */
  lineBegins(now = this.#clock.monotonic()): void {
    this.#lineDeadline = now + this.#limits().commandTimeout
  }

  /** When the first octets of content must have come. */
  contentDeadline(): number {
    return this.#clock.monotonic() + this.#limits().dataTimeout
  }

  /** Each octet buys its share of a second, up to a whole `dataTimeout` ahead. */
  extended(deadline: number, octets: number): number {
    return Math.min(this.contentDeadline(), deadline + (octets * 1000) / MIN_OCTETS_PER_SECOND)
  }

  /** Octets of one message that are read, kept or not. */
  get mostOctets(): number {
    return Math.max(MIN_SWALLOWED, MAX_SWALLOWED_FACTOR * this.#limits().messageSize)
  }
}
