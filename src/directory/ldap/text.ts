// SPDX-License-Identifier: Apache-2.0
/**
 * Texts of LDAP: values in filters (RFC 4515), in names (RFC 4514), LDAP URLs (RFC 4516), times (RFC 4517 §3.3.13).
 * Whatever a stranger may have chosen goes through here before it is part of a filter or a name.
 */

/** RFC 4515 §3: what has a meaning in a filter, and NUL. */
export const filterValue = (value: string): string =>
  value.replace(/[\\*()\0]/g, (character) => `\\${character.charCodeAt(0).toString(16).padStart(2, '0')}`)

/** An equality, RFC 4515 §3. `attribute` comes from the configuration, which lets only names in. */
export const equals = (attribute: string, value: string): string => `(${attribute}=${filterValue(value)})`

/** One filter that any of these may fulfil. */
export const anyOf = (filters: readonly string[]): string =>
  filters.length === 1 ? (filters[0] ?? '') : `(|${filters.join('')})`

/** RFC 4514 §2.4: a value as part of a name. */
export const nameValue = (value: string): string =>
  value
    .replace(/["+,;<>\\=]/g, '\\$&')
    .replace(/\0/g, '\\00')
    .replace(/^[ #]/, '\\$&')
    .replace(/ $/, '\\ ')

export type Scope = 'base' | 'one' | 'sub'

export interface LdapUrl {
  /** `''`: the servers of the configuration. */
  readonly host: string
  readonly dn: string
  readonly attributes: readonly string[]
  readonly scope: Scope
  readonly filter: string
}

/** Longest URL that is looked at: spec mapping-tables.md 4.8. */
const MAX_URL = 1024
/** Parentheses within each other: the library's parser calls itself for each. */
const MAX_DEPTH = 20

/**
 * `ldap:///dn?attributes?scope?filter`, RFC 4516 §2. `undefined`: not one, or with extensions that have to be
 * understood (`!`). The filter may hold what RFC 4516 would have percent-encoded.
 */
export function parseLdapUrl(text: string): LdapUrl | undefined {
  const m = /^ldaps?:\/\/([^/?]*)(?:\/([^?]*)(?:\?([\s\S]*))?)?$/i.exec(text)
  if (m === null || text.length > MAX_URL) return undefined
  const [attributes = '', scope = '', ...rest] = (m[3] ?? '').split('?')
  // A value in the filter may hold a question mark; extensions are all but unused.
  const filterText = rest.join('?')
  const parts = [m[2] ?? '', attributes, scope, filterText].map(percentDecoded)
  const [dn, names, how, filter] = parts
  if (dn === undefined || names === undefined || how === undefined || filter === undefined) return undefined
  const wanted = names === '' ? [] : names.split(',').map((name) => name.trim())
  if (!wanted.every((name) => ATTRIBUTE.test(name)) || !soundFilter(filter)) return undefined
  const scopes: Readonly<Record<string, Scope>> = { '': 'base', base: 'base', one: 'one', sub: 'sub' }
  const found = scopes[how.toLowerCase()]
  if (found === undefined) return undefined
  return {
    host: m[1]?.toLowerCase() ?? '',
    dn,
    attributes: wanted,
    scope: found,
    filter: filter === '' ? '(objectClass=*)' : filter,
  }
}

/** RFC 4512 §2.5: a name or a number, with options. */
const ATTRIBUTE = /^(?:[A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)*)(?:;[A-Za-z0-9-]+)*$/

function percentDecoded(text: string): string | undefined {
  try {
    return text.includes('%') ? decodeURIComponent(text) : text
  } catch {
    return undefined
  }
}

/** Parentheses in pairs, and not too deep. */
function soundFilter(filter: string): boolean {
  let depth = 0
  for (const character of filter) {
    if (character === '(') depth++
    else if (character === ')') depth--
    if (depth < 0 || depth > MAX_DEPTH) return false
  }
  return depth === 0
}

/** Generalized Time in milliseconds, RFC 4517 §3.3.13; `undefined` for what is none. Fractions are dropped. */
export function parseGeneralizedTime(text: string): number | undefined {
  const m = /^(\d{4})(\d\d)(\d\d)(\d\d)(?:(\d\d)(\d\d)?)?(?:[.,]\d+)?(Z|[+-]\d\d(?:\d\d)?)$/.exec(text.trim())
  if (m === null) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = m
    .slice(1, 7)
    .map((part) => Number(part ?? 0))
  const time = Date.UTC(year, month - 1, day, hour, minute, second)
  const read = new Date(time)
  // 31 February would have become March.
  if (read.getUTCMonth() !== month - 1 || read.getUTCDate() !== day || hour > 23 || minute > 59) return undefined
  const zone = m[7] ?? 'Z'
  if (zone === 'Z') return time
  const ahead = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3) || 0)
  return time - (zone.startsWith('-') ? -ahead : ahead) * 60_000
}

/** For the directory, with seconds. */
export const generalizedTime = (ms: number): string =>
  `${new Date(ms).toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`
