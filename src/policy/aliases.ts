// SPDX-License-Identifier: Apache-2.0
/**
 * Whom an address of ours stands for, RFC 5321 §3.9: users, groups within groups, programs, addresses elsewhere. Pure;
 * breadth first, a level's questions asked side by side; bounded in depth and in number; every address looked at once,
 * so that loops end. NOTIFY and ORCPT go along to members of an alias (RFC 3461 §5.2.7.1); a list with an owner starts
 * anew: its members get neither, and failures go to the owner (§5.2.7.3).
 */
import { domainOf, localPartOf, type MailAddress } from '../address/address.ts'
import { addressKey, parseAddress } from '../address/path.ts'
import { type Asking, ask } from '../ask/ask.ts'
import type { DecidedBy } from '../ask/decided-by.ts'
import type { Lookup } from '../ask/lookup.ts'
import type { AddressEntry } from '../ask/questions.ts'
import type { Revision } from '../config/revision.ts'
import type { ChannelName } from '../envelope/channel-name.ts'
import type { Notify, OriginalRecipient, Recipient } from '../envelope/envelope.ts'
import { type Reply, reply } from '../smtp/reply.ts'
import { channelConfig } from './channels.ts'
import { LOCAL_CHANNEL, routeOf } from './route.ts'
import type { Route } from './stage.ts'

export interface ExpansionInput {
  readonly address: MailAddress
  readonly given: string
  readonly route: Route
  readonly revision: Revision
  readonly accepted: readonly Recipient[]
  readonly notify?: Notify
  readonly orcpt?: OriginalRecipient
}

type NewRecipient = Omit<Recipient, 'index' | 'parent'>

export interface Expansion {
  /** May be empty without a problem: everybody is a recipient already. */
  readonly becomes: readonly NewRecipient[]
  readonly by: DecidedBy
  readonly note?: string
  readonly problem?: Reply
}

const PIPE_CHANNEL = 'pipe' as ChannelName

/** What one address came to. */
type Found =
  | { readonly kind: 'entry'; readonly entry: AddressEntry; readonly detail?: string }
  | { readonly kind: 'absent' }
  | { readonly kind: 'defer'; readonly cause: string }

export function* expandAliases(input: ExpansionInput): Asking<Expansion> {
  const { address, revision } = input
  const first = yield* findAddress(revision, address)
  const domainEntry: DecidedBy = { by: 'directory', entry: `domain ${domainOf(address)}` }
  if (first.kind === 'defer')
    return {
      becomes: [],
      by: domainEntry,
      note: first.cause,
      problem: reply(451, '4.3', 'Directory is unavailable, try again later'),
    }
  if (first.kind === 'absent') {
    const text = `unknown or illegal user: ${input.given}` // spec access-control.md 3.3
    return { becomes: [], by: domainEntry, note: 'no such user or alias', problem: reply(550, '1.1', text) }
  }
  const by = entryOf(first.entry)
  if (first.entry.kind === 'user') return expandUser(input, first.entry, first.detail, by)
  return yield* expandGroup(input, first.entry, by)
}

function expandUser(
  input: ExpansionInput,
  entry: AddressEntry & { readonly kind: 'user' },
  detail: string | undefined,
  by: DecidedBy,
): Expansion {
  if (entry.status !== 'active') {
    const forGood = entry.status === 'disabled'
    const problem = forGood
      ? reply(550, '2.1', `user is disabled: ${input.given}`)
      : reply(450, '2.1', `user is suspended, try again later: ${input.given}`)
    return { becomes: [], by, problem }
  }
  const recipient = userRecipient(input, entry.user, detail)
  const fresh = new Seen(input.accepted).add(recipient)
  return {
    becomes: fresh ? [recipient] : [],
    by,
    note: fresh ? `${recipient.address} in ${recipient.channel}` : 'already a recipient',
  }
}

