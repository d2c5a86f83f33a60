// SPDX-License-Identifier: Apache-2.0
/**
 * Conservation (design 2.9): recipients that came in are as many as those that came to an end and those that still
 * wait. Sums over what the store says of itself; a difference is a bug, or a file that somebody removed.
 */
import { TERMINAL } from '../envelope/ledger.ts'
import type { QueueStore } from './store.ts'

export interface Conservation {
  readonly balanced: boolean
  /** The sum, written out. */
  readonly detail: string
}

export function checkConservation(store: QueueStore): Conservation {
  const totals = store.ledger()
  let waiting = 0
  // Ends of messages that are still in the store stand in the totals already.
  for (const entry of store.entries()) waiting += entry.waiting.length
  const ends = TERMINAL.reduce((sum, end) => sum + totals[end], 0)
  const came = totals.accepted + totals.born
  const written = TERMINAL.map((end) => `${totals[end]} ${end}`).join(', ')
  return {
    balanced: came === ends + waiting,
    detail: `${totals.accepted} accepted + ${totals.born} born = ${came}; ${written}, ${waiting} waiting = ${ends + waiting}`,
  }
}
