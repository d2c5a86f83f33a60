// SPDX-License-Identifier: Apache-2.0
/** DNS lists that nobody will ask: for channels or listeners there are not. And greylists that nobody can pass. */
import { parseDurationMs } from '../units.ts'
import type { Check } from './check.ts'

export const checkDnsLists: Check = (c) => {
  const channels = new Set(c.map('channels').map(([name]) => name))
  for (const [i] of c.list('dnsLists', 'lists').entries())
    for (const [j, name] of c.list('dnsLists', 'lists', i, 'channels').entries())
      if (typeof name === 'string' && !channels.has(name))
        c.report({
          code: 'unknown-channel',
          path: ['dnsLists', 'lists', i, 'channels', j],
          message: `there is no channel \`${name}\``,
          reason: 'the list would never be asked',
        })
  const listeners = new Set(c.map('listeners').map(([name]) => name))
  for (const [name] of c.map('dnsLists', 'services'))
    if (!listeners.has(name))
      c.report({
        code: 'no-effect',
        severity: 'warning',
        path: ['dnsLists', 'services', name],
        where: 'key',
        message: `there is no listener \`${name}\``,
        reason: 'its lists are never asked',
        fix: `one of ${[...listeners].join(', ')}`,
      })
}

export const checkCounterTables: Check = (c) => {
  for (const [name, table] of c.map('state', 'tables')) {
    if (typeof table !== 'object' || table === null || !('type' in table) || table.type !== 'greylisting') continue
    const block = parseDurationMs(c.text('state', 'tables', name, 'blockTime') ?? '5m') ?? 0
    const resubmit = parseDurationMs(c.text('state', 'tables', name, 'resubmitTime') ?? '4h') ?? 0
    if (block > resubmit)
      c.report({
        code: 'bad-duration',
        path: ['state', 'tables', name, 'blockTime'],
        message: `nobody passes the greylist \`${name}\``,
        reason: 'a key is refused for blockTime, and forgotten after resubmitTime, which is shorter',
        fix: 'a blockTime of minutes, a resubmitTime of hours',
      })
  }
}
