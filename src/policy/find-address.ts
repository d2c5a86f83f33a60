// SPDX-License-Identifier: Apache-2.0
/**
 * Who an address of ours is: the exact local part first, then without its subaddress (RFC 5233 §1), without regard to
 * case. `postmaster` is always somebody, RFC 5321 §4.5.1.
 */
import { domainOf, localPartOf, type MailAddress, unquotedLocal } from '../address/address.ts'
import { addressKey, parseAddress } from '../address/path.ts'
import { type Asking, ask } from '../ask/ask.ts'
import type { DecidedBy } from '../ask/decided-by.ts'
import type { AddressEntry } from '../ask/questions.ts'
import type { Revision } from '../config/revision.ts'
import { channelConfig } from './channels.ts'
import { LOCAL_CHANNEL } from './route.ts'

export type Found =
  | {
      readonly kind: 'entry'
      readonly entry: AddressEntry
      readonly by: DecidedBy
      /** The address the directory has, without the subaddress. */
      readonly address: MailAddress
      readonly detail?: string
    }
  | { readonly kind: 'absent' }
  | { readonly kind: 'defer'; readonly cause: string }

/** `mailbox`: the person alone, past an alias of the same name that stands in front. */
export function* findAddress(
  revision: Revision,
  given: MailAddress,
  { mailbox = false }: { readonly mailbox?: boolean } = {},
): Asking<Found> {
  const address = unquoted(given)
  const exact = yield* lookup(address, mailbox)
  if (exact.kind !== 'absent') return exact
  const { base, detail } = withoutSubaddress(revision, address)
  if (base !== undefined) {
    const below = yield* lookup(base, mailbox)
    if (below.kind === 'defer') return below
    if (below.kind === 'entry') return detail === '' ? below : { ...below, detail }
  }
  return isPostmaster(address) && !mailbox ? postmasterOf(revision, address) : exact
}

export const isPostmaster = (address: MailAddress): boolean =>
  localPartOf(unquoted(address)).toLowerCase() === 'postmaster'

/** The postmaster of this server, who answers for what it sends by itself. */
export function sitePostmaster({ config }: Revision): MailAddress {
  const { postmaster, hostname } = config.server
  return (postmaster.includes('@') ? postmaster : `${postmaster}@${hostname}`) as MailAddress
}

/** Where `server.postmaster` sends mail for the postmaster of this domain; `undefined` when that is the same address. */
export function namedPostmaster(revision: Revision, address: MailAddress): MailAddress | undefined {
  const { postmaster } = revision.config.server
  const target = parseAddress(postmaster.includes('@') ? postmaster : `${postmaster}@${domainOf(address)}`)
  return target === undefined || addressKey(target) === addressKey(address) ? undefined : target
}

function* lookup(address: MailAddress, mailbox: boolean): Asking<Found> {
  const question = { ask: 'directory.address', address } as const
  const answer = yield* ask(mailbox ? { ...question, mailbox: true } : question)
  if (answer.kind !== 'found') return answer
  const { entry, at } = answer.value
  const by: DecidedBy = at === undefined ? { by: 'directory', entry } : { by: 'directory', entry, at }
  return { kind: 'entry', entry: answer.value, by, address }
}

function withoutSubaddress(revision: Revision, address: MailAddress): { base?: MailAddress; detail: string } {
  const local = channelConfig(revision, LOCAL_CHANNEL)
  const separator = local.kind === 'local' ? local.subaddress : ''
  const localPart = localPartOf(address)
  const at = separator === '' ? -1 : localPart.indexOf(separator)
  const base = at > 0 ? parseAddress(`${localPart.slice(0, at)}@${domainOf(address)}`) : undefined
  return base === undefined ? { detail: '' } : { base, detail: localPart.slice(at + 1) }
}

/** RFC 5321 §4.1.2: quotes that need not be there mean nothing; `"kim"@example.org` is kim@example.org. */
function unquoted(address: MailAddress): MailAddress {
  const localPart = localPartOf(address)
  if (!localPart.startsWith('"')) return address
  const plain = unquotedLocal(localPart)
  return (plain.startsWith('"') ? undefined : parseAddress(`${plain}@${domainOf(address)}`)) ?? address
}

/** Nobody in the directory: whom the configuration names, else a mailbox of that very address. */
function postmasterOf(revision: Revision, address: MailAddress): Found {
  const by = revision.where('server', 'postmaster')
  const target = namedPostmaster(revision, address)
  const entry: AddressEntry =
    target === undefined
      ? { kind: 'user', entry: `mailbox ${address}`, user: address.toLowerCase(), status: 'active' }
      : { kind: 'group', entry: 'server.postmaster', members: [{ address: target }] }
  return { kind: 'entry', entry, by, address }
}
