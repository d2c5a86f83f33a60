// SPDX-License-Identifier: Apache-2.0
/** For redis-counters.test.ts: a process that asks a quota so many times, and prints how many calls were under it. */
import { silentLog } from '../monitor/log.ts'
import { tableOf } from './counters.suite.ts'
import { openRedisCounters } from './redis-counters.ts'

const [url = '', calls = '0', quota = '0'] = process.argv.slice(2)
await using counters = await openRedisCounters({
  url,
  prefix: 'test:',
  timeoutMs: 30_000,
  reconnectMs: 1000,
  log: silentLog,
})
const table = tableOf('shared', { quota: Number(quota), windowMs: 3_600_000 })
const asked = Array.from({ length: Number(calls) }, () => counters.count({ do: 'throttle', table, key: 'client' }))
const answers = await Promise.all(asked)
const under = answers.filter((answer) => answer.kind === 'found' && answer.value === 'under').length
const over = answers.filter((answer) => answer.kind === 'found' && answer.value === 'over').length
console.log(JSON.stringify({ under, over }))