function* expandGroup(
  input: ExpansionInput,
  group: AddressEntry & { readonly kind: 'group' },
  by: DecidedBy,
): Asking<Expansion> {
  const { revision, given } = input
  const { aliasDepth, expansion } = revision.config.limits
  const seen = new Seen(input.accepted)
  const looked = new Set([addressKey(input.address)])
  const becomes: NewRecipient[] = []
  const notes: string[] = []
  const list = group.owner !== undefined
  const requests: Pick<ExpansionInput, 'notify' | 'orcpt'> = list ? {} : requestsOf(input)
  let deferred: string | undefined
  let members = 0
  let level: readonly { readonly entry: AddressEntry & { readonly kind: 'group' }; readonly name: MailAddress }[] = [
    { entry: group, name: input.address },
  ]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth >= aliasDepth) {
      const at = revision.where('limits', 'aliasDepth')
      return { becomes: [], by: at, problem: reply(550, '4.6', `aliases nested too deeply: ${given}`) }
    }
    const next: { entry: AddressEntry & { readonly kind: 'group' }; name: MailAddress }[] = []
    for (const { entry, name } of level) {
      for (const member of entry.members) {
        if (++members > expansion) {
          const at = revision.where('limits', 'expansion')
          return { becomes: [], by: at, problem: reply(552, '5.3', `expands into too many recipients: ${given}`) }
        }
        if ('pipe' in member) {
          const recipient = {
            address: name,
            given,
            channel: PIPE_CHANNEL,
            via: JSON.stringify(member.pipe),
            ...requests,
          }
          if (seen.add(recipient)) becomes.push(recipient)
          continue
        }
        const key = addressKey(member.address)
        if (looked.has(key)) {
          notes.push(`${member.address} again, skipped`)
          continue
        }
        looked.add(key)
        const routing = yield* routeOf(revision, member.address)
        if (routing.kind === 'defer') {
          deferred ??= routing.cause
          continue
        }
        if (!routing.route.local) {
          const via = routing.route.via === undefined ? {} : { via: routing.route.via }
          const recipient = { address: member.address, given, channel: routing.route.channel, ...via, ...requests }
          if (seen.add(recipient)) becomes.push(recipient)
          continue
        }
        const found = yield* findAddress(revision, member.address)
        if (found.kind === 'defer') deferred ??= found.cause
        else if (found.kind === 'absent') notes.push(`${member.address} is unknown, skipped`)
        else if (found.entry.kind === 'group') next.push({ entry: found.entry, name: member.address })
        else if (found.entry.status !== 'active') notes.push(`${member.address} is ${found.entry.status}, skipped`)
        else {
          const recipient = userRecipient(
            { ...input, ...requests, list, address: member.address },
            found.entry.user,
            found.detail,
          )
          if (seen.add(recipient)) becomes.push(recipient)
        }
      }
    }
    level = next
  }
  const summary = [
    becomes
      .map((recipient) => `${recipient.address} in ${recipient.channel}`)
      .slice(0, 20)
      .join(', '),
    ...notes.slice(0, 20),
  ]
  const note = summary.filter((text) => text !== '').join('; ')
  // Some members cannot be looked up now: taking the message would lose it for them, so it must come again.
  if (deferred !== undefined)
    return { becomes: [], by, note: deferred, problem: reply(451, '4.3', 'Directory is unavailable, try again later') }
  if (becomes.length === 0 && !seen.duplicates)
    return { becomes, by, note, problem: reply(550, '4.6', `alias leads to nobody: ${given}`) }
  const { owner } = group
  return {
    becomes: owner === undefined ? becomes : becomes.map((recipient) => ({ ...recipient, sender: owner })),
    by,
    note,
  }
}

/** The exact local part, then without its subaddress; `postmaster` is always somebody (RFC 5321 §4.5.1). */
function* findAddress(revision: Revision, address: MailAddress): Asking<Found> {
  const exact = found(yield* ask({ ask: 'directory.address', address }))
  if (exact.kind !== 'absent') return exact
  const local = channelConfig(revision, LOCAL_CHANNEL)
  const separator = local.kind === 'local' ? local.subaddress : ''
  const localPart = localPartOf(address)
  const at = separator === '' ? -1 : localPart.indexOf(separator)
  const base = at > 0 ? parseAddress(`${localPart.slice(0, at)}@${domainOf(address)}`) : undefined
  if (base !== undefined) {
    const withDetail = found(yield* ask({ ask: 'directory.address', address: base }))
    if (withDetail.kind === 'defer') return withDetail
    if (withDetail.kind === 'entry') return { ...withDetail, detail: localPart.slice(at + 1) }
  }
  if (localPart.toLowerCase() !== 'postmaster') return { kind: 'absent' }
  const { postmaster } = revision.config.server
  const target = parseAddress(postmaster.includes('@') ? postmaster : `${postmaster}@${domainOf(address)}`)
  const member = target === undefined || addressKey(target) === addressKey(address) ? undefined : target
  // Nobody is named: the message is kept for whoever runs this server, under the address itself.
  const entry: AddressEntry =
    member === undefined
      ? { kind: 'user', entry: `postmaster@${domainOf(address)}`, user: address.toLowerCase(), status: 'active' }
      : { kind: 'group', entry: 'server.postmaster', members: [{ address: member }] }
  return { kind: 'entry', entry }
}

const found = (answer: Lookup<AddressEntry>): Found =>
  answer.kind === 'found' ? { kind: 'entry', entry: answer.value } : answer

function userRecipient(
  input: ExpansionInput & { readonly list?: boolean },
  user: string,
  detail: string | undefined,
): NewRecipient {
  const local = channelConfig(input.revision, LOCAL_CHANNEL)
  const channel = (local.kind === 'local' ? local.store : 'ims-ms') as ChannelName
  const requests = input.list === true ? {} : requestsOf(input)
  return {
    address: parseAddress(user) ?? input.address,
    given: input.given,
    channel,
    user,
    ...(detail === undefined || detail === '' ? {} : { detail }),
    ...requests,
  }
}

const requestsOf = ({
  notify,
  orcpt,
}: Pick<ExpansionInput, 'notify' | 'orcpt'>): Pick<ExpansionInput, 'notify' | 'orcpt'> => ({
  ...(notify === undefined ? {} : { notify }),
  ...(orcpt === undefined ? {} : { orcpt }),
})

function entryOf({ entry, at }: AddressEntry): DecidedBy {
  return at === undefined ? { by: 'directory', entry } : { by: 'directory', entry, at }
}

/** Recipients so far, by what makes two the same: address, channel, and for programs the program. */
class Seen {
  readonly #keys: Set<string>
  duplicates = false
  constructor(accepted: readonly Recipient[]) {
    this.#keys = new Set(accepted.map(keyOf))
  }
  /** Whether it is new. */
  add(recipient: NewRecipient): boolean {
    const key = keyOf(recipient)
    if (this.#keys.has(key)) {
      this.duplicates = true
      return false
    }
    this.#keys.add(key)
    return true
  }
}

const keyOf = ({ address, channel, via, detail }: NewRecipient): string =>
  JSON.stringify([addressKey(address), channel, channel === PIPE_CHANNEL ? via : '', detail ?? ''])
