// SPDX-License-Identifier: Apache-2.0
/** What expanding an alias starts from and comes to, and when two recipients are the same. */
import type { MailAddress, ReversePath } from '../address/address.ts'
import { addressKey, parseAddress } from '../address/path.ts'
import type { DecidedBy } from '../ask/decided-by.ts'
import type { Revision } from '../config/revision.ts'
import type { ChannelName } from '../envelope/channel-name.ts'
import type { Notify, OriginalRecipient, Recipient } from '../envelope/envelope.ts'
import { type Reply, reply } from '../smtp/reply.ts'
import { channelConfig } from './channels.ts'
import { LOCAL_CHANNEL } from './route.ts'
import type { ListOnTheWay, Route } from './stage.ts'

export const PIPE_CHANNEL = 'pipe' as ChannelName
/** Between machines of ours (design 3). */
const INSIDE_CHANNEL = 'tcp_intranet' as ChannelName

export interface ExpansionInput {
  readonly address: MailAddress
  /** As typed. */
  readonly given: string
  readonly route: Route
  readonly revision: Revision
  /** Recipients of the transaction so far: nobody gets a message twice. */
  readonly accepted: readonly Recipient[]
  readonly notify?: Notify
  readonly orcpt?: OriginalRecipient
  /** Absent: a message that the MTA makes, whose sender is null. */
  readonly reversePath?: ReversePath
}

export type NewRecipient = Omit<Recipient, 'index' | 'parent'>

export interface Expansion {
  /** May be empty without a problem: everybody is a recipient already. */
  readonly becomes: readonly NewRecipient[]
  readonly by: DecidedBy
  readonly note?: string
  readonly problem?: Reply
  /** Lists on the way that say who may post. */
  readonly lists?: readonly ListOnTheWay[]
}

export const AWAY: Reply = reply(451, '4.3', 'Directory is unavailable, try again later')

/** What the sender asked for about this recipient. */
export type Requests = Pick<ExpansionInput, 'notify' | 'orcpt'>
export const requestsOf = ({ notify, orcpt }: Requests): Requests => ({
  ...(notify === undefined ? {} : { notify }),
  ...(orcpt === undefined ? {} : { orcpt }),
})

/** The mailbox of a user, in the channel that keeps mailboxes. `address` stands in where the user's name is none. */
export function mailboxOf(
  { revision, given }: Pick<ExpansionInput, 'revision' | 'given'>,
  { user, address, detail }: { readonly user: string; readonly address: MailAddress; readonly detail?: string },
): NewRecipient {
  const local = channelConfig(revision, LOCAL_CHANNEL)
  const channel = (local.kind === 'local' ? local.store : LOCAL_CHANNEL) as ChannelName
  const subaddress = detail === undefined ? {} : { detail }
  return { address: parseAddress(user) ?? address, given, channel, user, ...subaddress }
}

/** A mailbox that another machine of ours keeps: the message goes there for the same address. */
export const elsewhere = (
  { given }: Pick<ExpansionInput, 'given'>,
  address: MailAddress,
  host: string,
): NewRecipient => ({ address, given, channel: INSIDE_CHANNEL, via: host })

/**
 * Recipients so far. The same: address and channel, for programs the program, for mailboxes the subaddress and the groups
 * whose rules apply: what those throw away must still reach a user who is named by itself later.
 */
export class Seen {
  readonly #keys: Set<string>
  duplicates = 0
  constructor(accepted: readonly Recipient[]) {
    this.#keys = new Set(accepted.map(keyOf))
  }
  /** Whether it is new. */
  add(recipient: NewRecipient): boolean {
    const { groups: _, ...bare } = recipient
    const key = keyOf(recipient)
    if (this.#keys.has(key) || this.#keys.has(keyOf(bare))) {
      this.duplicates++
      return false
    }
    this.#keys.add(key)
    return true
  }
}

const keyOf = ({ address, channel, via, detail, groups = [] }: NewRecipient): string =>
  JSON.stringify([addressKey(address), channel, channel === PIPE_CHANNEL ? via : '', detail ?? '', ...groups])
