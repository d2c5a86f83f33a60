// SPDX-License-Identifier: Apache-2.0
/** Counters that another process keeps, for a worker: the dispatcher's, over the link (design 2.5). */
import type { CounterAnswer, CounterCalls, CounterRequest, Counters } from './counters.ts'

export const linkedCounters = (
  call: (request: CounterCalls['count']['params']) => Promise<CounterCalls['count']['result']>,
): Counters => ({
  async count(request: CounterRequest): Promise<CounterAnswer> {
    try {
      return await call(request)
    } catch (error) {
      return { kind: 'defer', cause: error instanceof Error ? error.message : String(error) }
    }
  },
})
