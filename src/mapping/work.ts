// SPDX-License-Identifier: Apache-2.0
/** What one operation has done so far, against its bounds. Nested tables share it with the table that calls them. */
import type { RunLimits } from './limits.ts'
import type { Scratch } from './scratch.ts'

export class Work {
  readonly limits: RunLimits
  readonly scratch: Scratch
  /** Comparisons of the matcher, cells of its tables, look-ups in the index. */
  steps = 0
  lookups = 0
  matches = 0
  /** Steps that were to be kept in traces. */
  traced = 0
  /** The bound that was hit, in words for a log. */
  exhausted: string | undefined = undefined

  constructor(limits: RunLimits, scratch: Scratch) {
    this.limits = limits
    this.scratch = scratch
  }

  /** Counts steps; false once there were too many. */
  spend(steps: number): boolean {
    this.steps += steps
    return this.steps <= this.limits.steps || this.exhaust(`more than ${this.limits.steps} steps`)
  }

  /** Is the text within the bound of outputs? If not, the operation is over. */
  fits(text: string): boolean {
    const { output } = this.limits
    return (
      this.exhausted === undefined &&
      (text.length <= output || this.exhaust(`an output of more than ${output} characters`))
    )
  }

  exhaust(why: string): false {
    this.exhausted ??= why
    return false
  }
}
