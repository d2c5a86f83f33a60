// SPDX-License-Identifier: Apache-2.0
/**
 * The envelope: who sent a message, how it came, and to whom it goes. RFC 5321 §2.3.1, with the parameters of
 * RFC 3461 (DSN), RFC 6152 (8BITMIME) and RFC 6531 (SMTPUTF8). Everything here is plain data: the queue writes it
 * as JSON and reads it back years later.
 */
import type { MailAddress, ReversePath } from '../address/address.ts'
import type { AskedFor } from './carried.ts'
import type { ChannelName } from './channel-name.ts'
import type { Filtered, RecipientCopy } from './filtered.ts'
import type { MessageId, SessionId } from './message-id.ts'

/** RFC 3461 §4.1. `never` excludes the others. Absent NOTIFY is `undefined` where this is optional: failure, and delay at our choice. */
export type Notify = 'never' | readonly ('success' | 'failure' | 'delay')[]

/** RFC 3461 §4.2, address decoded from xtext. */
export interface OriginalRecipient {
  readonly type: string
  readonly address: string
}

export interface Recipient {
  /** Unique within the message; never reused. Recipients born in the queue (expansion, redirect) get the next free number. */
  readonly index: number
  /** Where the message goes now: after rewriting and alias expansion. */
  readonly address: MailAddress
  /** The argument of RCPT TO, as typed (without the angle brackets). */
  readonly given: string
  /** The channel it is queued to. */
  readonly channel: ChannelName
  /** Host, `[address]` or `host:port` to deliver to instead of what DNS says about the domain; from a route. */
  readonly via?: string
  readonly notify?: Notify
  readonly orcpt?: OriginalRecipient
  /** Subaddress (RFC 5233 detail) that was taken off the local part: `sales` of `kim+sales@example.org`. */
  readonly detail?: string
  /** Login name or mailbox of the local user the address belongs to; set by alias expansion for users. */
  readonly user?: string
  /** The owner of the list the recipient came from: the envelope sender for this recipient (RFC 5321 §3.9.2). */
  readonly sender?: MailAddress
  /** `sender` is that of the envelope in another form, so that bounces find back (address/srs.ts): no list begins here. */
  readonly senderRewritten?: true
  /** Groups with rules of their own that led to this user, the innermost first (spec filters.md 1). */
  readonly groups?: readonly MailAddress[]
  /** Conversion tags of this recipient alone (spec access-control.md 3.2, `$G`). */
  readonly tags?: readonly string[]
  /** It came into being when filters had run: its own are asked when its turn comes. */
  readonly unfiltered?: true
  /** What filters made of the message for this recipient; absent: as if no filter were there. */
  readonly filtered?: Filtered
  /** The copy this recipient gets, where a filter said something about it. */
  readonly copy?: RecipientCopy
  /** The recipient this one was expanded or redirected from. */
  readonly parent?: number
}

/** How the message reached us, for tables, trace and `Received:`. */
export interface Origin {
  readonly session: SessionId
  /** `undefined` for messages the MTA made itself. */
  readonly client?: { readonly address: string; readonly port: number }
  readonly server?: { readonly address: string; readonly port: number }
  /** The argument of HELO or EHLO, LHLO. */
  readonly helo?: string
  /** RFC 3848 and RFC 6531 §4.3 keyword: SMTP, ESMTP, ESMTPS, ESMTPA, ESMTPSA, UTF8SMTP…, LMTP…; `local` for our own messages. */
  readonly protocol: string
  readonly tls?: { readonly version: string; readonly cipher: string }
  /** The login name that signed in. */
  readonly login?: string
}

/**
 * A change to the header, applied while the message streams out (design 2.6). A field is complete lines with CRLF at
 * their ends, folded where needed; an empty line where the content has no header of its own.
 */
export type HeaderEdit =
  | { readonly edit: 'prepend'; readonly field: string }
  /** Takes out the fields of this name, in lower case, that the content came with. */
  | { readonly edit: 'remove'; readonly name: string }

export interface Envelope {
  readonly id: MessageId
  readonly reversePath: ReversePath
  /** Wall-clock milliseconds; expiry and back-off count from it. */
  readonly receivedAt: number
  /** The source channel after switching. */
  readonly source: ChannelName
  readonly origin: Origin
  /** The policy revision the transaction began with. */
  readonly revision: string
  /** RFC 3461 §4.3 and §4.4. */
  readonly ret?: 'full' | 'hdrs'
  readonly envid?: string
  /** RFC 6531: asked for by the client, or needed because an address is not ASCII. */
  readonly smtputf8: boolean
  /** RFC 6152: `8bit` when declared or seen. */
  readonly body: '7bit' | '8bit'
  /** Octets of the content as received. */
  readonly size: number
  /** In order of application: the last `prepend` ends up on top. */
  readonly edits: readonly HeaderEdit[]
  readonly recipients: readonly Recipient[]
  /** What access tables asked for that comes after the queue. */
  readonly asked?: AskedFor
  /** Why the whole message waits for an operator. */
  readonly hold?: { readonly reason: string }
}
