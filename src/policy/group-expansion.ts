// SPDX-License-Identifier: Apache-2.0
/**
 * The members of a group, RFC 5321 §3.9: groups within groups, programs, addresses elsewhere. Breadth first, a level's
 * look-ups side by side; bounded in depth and number; every address is looked at once, so that loops end. A member
 * that is the group's own address means the mailbox behind the alias.
 */
import type { MailAddress } from '../address/address.ts'
import { addressKey } from '../address/path.ts'
import type { Asking } from '../ask/ask.ts'
import type { DecidedBy } from '../ask/decided-by.ts'
import type { AddressEntry } from '../ask/questions.ts'
import { sideBySide } from '../ask/side-by-side.ts'
import type { Revision } from '../config/revision.ts'
import { type Reply, reply } from '../smtp/reply.ts'
import {
  AWAY,
  type Expansion,
  type ExpansionInput,
  elsewhere,
  mailboxOf,
  type NewRecipient,
  PIPE_CHANNEL,
  requestsOf,
  Seen,
} from './expansion.ts'
import { type Found, findAddress } from './find-address.ts'
import { LOCAL_CHANNEL, routeOf } from './route.ts'
import type { ListOnTheWay, Route } from './stage.ts'

/** Look-ups at one time: a large list must not take every connection to a directory that is far away. */
const ABREAST = 100
/** Names in a note, of each sort; the trace has the recipients anyway. */
const NOTED = 20

export interface Group {
  readonly entry: AddressEntry & { readonly kind: 'group' }
  readonly address: MailAddress
  readonly detail?: string
  readonly owner?: MailAddress
  /** Groups with rules on the way here, itself among them, the innermost first. */
  readonly ruled: readonly MailAddress[]
}

export type FirstGroup = Omit<Group, 'ruled'>

const ruledBy = ({ entry, address }: FirstGroup, outer: readonly MailAddress[]): readonly MailAddress[] =>
  entry.hasRules === true ? [address, ...outer] : outer

interface Member {
  readonly of: Group
  readonly address: MailAddress
  /** The group's own address: whoever stands behind the alias. */
  readonly mailbox: boolean
}

export function* expandGroup(input: ExpansionInput, given: FirstGroup, by: DecidedBy): Asking<Expansion> {
  const { revision } = input
  const first = { ...given, ruled: ruledBy(given, []) }
  const { aliasDepth, expansion } = revision.config.limits
  const walk = new Walk(input, first)
  let level: readonly Group[] = [first]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth >= aliasDepth) {
      const problem = reply(550, '4.6', `aliases nested too deeply: ${input.given}`) // RFC 3463 X.4.6
      return { becomes: [], by: revision.where('limits', 'aliasDepth'), problem }
    }
    const members = level.flatMap((group) => walk.membersOf(group))
    if (walk.members > expansion) {
      const problem = reply(552, '5.3', `expands into too many recipients: ${input.given}`) // RFC 3463 X.5.3
      return { becomes: [], by: revision.where('limits', 'expansion'), problem }
    }
    const next: Group[] = []
    for (let at = 0; at < members.length; at += ABREAST) {
      const some = members.slice(at, at + ABREAST)
      const found = yield* sideBySide(some.map((member) => resolve(revision, member)))
      for (const [i, member] of some.entries()) {
        const group = walk.take(member, found[i] ?? { kind: 'absent' })
        if (group !== undefined) next.push(group)
      }
    }
    level = next
  }
  const problem = walk.problem()
  const note = walk.note()
  return {
    becomes: problem === undefined ? walk.becomes : [],
    by,
    note,
    ...(walk.lists.length === 0 ? {} : { lists: walk.lists }),
    ...(problem === undefined ? {} : { problem }),
  }
}

type Resolved = Found | { readonly kind: 'elsewhere'; readonly route: Route }

function* resolve(revision: Revision, { address, mailbox }: Member): Asking<Resolved> {
  const routing = yield* routeOf(revision, address)
  if (routing.kind === 'defer') return routing
  if (!routing.route.local) return { kind: 'elsewhere', route: routing.route }
  return yield* findAddress(revision, address, { mailbox })
}

/** What has been met on the way. */
class Walk {
  readonly becomes: NewRecipient[] = []
  readonly lists: ListOnTheWay[] = []
  /** Members met, the same ones again included. */
  members = 0
  readonly #input: ExpansionInput
  readonly #seen: Seen
  readonly #looked: Set<string>
  readonly #notes: string[] = []
  #deferred: string | undefined
  #loops = 0
  #suspended = 0
  #lost = 0

  constructor(input: ExpansionInput, first: Group) {
    this.#input = input
    this.#seen = new Seen(input.accepted)
    this.#looked = new Set([addressKey(first.address)])
  }

