// SPDX-License-Identifier: Apache-2.0
/** What a directory holds, in memory: the look-ups that embedded.ts and memory.ts share. */
import type { Domain, MailAddress } from '../address/address.ts'
import { addressKey, asciiDomain } from '../address/path.ts'
import type { Lookup } from '../ask/lookup.ts'
import type { Account, AddressEntry, DomainEntry, MailboxQuota, Member } from '../ask/questions.ts'
import type { AddressOptions } from './directory.ts'

export type UserStatus = 'active' | 'disabled' | 'suspended'

export interface UserRow {
  readonly address: MailAddress
  readonly status: UserStatus
  readonly hasPassword: boolean
  /** Other addresses of the same mailbox. */
  readonly also: readonly MailAddress[]
  readonly quota?: MailboxQuota
}

export interface AliasRow {
  readonly address: MailAddress
  readonly members: readonly Member[]
  /** Who gets the failures of what the alias sends on. */
  readonly owner?: MailAddress
}

export interface Snapshot<U extends UserRow = UserRow> {
  readonly domains: ReadonlyMap<string, Domain>
  /** By every address they have. */
  readonly users: ReadonlyMap<string, U>
  readonly aliases: ReadonlyMap<string, AliasRow>
}

/** Domains are one under their two names, A-labels and U-labels (RFC 5890 §2.3.2.1). */
export const domainKey = (domain: string): string => asciiDomain(domain) ?? domain

export function snapshotOf<U extends UserRow>(
  domains: readonly Domain[],
  users: readonly U[],
  aliases: readonly AliasRow[],
): Snapshot<U> {
  return {
    domains: new Map(domains.map((domain) => [domainKey(domain), domain])),
    users: new Map(users.flatMap((user) => [user.address, ...user.also].map((name) => [addressKey(name), user]))),
    aliases: new Map(aliases.map((alias) => [addressKey(alias.address), alias])),
  }
}

export function findDomain({ domains }: Snapshot, domain: Domain): Lookup<DomainEntry> {
  const found = domains.get(domainKey(domain))
  return found === undefined ? { kind: 'absent' } : { kind: 'found', value: { domain: found } }
}

/** Domains here have names, and no attributes. */
export function findAttribute(snapshot: Snapshot, domain: Domain, attribute: string): Lookup<string> {
  const found = findDomain(snapshot, domain)
  if (found.kind !== 'found') return found
  return NAMES.has(attribute.toLowerCase()) ? { kind: 'found', value: found.value.domain } : { kind: 'absent' }
}

/** Spec mapping-tables.md 4.11. */
const NAMES: ReadonlySet<string> = new Set(['_domain_name_', '_canonical_name_'])

export function findEntry(
  { aliases, users }: Snapshot,
  address: MailAddress,
  options?: AddressOptions,
): Lookup<AddressEntry> {
  const key = addressKey(address)
  const alias = options?.mailbox === true ? undefined : aliases.get(key)
  if (alias !== undefined) {
    const owner = alias.owner === undefined ? {} : { owner: alias.owner }
    const entry = `alias ${alias.address}`
    return { kind: 'found', value: { kind: 'group', entry, members: alias.members, ...owner } }
  }
  const user = users.get(key)
  if (user === undefined) return { kind: 'absent' }
  const { address: name, status, quota } = user
  const limit = quota === undefined ? {} : { quota }
  return { kind: 'found', value: { kind: 'user', entry: `user ${name}`, user: name, status, ...limit } }
}

export const findLogin = <U extends UserRow>({ users }: Snapshot<U>, login: string): U | undefined =>
  users.get(addressKey(login))

export const accountOf = (user: UserRow): Account => ({ login: user.address, addresses: [user.address, ...user.also] })
