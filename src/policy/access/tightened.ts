// SPDX-License-Identifier: Apache-2.0
/** Limits of one transaction that a row of FROM_ACCESS made smaller, `$S`: spec access-control.md 3.2. */
import type { DecidedBy } from '../../ask/decided-by.ts'
import type { SaidLimits } from './flags.ts'

export interface Tightened {
  /** By the names of the channel's limits (channel-limits.ts). Each counts where it is smaller than the channel's. */
  readonly limits: {
    readonly sourceBlockLimit?: number
    readonly recipientLimit?: number
    readonly recipientCutoff?: number
  }
  /** The row. */
  readonly by: DecidedBy
}

export const tightenedBy = ({ blockLimit, ...limits }: SaidLimits, by: DecidedBy): Tightened => ({
  limits: { ...limits, ...(blockLimit === undefined ? {} : { sourceBlockLimit: blockLimit }) },
  by,
})
