// SPDX-License-Identifier: Apache-2.0
/** What one operation has done so far, against its bounds. Nested tables share it with the table that calls them. */
import type { RunLimits } from './limits.ts'

export class Work {
  readonly limits: RunLimits
  /** Comparisons of the matcher, cells of its tables, look-ups in the index. */
  steps = 0
  lookups = 0
  matches = 0
  /** The bound that was hit, in words for a log. */
  exhausted: string | undefined
  #octets = new Uint8Array(1024)
  /** Room for one IPv6 address. */
  readonly words = new Uint32Array(4)

  constructor(limits: RunLimits) {
    this.limits = limits
  }

  /** Room for a matcher's table: `size` octets, not cleared. One at a time. */
  octets(size: number): Uint8Array {
    if (this.#octets.length < size) this.#octets = new Uint8Array(size * 2)
    return this.#octets
  }

  /** Counts steps; false once there were too many. */
  spend(steps: number): boolean {
    this.steps += steps
    return this.steps <= this.limits.steps || this.exhaust(`more than ${this.limits.steps} steps`)
  }

  exhaust(why: string): false {
    this.exhausted ??= why
    return false
  }
}
