// SPDX-License-Identifier: Apache-2.0
/**
 * Flags that the tables of access control know (spec access-control.md 3, 4, 10; mapping-tables.md 6), so that a row
 * with another one can be warned about. What the flags do is the caller's matter.
 */

export interface KnownTable {
  /** Output flags without argument. */
  readonly plain: string
  /** Output flags with an argument, in the order the arguments are read. `I` takes two. */
  readonly withArgument: string
  /** Output flags whose argument may be left out; it is read last. */
  readonly optional: string
  /** Input flags the caller may set. */
  readonly input: string
}

const RECIPIENT: KnownTable = { plain: 'YBHVZ', withArgument: 'UI<>DTAGMX,', optional: 'NF', input: 'ATELSFD' }

const KNOWN: Readonly<Record<string, KnownTable>> = {
  PORT_ACCESS: { plain: 'YT', withArgument: 'U<>', optional: 'NF', input: 'A' },
  FROM_ACCESS: { plain: 'YBHVZ!', withArgument: 'UJKI<>DTAGMSX,', optional: 'NF', input: 'AT' },
  ORIG_SEND_ACCESS: RECIPIENT,
  SEND_ACCESS: RECIPIENT,
  ORIG_MAIL_ACCESS: RECIPIENT,
  MAIL_ACCESS: RECIPIENT,
  IP_ACCESS: { plain: 'NIA', withArgument: '', optional: '', input: '' },
  DEQUEUE_ACCESS: { plain: 'NS', withArgument: '', optional: '', input: 'R' },
}

export const knownTable = (name: string): KnownTable | undefined => KNOWN[name.toUpperCase()]

/** Signs other than letters that some table has a meaning for. */
export const KNOWN_SIGNS = '!<>,'

/** How many arguments a flag takes. */
export const argumentsOf = (flag: string): number => (flag === 'I' ? 2 : 1)
