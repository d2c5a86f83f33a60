// SPDX-License-Identifier: Apache-2.0
/** What channels are handed. */
import type { MailAddress, ReversePath } from '../address/address.ts'
import type { MailboxQuota } from '../ask/questions.ts'
import type { Clock } from '../clock/clock.ts'
import type { Resolver } from '../dns/resolver.ts'
import type { ChannelName } from '../envelope/channel-name.ts'
import type { Log } from '../monitor/log.ts'
import type { ConnectionAttempt, IpVerdict } from '../policy/access/outgoing.ts'
import type { NewRecipient } from '../policy/expansion.ts'
import type { Placement } from '../policy/own-mail.ts'

export interface ChannelDeps {
  readonly resolver: Resolver
  readonly clock: Clock
  readonly log: Log
  /** 0 ≤ x < 1 */
  readonly random: () => number
  /** The name we greet with. */
  readonly hostname: string
  /** Our names, and our listening `address:port`s: mail must not be sent there. */
  readonly self: () => ReadonlySet<string>
  /** Routes and expands an address of ours (policy/own-mail.ts). */
  readonly place: (address: MailAddress) => Promise<Placement>
  /** Whom mail of this sender is sent on to, with the sender it goes out with (policy/forwarding.ts); absent: the one it has. */
  readonly sentOn?: (sender: ReversePath, members: readonly NewRecipient[]) => Promise<readonly NewRecipient[]>
  /** Absolute path of the folder of Maildirs. */
  readonly mailboxes: string
  /** What the mailbox of a user of ours may hold; `undefined`: no limit, or not known now. */
  readonly quotaOf?: (address: MailAddress) => Promise<MailboxQuota | undefined>
  /** The channel that this is for. */
  readonly channel?: ChannelName
  /**
   * What IP_ACCESS says to a connection about to be made; `undefined`: nothing, and at once where there is no such table
   * (spec access-control.md 10).
   */
  readonly ipAccess?: (attempt: ConnectionAttempt) => Promise<IpVerdict | undefined> | undefined
}
