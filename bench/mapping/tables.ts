// SPDX-License-Identifier: Apache-2.0
/**
 * The tables: rows of the kinds that long tables of a site are made of, in turn, and the same content in the languages
 * of Postfix. `n` tells the rows apart; a row that matches gives it back.
 */

export interface Kind {
  readonly name: string
  readonly row: (n: number) => string
  /** What only row `n` matches; nothing at all from 10,000,000 on. */
  readonly probe: (n: number) => string
  readonly pcre?: (n: number) => string
  readonly cidr?: (n: number) => string
}

const octets = (n: number): string => `${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`
const dotted = (text: string): string => text.replaceAll('.', '\\.')

const LITERAL: Kind = {
  name: 'literal',
  row: (n) => `tcp_local|user${n}@a.test|l|kim@b.test $Y${n}`,
  probe: (n) => `tcp_local|user${n}@a.test|l|kim@b.test`,
  pcre: (n) => `/^tcp_local\\|user${n}@a\\.test\\|l\\|kim@b\\.test$/ ${n}`,
}
const PREFIX: Kind = {
  name: 'prefix',
  row: (n) => `from${n}@a.test|* $N${n}`,
  probe: (n) => `from${n}@a.test|whoever`,
  pcre: (n) => `/^from${n}@a\\.test\\|/ ${n}`,
}
const SUFFIX: Kind = {
  name: 'suffix',
  row: (n) => `*@domain${n}.test $N${n}`,
  probe: (n) => `someone@domain${n}.test`,
  pcre: (n) => `/@domain${n}\\.test$/ ${n}`,
}
const MIDDLE: Kind = {
  name: 'wildcard in the middle',
  row: (n) => `tcp_*|kim@d${n}.test|*|lee@b.test $N${n}`,
  probe: (n) => `tcp_local|kim@d${n}.test|l|lee@b.test`,
  pcre: (n) => `/^tcp_.*\\|kim@d${n}\\.test\\|.*\\|lee@b\\.test$/ ${n}`,
}
const SESSION_NETWORK: Kind = {
  name: 'network in a session',
  row: (n) => `TCP|*|25|$(10.${octets(n)}/32)|* $N${n}`,
  probe: (n) => `TCP|192.0.2.10|25|${n < 1e7 ? `10.${octets(n)}` : `11.${octets(n)}`}|50344`,
  pcre: (n) => `/^TCP\\|.*\\|25\\|10\\.${dotted(octets(n))}\\|/ ${n}`,
}
const NETWORK: Kind = {
  name: 'network',
  row: (n) => `$(${wide(n)}/28) $N${n}`,
  probe: (n) => (n < 1e7 ? wide(n) : '198.51.100.7'),
  cidr: (n) => `${wide(n)}/28 ${n}`,
}

function wide(n: number): string {
  const at = n * 16
  return `${10 + (at >> 24)}.${octets(at)}`
}

/** What is asked in one comparison. `peer`: the type of Postfix's table with the same content. */
export interface Mix {
  readonly name: string
  readonly kinds: readonly Kind[]
  readonly peer: 'pcre' | 'cidr'
}

export const MIXES: readonly Mix[] = [
  { name: 'mixed', kinds: [LITERAL, PREFIX, SUFFIX, SESSION_NETWORK, MIDDLE], peer: 'pcre' },
  { name: 'networks', kinds: [NETWORK], peer: 'cidr' },
]

const kindOf = ({ kinds }: Mix, n: number): Kind => {
  const kind = kinds[n % kinds.length]
  if (kind === undefined) throw new Error('a mix without kinds')
  return kind
}

/** A mappings file with the one table `T`. */
export const mappingsFile = (mix: Mix, rows: number): string =>
  `T\n\n${Array.from({ length: rows }, (_, n) => `  ${kindOf(mix, n).row(n)}\n`).join('')}`

export const postfixFile = (mix: Mix, rows: number): string =>
  Array.from({ length: rows }, (_, n) => `${kindOf(mix, n)[mix.peer]?.(n) ?? ''}\n`).join('')

export const PLACES = ['early', 'late', 'miss'] as const
export type ProbePlace = (typeof PLACES)[number]

/** Probes of every kind in turn, each with what it must give: hits in the first or last tenth of the table, or none. */
export function probesOf(
  mix: Mix,
  rows: number,
  place: ProbePlace,
  count: number,
): { text: string; output?: string }[] {
  const tenth = Math.max(1, Math.floor(rows / 10 / mix.kinds.length))
  const many = mix.kinds.length
  return Array.from({ length: count }, (_, i) => {
    const kind = i % many
    const step = Math.floor(i / many) % tenth
    if (place === 'miss') return { text: kindOf(mix, kind).probe(1e7 + i) }
    // Of ten rows of five kinds each kind has one early and one late.
    const n = place === 'early' ? step * many + kind : rows - (step + 1) * many + kind
    return { text: kindOf(mix, n).probe(n), output: String(n) }
  })
}
