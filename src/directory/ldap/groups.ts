// SPDX-License-Identifier: Apache-2.0
/**
 * Mailing lists in LDAP (inetMailGroup): members by address, by DN, and by LDAP URL; who gets the failures; who may post
 * (spec access-control.md 11); its rules (spec filters.md 1). A list that cannot be read whole defers: half of its members
 * must not get a message.
 */
import type { MailAddress } from '../../address/address.ts'
import { addressKey, parseAddress } from '../../address/path.ts'
import type { RecipientFilters } from '../../ask/filters.ts'
import type { ListAccess, ListClause, SenderTest } from '../../ask/list-access.ts'
import type { Lookup } from '../../ask/lookup.ts'
import type { AddressEntry } from '../../ask/questions.ts'
import { allOf, firstOf, type LdapEntry } from './entry.ts'
import { addressesOf, type Person } from './people.ts'
import type { LdapReader } from './read.ts'
import type { LdapConfig } from './settings.ts'
import { parseLdapUrl } from './text.ts'

/** Entries that are read one by one, for members named by DN, in one expansion. */
const MAX_DNS = 2000
/** URLs of one group. */
const MAX_URLS = 20
/** Requests at one time. */
const AT_ONCE = 4

type Addresses = Lookup<readonly MailAddress[]>

export async function groupOf(
  { entry, addresses }: Person,
  config: LdapConfig,
  reader: LdapReader,
): Promise<Lookup<AddressEntry>> {
  const names = config.attributes
  const [address] = addresses
  const name = `group ${address}`
  const defer = (why: string) => ({ kind: 'defer', cause: `ldap: ${name}: ${why}` }) as const
  const given = allOf(entry, names.groupMember)
  const dns = allOf(entry, names.groupDn)
  const urls = [...allOf(entry, names.groupUrl), ...allOf(entry, names.groupDeliverTo)]
  if (given.length + dns.length > config.maxMembers) return defer(`more than ${config.maxMembers} members`)
  if (dns.length > MAX_DNS) return defer(`more than ${MAX_DNS} members by DN`)
  if (urls.length > MAX_URLS) return defer(`more than ${MAX_URLS} URLs of members`)

  const members = new Map<string, MailAddress>()
  for (const text of given) {
    const member = addressIn(text)
    if (member === undefined) return defer(`${JSON.stringify(text.slice(0, 80))} is no address`)
    members.set(addressKey(member), member)
  }
  const looked = await inTurns([
    ...dns.map((dn) => () => addressOfDn(dn, config, reader)),
    ...urls.map((url) => () => addressesOfUrl(url, config, reader)),
  ])
  for (const found of looked) {
    if (found.kind === 'defer') return defer(found.cause)
    if (found.kind === 'found') for (const member of found.value) members.set(addressKey(member), member)
    if (members.size > config.maxMembers) return defer(`more than ${config.maxMembers} members`)
  }
  const owner = errorsToOf(entry, config)
  const access = accessOf(entry, config)
  return {
    kind: 'found',
    value: {
      kind: 'group',
      entry: name,
      members: [...members.values()].map((member) => ({ address: member })),
      ...(owner === undefined ? {} : { owner }),
      ...(access === undefined ? {} : { access }),
      ...(allOf(entry, names.filter).length === 0 ? {} : { hasRules: true }),
    },
  }
}

/** The answer to `directory.filters`: its rules alone. Groups have no automatic reply, and no head of household. */
export function groupRules({ entry, addresses }: Person, config: LdapConfig): RecipientFilters {
  const errorsTo = errorsToOf(entry, config)
  const personal = allOf(entry, config.attributes.filter)
  return { addresses, personal, domain: [], ...(errorsTo === undefined ? {} : { errorsTo }) }
}

function errorsToOf(entry: LdapEntry, { attributes }: LdapConfig): MailAddress | undefined {
  const text = firstOf(entry, attributes.groupErrorsTo)
  return text === undefined ? undefined : addressIn(text)
}

