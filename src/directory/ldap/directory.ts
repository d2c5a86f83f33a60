// SPDX-License-Identifier: Apache-2.0
/**
 * An LDAP server as the directory of a site: domains, users, groups, filters, sign-in by bind. Answers are remembered for
 * the times of the configuration; passwords never. With all servers away what is known is used on, the rest is put off.
 * There is no SCRAM: the directory gives nobody its passwords, nor keys made of them.
 */
import { domainOf } from '../../address/address.ts'
import { parseAddress } from '../../address/path.ts'
import type { Lookup } from '../../ask/lookup.ts'
import type { AddressEntry } from '../../ask/questions.ts'
import type { Log } from '../../monitor/log.ts'
import type { Directory } from '../directory.ts'
import type { RuleStore } from '../rule-store.ts'
import { ldapAutoreplies, type SetAutoreply } from './autoreplies.ts'
import { domainAttribute, type LdapDomain, ldapDomains } from './domains.ts'
import { firstOf } from './entry.ts'
import { filtersOf } from './filters.ts'
import { groupOf, groupRules } from './groups.ts'
import { ldapPeople, type Person } from './people.ts'
import { ldapReader } from './read.ts'
import { remembered } from './remembered.ts'
import { ldapRules } from './rules.ts'
import { ldapServers } from './servers.ts'
import type { LdapSettings } from './settings.ts'
import { type SharedFolder, shelf } from './shelf.ts'
import { worst } from './status.ts'
import { nameValue, parseLdapUrl } from './text.ts'
import { userOf } from './users.ts'

export interface DirectoryCheck {
  readonly name: 'directory'
  readonly ok: boolean
  readonly detail: string
}

export interface LdapDirectory extends Directory, AsyncDisposable {
  readonly ruleStore: RuleStore
  readonly setAutoreply: SetAutoreply
  /** For `/health` and `doctor`: fine while one server answers, or none was asked. */
  check(): DirectoryCheck
  /** The text behind an `ldap:` URL of a mapping table: spec mapping-tables.md 4.8. */
  urlText(url: string): Promise<Lookup<string>>
}

/** RFC 4511 Appendix A: inappropriateAuthentication (the entry has no password), invalidCredentials. */
const WRONG: ReadonlySet<number> = new Set([48, 49])

export interface LdapParts {
  /** Monotonic milliseconds. */
  readonly now: () => number
  readonly log: Log
  /** An answer of before was used, since no server answers. */
  readonly onStale?: () => void
  /** What processes of one server share. */
  readonly shared?: SharedFolder
}