  /** Those still to be looked up; programs are taken at once. */
  membersOf(group: Group): readonly Member[] {
    const { entry, at, access } = group.entry
    if (access !== undefined) this.lists.push({ entry, access, ...(at === undefined ? {} : { at }) })
    const members: Member[] = []
    const own = addressKey(group.address)
    for (const member of group.entry.members) {
      // One over the limit is enough to know.
      if (++this.members > this.#input.revision.config.limits.expansion) break
      if ('pipe' in member) {
        this.#add(group, { address: group.address, channel: PIPE_CHANNEL, via: JSON.stringify(member.pipe) })
        continue
      }
      const key = addressKey(member.address)
      const mailbox = key === own
      const mark = mailbox ? `mailbox ${key}` : key
      if (this.#looked.has(mark)) {
        this.#loops++
        this.#notes.push(`${member.address} again, skipped`)
      } else {
        this.#looked.add(mark)
        members.push({ of: group, address: member.address, mailbox })
      }
    }
    return members
  }

  /** @returns the group it is, to be expanded in its turn */
  take({ of, address, mailbox }: Member, found: Resolved): Group | undefined {
    switch (found.kind) {
      case 'defer':
        this.#deferred ??= found.cause
        return undefined
      case 'absent':
        this.#notes.push(mailbox ? `${address} leads to itself, skipped` : `${address} is unknown, skipped`)
        if (mailbox) this.#loops++
        else this.#lost++
        return undefined
      case 'elsewhere': {
        const { channel, via } = found.route
        this.#add(of, { address, channel, ...(via === undefined ? {} : { via }) })
        return undefined
      }
      case 'entry':
        break
      default:
        return found satisfies never
    }
    const { entry } = found
    if (entry.kind === 'group') return this.#nested(of, entry, found)
    const detail = mailbox ? of.detail : found.detail
    if (entry.status === 'active' && entry.host !== undefined) {
      this.#add(of, elsewhere(this.#input, address, entry.host))
    } else if (entry.status === 'active') {
      const whose = { user: entry.user, address: found.address, ...(detail === undefined ? {} : { detail }) }
      this.#add(of, mailboxOf(this.#input, whose))
    } else if (entry.status === 'suspended') {
      // "Try later" for one member must not stop the others: it waits on channel l, where it is looked up again.
      this.#suspended++
      this.#notes.push(`${address} is suspended, waits`)
      this.#add(of, { address, channel: LOCAL_CHANNEL })
    } else {
      this.#lost++
      this.#notes.push(`${address} is disabled, skipped`)
    }
    return undefined
  }

  /** Why nobody is left, or all have to wait. */
  problem(): Reply | undefined {
    const { given } = this.#input
    // Some members cannot be looked up now: taking the message would lose it for them, so it must come again.
    if (this.#deferred !== undefined) return AWAY
    if (this.#suspended > 0 && this.becomes.every(({ channel }) => channel === LOCAL_CHANNEL))
      return reply(450, '2.1', `alias of suspended users, try again later: ${given}`)
    if (this.becomes.length > 0 || this.#seen.duplicates > 0) return undefined
    if (this.#loops > 0 && this.#lost === 0) return reply(550, '4.6', `alias leads to itself: ${given}`)
    return reply(550, '1.1', `unknown or illegal alias: ${given}`) // spec access-control.md 3.3
  }

  note(): string {
    const to = this.becomes.map(({ address, channel }) => `${address} in ${channel}`)
    const parts = [shortened(to, ', '), this.#deferred ?? '', shortened(this.#notes, '; ')]
    return parts.filter((part) => part !== '').join('; ')
  }

  #nested(of: Group, entry: Group['entry'], { address, detail }: Found & { kind: 'entry' }): Group | undefined {
    const key = addressKey(address)
    const owner = entry.owner ?? of.owner
    // Found without its subaddress, it may have been met before.
    if (detail !== undefined && this.#looked.has(key)) {
      this.#loops++
      this.#notes.push(`${address} again, skipped`)
      return undefined
    }
    this.#looked.add(key)
    const nested = {
      entry,
      address,
      ...(detail === undefined ? {} : { detail }),
      ...(owner === undefined ? {} : { owner }),
    }
    return { ...nested, ruled: ruledBy(nested, of.ruled) }
  }

  /**
   * RFC 3461 §5.2.7: NOTIFY and ORCPT go along to the members of an alias. A list with an owner sends anew (RFC 5321
   * §3.9.2): failures go to its owner, and its members carry no requests of the sender.
   */
  #add({ owner, ruled }: Group, recipient: Omit<NewRecipient, 'given'>): void {
    const about = owner === undefined ? requestsOf(this.#input) : { sender: owner }
    // Rules run where mail is delivered to a user, nowhere else (spec filters.md 1).
    const groups = ruled.length === 0 || recipient.user === undefined ? {} : { groups: ruled }
    const whole = { ...recipient, given: this.#input.given, ...about, ...groups }
    if (this.#seen.add(whole)) this.becomes.push(whole)
  }
}

const shortened = (texts: readonly string[], separator: string): string =>
  texts.length <= NOTED
    ? texts.join(separator)
    : `${texts.slice(0, NOTED).join(separator)} and ${texts.length - NOTED} more`
