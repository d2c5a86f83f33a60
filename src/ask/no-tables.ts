// SPDX-License-Identifier: Apache-2.0
/**
 * What a host answers that has no session to hold up, no log, and nothing behind mapping tables and filters: a placement
 * of our own mail, a test. Look-ups fail as they would with the service behind them away.
 */
import type { Host } from './ask.ts'

const AWAY = { kind: 'defer', cause: 'nothing here answers' } as const

type FilterQuestion =
  | 'directory.filters'
  | 'content'
  | 'filter.file'
  | 'mailbox.find'
  | 'mailbox.room'
  | 'memory.claim'
  | 'memory.unclaim'

/** Nobody has filters, and nothing that filters ask about is there. */
export const NO_FILTERS: Pick<Host, FilterQuestion> = {
  'directory.filters': () => ({ kind: 'absent' }),
  content: () => ({ kind: 'absent' }),
  'filter.file': () => ({ kind: 'absent' }),
  'mailbox.find': () => ({ kind: 'absent' }),
  'mailbox.room': () => ({ kind: 'absent' }),
  'memory.claim': () => ({ kind: 'absent' }),
  'memory.unclaim': () => undefined,
}

export const NO_TABLES: Pick<
  Host,
  | FilterQuestion
  | 'directory.attribute'
  | 'mapping.sequence'
  | 'mapping.url'
  | 'mapping.call'
  | 'system.group'
  | 'dnsLists.out'
  | 'dnsLists.told'
  | 'wait'
  | 'note'
> = {
  ...NO_FILTERS,
  'directory.attribute': () => ({ kind: 'absent' }),
  'mapping.sequence': () => AWAY,
  'mapping.url': () => AWAY,
  'mapping.call': () => ({ kind: 'unknown' }),
  'system.group': () => AWAY,
  'dnsLists.out': () => [],
  'dnsLists.told': () => undefined,
  wait: () => undefined,
  note: () => undefined,
}
