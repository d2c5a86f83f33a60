// SPDX-License-Identifier: Apache-2.0
/** Calls that can never succeed as they are written: told in the log once each. And what being unable to count means. */
import type { Lookup } from '../ask/lookup.ts'
import type { Log } from '../monitor/log.ts'

export interface Faults {
  /** Always the failure of the routine. */
  told(image: string, why: string): { readonly kind: 'absent' }
}

/** A call's argument may hold what a stranger said, so there may be any number of different faults. */
const MAX_TOLD = 1000
const MAX_TEXT = 200

export function tellFaults(log: Log): Faults {
  const known = new Set<string>()
  return {
    told(image, why) {
      const fault = `${image},${why}`.slice(0, MAX_TEXT)
      if (!known.has(fault) && known.size < MAX_TOLD) {
        known.add(fault)
        log.error('call-out.fault', { image, why: why.slice(0, MAX_TEXT) })
      }
      return { kind: 'absent' }
    },
  }
}

/** Spec access-control.md 7.3: not over its quota, or the server cannot be reached: both are a failure of the routine. */
export const failing = (answer: Lookup<string>): Exclude<Lookup<string>, { kind: 'defer' }> =>
  answer.kind === 'defer' ? { kind: 'absent' } : answer
