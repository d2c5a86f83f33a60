// SPDX-License-Identifier: Apache-2.0
/** Entries of users and groups: found by any address they have or by login name, each once. */
import { domainOf, localPartOf, type MailAddress } from '../../address/address.ts'
import { addressKey, parseAddress } from '../../address/path.ts'
import type { Lookup } from '../../ask/lookup.ts'
import type { UserStatus } from '../snapshot.ts'
import { type LdapDomain, type LdapDomains, spellings } from './domains.ts'
import { allOf, firstOf, isOneOf, type LdapEntry } from './entry.ts'
import type { LdapReader } from './read.ts'
import type { Remembered } from './remembered.ts'
import type { LdapConfig } from './settings.ts'
import { statusOf, worst } from './status.ts'
import { anyOf, equals } from './text.ts'

export interface Person {
  readonly kind: 'user' | 'group'
  readonly entry: LdapEntry
  /** The first is the main one. */
  readonly addresses: readonly [MailAddress, ...MailAddress[]]
  /** Of the entry; the domain's comes beside it. */
  readonly status: UserStatus
}

export interface People {
  byAddress(address: MailAddress): Promise<Lookup<Person>>
  /** An address, or a login name (`uid`). */
  byLogin(login: string): Promise<Lookup<Person>>
  /** `byLogin`, past what is remembered. */
  now(login: string): Promise<Lookup<Person>>
  /** The next one who asks for an entry asks the server. */
  forget(person: Person): void
}

/** Longest login name that is looked for. */
const MAX_LOGIN = 320

export function ldapPeople(config: LdapConfig, reader: LdapReader, kept: Remembered, domains: LdapDomains): People {
  const names = config.attributes
  const addressNames = [names.mail, names.alternateAddress, names.equivalentAddress]
  const attributes = [...new Set(['objectClass', ...Object.values(names).flatMap((name) => name ?? [])])]

  const personOf = (entry: LdapEntry): Person | undefined => {
    const group = isOneOf(entry, config.groupClasses)
    if (!group && !isOneOf(entry, config.userClasses)) return undefined
    const [main, ...others] = addressesOf(entry, addressNames)
    if (main === undefined) return undefined
    const status = worst(statusOf(firstOf(entry, names.userStatus)), statusOf(firstOf(entry, names.mailUserStatus)))
    return { kind: group ? 'group' : 'user', entry, addresses: [main, ...others], status }
  }

  const one = (found: readonly LdapEntry[], what: string, fits: (person: Person) => boolean): Lookup<Person> => {
    const people = found.flatMap((entry) => personOf(entry) ?? []).filter(fits)
    const [person] = people
    if (person === undefined) return { kind: 'absent' }
    if (people.length > 1) return { kind: 'defer', cause: `ldap: ${people.length} entries are ${what}` }
    return { kind: 'found', value: person }
  }

  const findAddress = async (address: MailAddress, { names: ofDomain, base }: LdapDomain): Promise<Lookup<Person>> => {
    const variants = variantsOf(address, ofDomain)
    const filter = anyOf(addressNames.flatMap((name) => variants.map((text) => equals(name, text))))
    const found = await reader.search({ base, scope: 'sub', filter, attributes, limit: 10 })
    if (found.kind === 'defer') return found
    // Directories compare loosely: spaces that are not there, letters that look alike. Here the address is the same or not.
    const keys = new Set(variants.map(addressKey))
    return one(found.value, `the address ${address}`, ({ addresses }) =>
      addresses.some((own) => keys.has(addressKey(own))),
    )
  }

  const findUid = async (login: string): Promise<Lookup<Person>> => {
    const search = { base: config.base, scope: 'sub', filter: equals(names.uid, login), attributes, limit: 10 } as const
    const found = await reader.search(search)
    if (found.kind === 'defer') return found
    return one(found.value, `the login ${login}`, ({ entry }) =>
      allOf(entry, names.uid).some((uid) => folded(uid) === folded(login)),
    )
  }

  const findLogin = async (login: string): Promise<Lookup<Person>> => {
    if (login === '' || login.length > MAX_LOGIN) return { kind: 'absent' }
    const address = login.includes('@') ? parseAddress(login) : undefined
    const domain = address === undefined ? undefined : await domains(domainOf(address))
    if (domain?.kind === 'defer') return domain
    if (address !== undefined && domain?.kind === 'found') {
      const found = await findAddress(address, domain.value)
      if (found.kind !== 'absent') return found
    }
    return await findUid(login)
  }

  return {
    async byAddress(address) {
      const domain = await domains(domainOf(address))
      if (domain.kind !== 'found') return domain
      return await kept.get(`address:${addressKey(address)}`, () => findAddress(address, domain.value), sizeOf)
    },
    byLogin: (login) => kept.get(`login:${folded(login)}`, () => findLogin(login), sizeOf),
    now: findLogin,
    forget({ addresses, entry }) {
      for (const address of addresses) {
        kept.forget(`address:${addressKey(address)}`)
        kept.forget(`login:${folded(address)}`)
      }
      for (const uid of allOf(entry, names.uid)) kept.forget(`login:${folded(uid)}`)
      kept.forget(`head:${entry.dn}`)
      kept.forget(`members:${entry.dn}`)
    },
  }
}

const folded = (text: string): string => text.normalize('NFC').toLowerCase()
const sizeOf = ({ entry }: Person): number => entry.size

/** In the order of the attributes; what is no address is left out. */
export function addressesOf(entry: LdapEntry, attributes: readonly string[]): MailAddress[] {
  const all = new Map<string, MailAddress>()
  for (const text of attributes.flatMap((name) => allOf(entry, name))) {
    const address = parseAddress(text.trim())
    if (address !== undefined && !all.has(addressKey(address))) all.set(addressKey(address), address)
  }
  return [...all.values()]
}

/** The address under each name of its domain, each in both spellings. */
function variantsOf(address: MailAddress, names: readonly string[]): string[] {
  const local = localPartOf(address).normalize('NFC')
  const key = addressKey(address)
  const least = key.slice(0, key.lastIndexOf('@'))
  const domains = names.flatMap(spellings)
  return [...new Set([local, least].flatMap((part) => domains.map((domain) => `${part}@${domain}`)))]
}
