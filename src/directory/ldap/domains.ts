// SPDX-License-Identifier: Apache-2.0
/**
 * Domains of ours in LDAP: entries found by their name or by their DN, or a list in the configuration. What a mapping
 * table may ask of a domain is here too (spec mapping-tables.md 4.11).
 */
import { domainToUnicode } from 'node:url'
import type { Domain } from '../../address/address.ts'
import { asciiDomain, parseDomain } from '../../address/path.ts'
import type { Lookup } from '../../ask/lookup.ts'
import { domainKey, type UserStatus } from '../snapshot.ts'
import { allOf, firstOf, isOneOf, type LdapEntry } from './entry.ts'
import type { LdapReader } from './read.ts'
import type { Remembered } from './remembered.ts'
import type { LdapConfig } from './settings.ts'
import { statusOf, worst } from './status.ts'
import { anyOf, equals, nameValue } from './text.ts'

export interface LdapDomain {
  /** Not an alias. */
  readonly name: Domain
  /** All its names, as A-labels. */
  readonly names: readonly string[]
  /** DN below which its users are. */
  readonly base: string
  readonly status: UserStatus
  /** Absent where the configuration lists it. */
  readonly entry?: LdapEntry
}

/** Names of one domain that its users are looked for by; a directory with more is a mistake. */
const MAX_NAMES = 32

/** As A-labels and as U-labels: either may be what somebody typed into the directory. */
export const spellings = (domain: string): string[] => {
  const ascii = asciiDomain(domain) ?? domain
  const unicode = domainToUnicode(ascii)
  return unicode === '' || unicode === ascii ? [ascii] : [ascii, unicode]
}

export type LdapDomains = (domain: Domain) => Promise<Lookup<LdapDomain>>

export function ldapDomains(config: LdapConfig, reader: LdapReader, kept: Remembered): LdapDomains {
  const { attributes: names, domains } = config
  const listed = new Map(
    domains.list.flatMap((text) => {
      const name = parseDomain(text)
      return name === undefined ? [] : [[domainKey(name), name] as const]
    }),
  )
  const base = domains.base ?? config.base

  const recordOf = (asked: Domain, entry: LdapEntry): LdapDomain => {
    const given = [...allOf(entry, names.domainName), ...allOf(entry, names.domainAlias)]
    const own = given.flatMap((text) => parseDomain(text.trim()) ?? [])
    const keys = new Set([domainKey(asked), ...own.map(domainKey)])
    return {
      // The first only when it is the name, and not one of the aliases.
      name: parseDomain(firstOf(entry, names.domainName)?.trim() ?? '') ?? asked,
      names: [...keys].slice(0, MAX_NAMES),
      base: firstOf(entry, names.domainBase) ?? (domains.form === 'dc' ? config.base : entry.dn),
      status: worst(statusOf(firstOf(entry, names.domainStatus)), statusOf(firstOf(entry, names.domainMailStatus))),
      entry,
    }
  }

  const byAttributes = async (domain: Domain): Promise<Lookup<LdapEntry>> => {
    const wanted = [names.domainName, names.domainAlias].flatMap((name) =>
      spellings(domain).map((text) => equals(name, text)),
    )
    const found = await reader.search({ base, scope: 'sub', filter: anyOf(wanted), attributes: ['*'], limit: 10 })
    if (found.kind === 'defer') return found
    const own = found.value.filter(
      (entry) =>
        isOneOf(entry, domains.classes) &&
        [...allOf(entry, names.domainName), ...allOf(entry, names.domainAlias)].some(
          (text) => domainKey(text.trim().toLowerCase()) === domainKey(domain),
        ),
    )
    const [entry] = own
    if (entry === undefined) return { kind: 'absent' }
    if (own.length > 1) return { kind: 'defer', cause: `ldap: ${own.length} entries are the domain ${domain}` }
    return { kind: 'found', value: entry }
  }

  const byName = async (domain: Domain): Promise<Lookup<LdapEntry>> => {
    const labels = domainKey(domain)
      .split('.')
      .map((label) => `dc=${nameValue(label)}`)
    const found = await reader.entry([...labels, base].join(','), ['*'])
    if (found.kind !== 'found') return found
    return isOneOf(found.value, domains.classes) ? found : { kind: 'absent' }
  }

  return async (domain) => {
    const own = listed.get(domainKey(domain))
    if (own !== undefined)
      return { kind: 'found', value: { name: own, names: [domainKey(own)], base: config.base, status: 'active' } }
    if (domains.form === 'none' || domain.startsWith('[')) return { kind: 'absent' }
    return await kept.get(
      `domain:${domainKey(domain)}`,
      async () => {
        const found = await (domains.form === 'dc' ? byName(domain) : byAttributes(domain))
        return found.kind === 'found' ? { kind: 'found', value: recordOf(domain, found.value) } : found
      },
      ({ entry }) => 200 + (entry?.size ?? 0),
    )
  }
}

/** Spec mapping-tables.md 4.11: the first value of an attribute, or one of the names that are none. */
export function domainAttribute({ name, base, entry }: LdapDomain, attribute: string): Lookup<string> {
  const special: Readonly<Record<string, string | undefined>> = {
    _base_dn_: base,
    _domain_dn_: entry?.dn,
    _domain_name_: name,
    _canonical_name_: name,
  }
  const key = attribute.toLowerCase()
  const value = Object.hasOwn(special, key) ? special[key] : entry === undefined ? undefined : firstOf(entry, key)
  return value === undefined ? { kind: 'absent' } : { kind: 'found', value }
}
