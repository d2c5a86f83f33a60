// SPDX-License-Identifier: Apache-2.0
/**
 * What a host answers that has no session to hold up, no log, and nothing behind mapping tables: a placement of our own
 * mail, a test. Look-ups fail as they would with the service behind them away.
 */
import type { Host } from './ask.ts'

const AWAY = { kind: 'defer', cause: 'nothing here answers' } as const

export const NO_TABLES: Pick<
  Host,
  | 'mapping.sequence'
  | 'mapping.url'
  | 'mapping.call'
  | 'system.group'
  | 'dnsLists.out'
  | 'dnsLists.told'
  | 'wait'
  | 'note'
> = {
  'mapping.sequence': () => AWAY,
  'mapping.url': () => AWAY,
  'mapping.call': () => ({ kind: 'unknown' }),
  'system.group': () => AWAY,
  'dnsLists.out': () => [],
  'dnsLists.told': () => undefined,
  wait: () => undefined,
  note: () => undefined,
}
