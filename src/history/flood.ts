// SPDX-License-Identifier: Apache-2.0
/**
 * A stranger must not be able to write our disk full (design 2.2): of one address, the first ten traces a minute that
 * ended in a refusal are kept; the rest are counted, and summed in one record when the minute is over.
 */
import type { Clock } from '../clock/clock.ts'
import type { FloodRecord, Trace, TraceSink } from '../policy/trace.ts'

const KEPT_A_MINUTE = 10
const MINUTE_MS = 60_000
/** Addresses watched at one time; beyond them refusals of new addresses are summed under `other`. */
const MAX_ADDRESSES = 10_000

interface Watched {
  seen: number
  last?: Trace
}

export function createFloodGate(sink: TraceSink, clock: Clock): TraceSink & Disposable {
  let watched = new Map<string, Watched>()
  const sum = (): void => {
    for (const [address, { seen, last }] of watched) {
      const step = last?.steps.findLast(({ result }) => result === 'refuse' || result === 'defer')
      if (seen <= KEPT_A_MINUTE || last === undefined) continue
      const record: FloodRecord = {
        record: 'flood',
        version: 1,
        at: clock.now(),
        address,
        count: seen - KEPT_A_MINUTE,
        reply: step?.reply ?? last.outcome,
        by: step?.by ?? { by: 'protocol', rule: 'RFC 5321 §3.8' },
      }
      sink.append(record)
    }
    watched = new Map()
  }
  let cancel: () => void
  const again = (): void => {
    sum()
    cancel = clock.after(MINUTE_MS, again)
  }
  cancel = clock.after(MINUTE_MS, again)
  return {
    append(record) {
      if (record.record !== 'trace' || !['refused', 'deferred', 'abandoned'].includes(record.outcome)) {
        sink.append(record)
        return
      }
      const { address } = record.client
      const known = watched.has(address) || watched.size < MAX_ADDRESSES
      const key = known ? address : 'other'
      const entry = watched.get(key) ?? { seen: 0 }
      watched.set(key, entry)
      entry.seen++
      if (entry.seen <= KEPT_A_MINUTE && known) sink.append(record)
      else entry.last = record
    },
    [Symbol.dispose]() {
      cancel()
      sum()
    },
  }
}
