// SPDX-License-Identifier: Apache-2.0
/**
 * `conn_throttle`: connections of an address in a minute, spec access-control.md 7.2. Success says that it is over. One
 * count for all workers, where the historical table was one of each process; keepers that are away refuse nobody.
 */
import { normaliseIp } from '../address/network.ts'
import type { CallOut } from '../ask/call-outs.ts'
import type { Counters } from '../state/counters.ts'
import { type Faults, failing } from './faults.ts'
import { NOTHING, THROTTLE_ENTRIES, THROTTLE_WINDOW_MS } from './unsure.ts'

const IMAGE = 'conn_throttle'

export function connThrottle(counters: Counters, faults: Faults): ReadonlyMap<string, CallOut> {
  const routine =
    (name: string, penalize: boolean): CallOut =>
    async (argument) => {
      const [ip = '', rate = ''] = argument.split(',').map((part) => part.trim())
      if (!/^\d{1,9}$/.test(rate)) return faults.told(IMAGE, `${name}: ${rate} is no rate`)
      const key = normaliseIp(ip)
      if (key === undefined) return { kind: 'absent' }
      // The dot keeps it apart from the tables of the configuration.
      const table = {
        name: `${IMAGE}.${name}`,
        quota: Number(rate),
        windowMs: THROTTLE_WINDOW_MS,
        penalize,
        maxEntries: THROTTLE_ENTRIES,
      }
      const answer = failing(await counters.count({ do: 'throttle', table, key }))
      return answer.kind === 'found' && answer.value === 'over' ? { kind: 'found', value: NOTHING } : { kind: 'absent' }
    }
  return new Map([
    ['throttle', routine('throttle', false)],
    ['throttle_p', routine('throttle_p', true)],
  ])
}
