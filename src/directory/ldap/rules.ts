// SPDX-License-Identifier: Apache-2.0
/**
 * The rules of LDAP users, read and written past what is remembered. Compare and swap is one modification (RFC 4511
 * §4.6, all or nothing): the old values are deleted by name and the new ones added, so that it fails where an old one has
 * gone. That nothing was added in between is asserted (RFC 4528): by the entry's change number where the server has one
 * (entryCSN), else that there are no values where there were none.
 */
import type { Lookup } from '../../ask/lookup.ts'
import { overQuota, type Replaced, RULE_QUOTA, type RuleStore, type StoredRules, stateOf } from '../rule-store.ts'
import { allOf, firstOf, type LdapEntry } from './entry.ts'
import type { People, Person } from './people.ts'
import type { LdapReader } from './read.ts'
import type { LdapServers, Ran } from './servers.ts'

/** RFC 4511 Appendix A. */
const NO_SUCH_ATTRIBUTE = 16
const CONSTRAINT_VIOLATION = 19
const TYPE_OR_VALUE_EXISTS = 20
const INVALID_SYNTAX = 21
const NO_SUCH_OBJECT = 32
const INSUFFICIENT_ACCESS = 50
const OBJECT_CLASS_VIOLATION = 65
/** RFC 4528 §4. */
const ASSERTION_FAILED = 122
const VERSION = 'entryCSN'
/** Somebody else changed another part of the entry: the rules are compared again, so often. */
const MAX_TRIES = 4

export function ldapRules({
  servers,
  reader,
  people,
  attribute,
}: {
  readonly servers: LdapServers
  readonly reader: LdapReader
  readonly people: People
  readonly attribute: string
}): RuleStore {
  const read = async (user: string): Promise<Lookup<{ person: Person; entry: LdapEntry; stored: StoredRules }>> => {
    const found = await people.now(user)
    if (found.kind !== 'found') return found
    const entry = await reader.entry(found.value.entry.dn, [attribute, VERSION])
    if (entry.kind !== 'found') return entry
    const values = allOf(entry.value, attribute)
    // The order is the server's whim (RFC 4511 §4.1.7).
    const stored = { values, state: stateOf(values.toSorted()) }
    return { kind: 'found', value: { person: found.value, entry: entry.value, stored } }
  }
  return {
    async rules(user) {
      const found = await read(user)
      return found.kind === 'found' ? { kind: 'found', value: found.value.stored } : found
    },
    async replace(user, values, state) {
      const why = overQuota(values, RULE_QUOTA)
      if (why !== undefined) return { kind: 'refused', why }
      for (let tries = 0; tries < MAX_TRIES; tries++) {
        const found = await read(user)
        if (found.kind === 'defer') return found
        if (found.kind === 'absent') return { kind: 'refused', why: 'there is no such user' }
        const { person, entry, stored } = found.value
        if (stored.state !== state) return { kind: 'conflict' }
        const version = firstOf(entry, VERSION)
        const ran = await write(servers, { dn: entry.dn, attribute, old: stored.values, values, version })
        people.forget(person)
        if (ran.kind === 'refused' && ran.code === ASSERTION_FAILED && version !== undefined) continue
        return replacedOf(ran, 'rules')
      }
      return { kind: 'defer', cause: 'ldap: the entry changes too often' }
    },
  }
}

/** @param what was to be written, in words */
export function replacedOf(ran: Ran<void>, what: string): Replaced {
  if (ran.kind === 'done') return { kind: 'stored' }
  if (ran.kind === 'away') return { kind: 'defer', cause: ran.cause }
  switch (ran.code) {
    case NO_SUCH_ATTRIBUTE:
    case ASSERTION_FAILED:
      return { kind: 'conflict' }
    case TYPE_OR_VALUE_EXISTS:
      return { kind: 'refused', why: 'two rules are the same to the directory: they differ in case or spaces alone' }
    case CONSTRAINT_VIOLATION:
    case INVALID_SYNTAX:
    case OBJECT_CLASS_VIOLATION:
      return { kind: 'refused', why: `the directory does not keep such ${what} for this user` }
    case NO_SUCH_OBJECT:
      return { kind: 'refused', why: 'there is no such user' }
    case INSUFFICIENT_ACCESS:
      // A mistake of the administrator, not of who writes a rule.
      return { kind: 'defer', cause: `${ran.cause}: directory.ldap.bindDn may not write ${what}` }
    default:
      return { kind: 'defer', cause: ran.cause }
  }
}

interface Change {
  readonly dn: string
  readonly attribute: string
  readonly old: readonly string[]
  readonly values: readonly string[]
  readonly version: string | undefined
}

async function write(servers: LdapServers, { dn, attribute, old, values, version }: Change): Promise<Ran<void>> {
  if (old.length === 0 && values.length === 0) return { kind: 'done', value: undefined }
  const {
    Attribute,
    Change: Modification,
    AndFilter,
    EqualityFilter,
    NotFilter,
    PresenceFilter,
  } = await import('ldapts')
  const { assertion } = await import('./assertion.ts')
  const change = (operation: 'add' | 'delete', texts: readonly string[]) =>
    texts.length === 0
      ? []
      : [new Modification({ operation, modification: new Attribute({ type: attribute, values: [...texts] }) })]
  const unchanged = version === undefined ? [] : [new EqualityFilter({ attribute: VERSION, value: version })]
  const none = old.length > 0 ? [] : [new NotFilter({ filter: new PresenceFilter({ attribute }) })]
  const filters = [...unchanged, ...none]
  const controls = filters.length === 0 ? [] : [assertion(new AndFilter({ filters }))]
  return await servers.change((client) =>
    client.modify(dn, [...change('delete', old), ...change('add', values)], controls),
  )
}
