// SPDX-License-Identifier: Apache-2.0
/**
 * Searches, with answers as the house has them: entries, none, or "try later". Bounded in number here and in octets by
 * servers.ts. Referrals and search references are not followed: an answer that lies elsewhere is none.
 */
import type { Filter } from 'ldapts'
import type { Lookup } from '../../ask/lookup.ts'
import { entryOf, type LdapEntry } from './entry.ts'
import type { LdapServers } from './servers.ts'
import type { Scope } from './text.ts'

export interface Search {
  readonly base: string
  readonly scope: Scope
  readonly filter: string
  readonly attributes: readonly string[]
  /** With more entries the answer has one more than this, so that whoever asks sees it. */
  readonly limit: number
}

export interface LdapReader {
  /** No entries: an empty list, also where the base is not there. */
  search(search: Search): Promise<{ readonly kind: 'found'; readonly value: readonly LdapEntry[] } | Away>
  /** The entry of this name. */
  entry(dn: string, attributes: readonly string[], filter?: string): Promise<Lookup<LdapEntry>>
}

export interface Away {
  readonly kind: 'defer'
  readonly cause: string
}

const NO_SUCH_OBJECT = 32
/** A name or filter that cannot be: nothing has it. RFC 4511 §A.1 invalidDNSyntax, and what a hostile value may lead to. */
const INVALID_DN = 34

/** Before a server is asked: a filter that is none, out of a site's URL, says nothing about the server. */
async function parseFilter(text: string): Promise<Filter | undefined> {
  const { FilterParser } = await import('ldapts')
  try {
    return FilterParser.parseString(text)
  } catch {
    return undefined
  }
}

export function ldapReader(servers: LdapServers): LdapReader {
  const search: LdapReader['search'] = async ({ base, scope, filter, attributes, limit }) => {
    const parsed = await parseFilter(filter)
    if (parsed === undefined) return { kind: 'found', value: [] }
    const ran = await servers.run((client) =>
      client.search(base, { scope, filter: parsed, attributes: [...attributes], sizeLimit: limit + 1 }),
    )
    if (ran.kind === 'away') return { kind: 'defer', cause: ran.cause }
    if (ran.kind === 'refused')
      return ran.code === NO_SUCH_OBJECT || ran.code === INVALID_DN
        ? { kind: 'found', value: [] }
        : { kind: 'defer', cause: ran.cause }
    const { searchEntries, searchReferences } = ran.value
    if (searchEntries.length === 0 && searchReferences.length > 0)
      return { kind: 'defer', cause: 'ldap: the answer lies on another server, which is not asked' }
    const entries = searchEntries.slice(0, limit + 1)
    return { kind: 'found', value: entries.map(({ dn, ...values }) => entryOf(dn, Object.entries(values))) }
  }
  return {
    search,
    async entry(dn, attributes, filter = '(objectClass=*)') {
      const found = await search({ base: dn, scope: 'base', filter, attributes, limit: 1 })
      if (found.kind === 'defer') return found
      const [entry] = found.value
      return entry === undefined ? { kind: 'absent' } : { kind: 'found', value: entry }
    },
  }
}