/** `kim@example.org`, or `mailto:kim@example.org`. */
export function addressIn(text: string): MailAddress | undefined {
  const m = /^mailto:([^?]*)$/i.exec(text.trim())
  if (m === null) return parseAddress(text.trim())
  try {
    return parseAddress(decodeURIComponent(m[1] ?? ''))
  } catch {
    return undefined
  }
}

/** A member that is no longer there, or has no address, is nobody. */
async function addressOfDn(dn: string, { attributes: names }: LdapConfig, reader: LdapReader): Promise<Addresses> {
  const wanted = [names.mail, names.alternateAddress]
  const found = await reader.entry(dn, wanted)
  if (found.kind !== 'found') return found
  return { kind: 'found', value: addressesOf(found.value, wanted).slice(0, 1) }
}

async function addressesOfUrl(text: string, config: LdapConfig, reader: LdapReader): Promise<Addresses> {
  const m = parseAddressUrl(text)
  if (m !== undefined) return { kind: 'found', value: [m] }
  const url = parseLdapUrl(text)
  const why = (reason: string) => ({ kind: 'defer', cause: `${JSON.stringify(text.slice(0, 80))} ${reason}` }) as const
  if (url === undefined) return why('is no LDAP URL')
  if (url.host !== '' && !config.urls.some((own) => new URL(own).host.toLowerCase() === url.host))
    return why('names a server that is none of ours')
  const wanted = url.attributes.length === 0 ? [config.attributes.mail] : url.attributes
  const found = await reader.search({ ...url, base: url.dn, attributes: wanted, limit: config.maxMembers })
  if (found.kind === 'defer') return found
  if (found.value.length > config.maxMembers) return why(`finds more than ${config.maxMembers} members`)
  return { kind: 'found', value: found.value.flatMap((member) => addressesOf(member, wanted).slice(0, 1)) }
}

const parseAddressUrl = (text: string): MailAddress | undefined =>
  /^mailto:/i.test(text.trim()) ? addressIn(text) : undefined

/** Clauses as they stand: all must hold, unless the site says otherwise. */
function accessOf(entry: Person['entry'], { attributes: names }: LdapConfig): ListAccess | undefined {
  const clauses: ListClause[] = []
  const add = (kind: ListClause['kind'], broadcasters: readonly string[], domains: readonly string[]): void => {
    if (broadcasters.length + domains.length === 0) return
    const senders = broadcasters.map(addressIn)
    // An LDAP URL, or no address at all: who may post is not known, and that lets nobody in.
    const test: SenderTest = senders.includes(undefined)
      ? { unknown: 'a broadcaster of the list is no address' }
      : {
          addresses: [
            ...senders.flatMap((sender) => sender ?? []),
            ...domains.map((domain) => `@${domain.trim().replace(/^[@*.]+/, '')}`),
          ],
        }
    clauses.push({ kind, test })
  }
  add('auth', allOf(entry, names.allowedBroadcaster), allOf(entry, names.allowedDomain))
  add('cant', allOf(entry, names.disallowedBroadcaster), allOf(entry, names.disallowedDomain))
  const moderator = addressIn(firstOf(entry, names.moderator) ?? '')
  if (clauses.length === 0 && moderator === undefined) return undefined
  return { clauses, moderators: [], ...(moderator === undefined ? {} : { moderator }) }
}

/** A few at a time; ends at the first that the directory puts off. */
async function inTurns(work: readonly (() => Promise<Addresses>)[]): Promise<Addresses[]> {
  const results: Addresses[] = []
  for (let at = 0; at < work.length; at += AT_ONCE) {
    const some = await Promise.all(work.slice(at, at + AT_ONCE).map((each) => each()))
    results.push(...some)
    if (some.some(({ kind }) => kind === 'defer')) break
  }
  return results
}
