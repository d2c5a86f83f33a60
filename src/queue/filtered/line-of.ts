// SPDX-License-Identifier: Apache-2.0
/** The line of a filter that is why something came of a recipient: the answer to "why" in the history. */
import type { FilterPlace } from '../../envelope/filtered.ts'
import type { Settled } from '../outcome-events.ts'

/** Absent: no filter had a part in it. */
export function lineOf({ result, event, recipient: { filtered, copy, unfiltered } }: Settled): FilterPlace | undefined {
  switch (result) {
    case 'delivered':
      return copy?.by
    case 'expanded':
      // Asked now, the recipient became the one that was decided about.
      if (unfiltered === true && event.event === 'expanded') return event.into[0]?.filtered?.by
      return filtered?.by
    case 'redirected':
    case 'duplicate':
      return filtered?.by
    case 'failed':
      return filtered?.refused === undefined ? undefined : filtered.by
    default:
      return undefined
  }
}
