// SPDX-License-Identifier: Apache-2.0
/** The counters that the configuration names, for whichever process this is. */
import type { Clock } from '../clock/clock.ts'
import type { Config } from '../config/schema.ts'
import type { Log } from '../monitor/log.ts'
import type { Counters, OpenCounters } from './counters.ts'
import { openCounters } from './counters-file.ts'
import { openRedisCounters } from './redis-counters.ts'

export interface OpenCountersOptions {
  readonly state: Config['state']
  /** The file of the embedded ones. */
  readonly path: string
  /** Who keeps the embedded ones instead of this process. */
  readonly owner?: Counters
  readonly clock: Clock
  readonly log: Log
}

/** @throws Error when Redis is named and the library for it is not installed */
export async function openSiteCounters({ state, path, owner, clock, log }: OpenCountersOptions): Promise<OpenCounters> {
  const { kind, url = '', prefix, timeout: timeoutMs, connectFrequency: reconnectMs, save } = state
  if (kind === 'redis') return await openRedisCounters({ url, prefix, timeoutMs, reconnectMs, log })
  if (owner !== undefined) return { count: (request) => owner.count(request), [Symbol.asyncDispose]: async () => {} }
  return await openCounters({ path, saveMs: () => save, clock, log })
}