/** Connects when the first question comes. */
export function ldapDirectory(settings: LdapSettings, { now, log, onStale, shared }: LdapParts): LdapDirectory {
  const { config } = settings
  const kept = remembered({
    foundMs: config.cacheFound,
    absentMs: config.cacheAbsent,
    staleMs: config.staleWhileAway,
    maxBytes: config.cacheSize,
    now,
    ...(onStale === undefined ? {} : { onStale }),
    ...(shared === undefined ? {} : { shelf: shelf({ ...shared, staleMs: config.staleWhileAway }) }),
  })
  const servers = ldapServers(settings, { now, log })
  const reader = ldapReader(servers)
  const domains = ldapDomains(config, reader, kept)
  const people = ldapPeople(config, reader, kept, domains)
  const names = config.attributes

  const entryOf = async (person: Person, domain: LdapDomain, mailbox: boolean): Promise<Lookup<AddressEntry>> => {
    const [address] = person.addresses
    const status = worst(person.status, domain.status)
    if (person.kind === 'group') {
      if (mailbox) return { kind: 'absent' }
      // A list that is not active takes nothing; it has no status of its own in an answer.
      if (status !== 'active')
        return { kind: 'found', value: { kind: 'user', entry: `group ${address}`, user: address, status } }
      const key = `members:${person.entry.dn}`
      return await kept.get(
        key,
        () => groupOf(person, config, reader),
        (entry) => 200 + ('members' in entry ? 200 * entry.members.length : 0),
      )
    }
    return { kind: 'found', value: userOf(person, status, { config, hostname: settings.hostname, mailbox }) }
  }

  return {
    async domain(domain) {
      const found = await domains(domain)
      return found.kind === 'found' ? { kind: 'found', value: { domain: found.value.name } } : found
    },
    async attribute(domain, attribute) {
      const found = await domains(domain)
      return found.kind === 'found' ? domainAttribute(found.value, attribute) : found
    },
    async address(address, options) {
      const domain = await domains(domainOf(address))
      if (domain.kind !== 'found') return domain
      const found = await people.byAddress(address)
      return found.kind === 'found' ? await entryOf(found.value, domain.value, options?.mailbox === true) : found
    },
    async password(login, password) {
      // A bind without a password succeeds for everybody: it is an anonymous one (RFC 4513 §5.1.2).
      if (password === '') return { kind: 'absent' }
      const found = await people.byLogin(login)
      if (found.kind === 'defer') return found
      const person = found.kind === 'found' && found.value.kind === 'user' ? found.value : undefined
      const domain = person === undefined ? undefined : await domains(domainOf(person.addresses[0]))
      if (domain?.kind === 'defer') return domain
      const status =
        person === undefined
          ? 'disabled'
          : worst(person.status, domain?.kind === 'found' ? domain.value.status : 'active')
      // For nobody a bind too, so that the time an answer takes does not tell who exists.
      const dn = person?.entry.dn ?? `uid=${nameValue(login.slice(0, 100))},cn=nobody,${config.base}`
      const ran = await servers.runUnbound((client) => client.bind(dn, password))
      if (ran.kind === 'away') return { kind: 'defer', cause: ran.cause }
      if (person === undefined || status !== 'active') return { kind: 'absent' }
      if (ran.kind === 'refused') return WRONG.has(ran.code) ? { kind: 'absent' } : { kind: 'defer', cause: ran.cause }
      const [main] = person.addresses
      return { kind: 'found', value: { login: main, addresses: person.addresses } }
    },
    scram: () => ({ kind: 'absent' }),
    check() {
      const failing = servers.failing()
      const detail = failing.map(({ url, cause }) => `${url}: ${cause}`).join('; ')
      return { name: 'directory', ok: failing.length < config.urls.length, detail: detail || 'LDAP answers' }
    },
    async filters(user, domain) {
      // By address first, as mail for them was looked up: while LDAP is away both are known, or neither.
      const address = parseAddress(user)
      const asAddress = address === undefined ? ({ kind: 'absent' } as const) : await people.byAddress(address)
      const found = asAddress.kind === 'absent' ? await people.byLogin(user) : asAddress
      if (found.kind !== 'found') return found
      if (found.value.kind === 'group') return { kind: 'found', value: groupRules(found.value, config) }
      const own = await domains(domain)
      if (own.kind === 'defer') return own
      return await filtersOf(found.value, own.kind === 'found' ? own.value : undefined, { config, reader, kept })
    },
    setAutoreply: ldapAutoreplies({ servers, people, names }),
    ruleStore: ldapRules({ servers, reader, people, attribute: names.filter }),
    async urlText(text) {
      const url = parseLdapUrl(text)
      const [attribute] = url?.attributes ?? []
      // Another server than ours is never asked, and without an attribute there is nothing to say.
      if (url === undefined || url.host !== '' || attribute === undefined) return { kind: 'absent' }
      return await kept.get(
        `url:${text}`,
        async () => {
          const found = await reader.search({ ...url, base: url.dn, attributes: [attribute], limit: 1 })
          if (found.kind === 'defer') return found
          const [entry] = found.value
          const value = entry === undefined || found.value.length > 1 ? undefined : firstOf(entry, attribute)
          return value === undefined ? { kind: 'absent' } : { kind: 'found', value }
        },
        (value) => 2 * value.length,
      )
    },
    [Symbol.asyncDispose]: () => servers[Symbol.asyncDispose](),
  }
}
