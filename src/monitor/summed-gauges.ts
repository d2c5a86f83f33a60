// SPDX-License-Identifier: Apache-2.0
/** Gauges that several parts of one kind read, one each: the metric is their sum. Counters need nothing of the sort. */
import type { Metrics } from './metrics.ts'

export interface SummedGauges {
  /** What the part of this number is handed. A part made anew replaces the one before it. */
  of(part: number): Metrics
}

export function summedGauges(metrics: Metrics): SummedGauges {
  const readers = new Map<string, Map<number, () => number>>()
  return {
    of: (part) => ({
      ...metrics,
      gauge(name, help, read) {
        const known = readers.get(name)
        if (known !== undefined) {
          known.set(part, read)
          return
        }
        const parts = new Map([[part, read]])
        readers.set(name, parts)
        metrics.gauge(name, help, () => parts.values().reduce((sum, one) => sum + one(), 0))
      },
    }),
  }
}
