// SPDX-License-Identifier: Apache-2.0
/**
 * Whom an address of ours stands for, RFC 5321 §3.9: a user's mailbox, or the members of a group
 * (group-expansion.ts). Pure: asks the directory. `postmaster` is never refused (RFC 5321 §4.5.1): where the directory
 * leads nowhere, `server.postmaster` gets the mail, and where that leads nowhere too, a mailbox of that very address.
 */
import { type Domain, domainOf, type MailAddress } from '../address/address.ts'
import { parseAddress } from '../address/path.ts'
import type { Reversed } from '../address/srs.ts'
import { type Asking, ask } from '../ask/ask.ts'
import type { DecidedBy } from '../ask/decided-by.ts'
import type { AddressEntry } from '../ask/questions.ts'
import { describeReply, reply } from '../smtp/reply.ts'
import { AWAY, type Expansion, type ExpansionInput, elsewhere, mailboxOf, requestsOf, Seen } from './expansion.ts'
import { type Found, findAddress, isPostmaster, namedPostmaster } from './find-address.ts'
import { bouncesTo } from './forwarding.ts'
import { expandGroup } from './group-expansion.ts'
import { routeOf } from './route.ts'

export type { Expansion, ExpansionInput } from './expansion.ts'

export function* expandAliases(input: ExpansionInput): Asking<Expansion> {
  const bounce = yield* bouncesTo(input.revision, input.address)
  if (bounce.kind !== 'none') return yield* expandBounce(input, bounce)
  if (!isPostmaster(input.address)) return yield* expand(input)
  const here = { ...input, address: yield* postmasterHere(input.address) }
  const expansion = yield* expand(here)
  const { problem } = expansion
  // A directory that is away is no refusal; the client comes again.
  if (problem === undefined || problem === AWAY) return expansion
  return yield* expandPostmaster(here, expansion.note ?? describeReply(problem))
}

/**
 * A rewritten sender is no way in: it takes bounces alone, which have the null sender (RFC 5321 §4.5.5), and leads to the
 * one address that was signed.
 */
function* expandBounce(input: ExpansionInput, bounce: Reversed & { kind: 'reversed' | 'refused' }): Asking<Expansion> {
  const { revision, given, reversePath = null, accepted } = input
  const by = revision.where('srs', 'domain')
  const refuse = (note: string): Expansion => ({
    becomes: [],
    by,
    note,
    problem: reply(550, '1.1', `unknown or illegal user: ${given}`),
  })
  if (bounce.kind === 'refused') return refuse(bounce.why)
  if (reversePath !== null) return refuse('it takes notifications of delivery alone, and these have the null sender')
  const { address } = bounce
  const routing = yield* routeOf(revision, address)
  if (routing.kind === 'defer') return { becomes: [], by: routing.by, note: routing.cause, problem: AWAY }
  const { route } = routing
  if (route.local) return yield* expand({ ...input, address, route })
  const via = route.via === undefined ? {} : { via: route.via }
  const recipient = { address, given, channel: route.channel, ...via, ...requestsOf(input) }
  const becomes = new Seen(accepted).add(recipient) ? [recipient] : []
  return { becomes, by, note: `a bounce to ${address}` }
}

/**
 * `<postmaster>` alone is the postmaster of this host (RFC 5321 §4.1.1.3). A host is seldom a mail domain itself: then
 * it is the postmaster of the domain of ours above it.
 */
function* postmasterHere(address: MailAddress): Asking<MailAddress> {
  for (let name: string = domainOf(address); name.includes('.'); name = name.slice(name.indexOf('.') + 1)) {
    const { kind } = yield* ask({ ask: 'directory.domain', domain: name as Domain })
    if (kind === 'found') return parseAddress(`postmaster@${name}`) ?? address
    if (kind === 'defer') break
  }
  return address
}

function* expand(input: ExpansionInput): Asking<Expansion> {
  const found = yield* findAddress(input.revision, input.address)
  const by: DecidedBy = { by: 'directory', entry: `domain ${domainOf(input.address)}` }
  switch (found.kind) {
    case 'defer':
      return { becomes: [], by, note: found.cause, problem: AWAY }
    case 'absent': {
      const problem = reply(550, '1.1', `unknown or illegal user: ${input.given}`) // spec access-control.md 3.3
      return { becomes: [], by, note: 'no such user or alias', problem }
    }
    case 'entry': {
      const { entry, address, detail } = found
      if (entry.kind === 'user') return expandUser(input, found, entry)
      const owner = entry.owner === undefined ? {} : { owner: entry.owner }
      return yield* expandGroup(
        input,
        { entry, address, ...(detail === undefined ? {} : { detail }), ...owner },
        found.by,
      )
    }
    default:
      return found satisfies never
  }
}

function expandUser(
  input: ExpansionInput,
  { by, address, detail }: Found & { readonly kind: 'entry' },
  { user, status, host }: AddressEntry & { readonly kind: 'user' },
): Expansion {
  if (status === 'disabled') return { becomes: [], by, problem: reply(550, '2.1', `user is disabled: ${input.given}`) } // RFC 3463 X.2.1
  if (status === 'suspended')
    return { becomes: [], by, problem: reply(450, '2.1', `user is suspended, try again later: ${input.given}`) }
  if (host !== undefined) return only(input, { ...elsewhere(input, input.address, host), ...requestsOf(input) }, by)
  const whose = { user, address, ...(detail === undefined ? {} : { detail }) }
  return only(input, { ...mailboxOf(input, whose), ...requestsOf(input) }, by)
}

/** The directory's postmaster is unknown, disabled or a loop. */
function* expandPostmaster(input: ExpansionInput, why: string): Asking<Expansion> {
  const { revision, address } = input
  const by = revision.where('server', 'postmaster')
  const named = namedPostmaster(revision, address)
  if (named !== undefined) {
    const entry = { kind: 'group', entry: 'server.postmaster', members: [{ address: named }] } as const
    const expansion = yield* expandGroup(input, { entry, address }, by)
    if (expansion.problem === undefined || expansion.problem === AWAY)
      return { ...expansion, note: `${expansion.note ?? ''} (${why})` }
  }
  const mailbox = { ...mailboxOf(input, { user: address.toLowerCase(), address }), ...requestsOf(input) }
  const kept = only(input, mailbox, by)
  return { ...kept, note: `${kept.note ?? ''} (${why})` }
}

function only(input: ExpansionInput, recipient: Expansion['becomes'][number], by: DecidedBy): Expansion {
  return new Seen(input.accepted).add(recipient)
    ? { becomes: [recipient], by, note: `${recipient.address} in ${recipient.channel}` }
    : { becomes: [], by, note: 'already a recipient' }
}
