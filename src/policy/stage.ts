// SPDX-License-Identifier: Apache-2.0
/**
 * What a stage is: a pure question put to a context at one moment. stages.ts holds them in order; run-stages.ts runs
 * a list of them and writes the trace.
 */
import type { Domain, MailAddress, ReversePath } from '../address/address.ts'
import type { Asking } from '../ask/ask.ts'
import type { DecidedBy, SourceRef } from '../ask/decided-by.ts'
import type { ListAccess } from '../ask/list-access.ts'
import type { Account } from '../ask/questions.ts'
import type { Revision } from '../config/revision.ts'
import type { Carried } from '../envelope/carried.ts'
import type { ChannelName } from '../envelope/channel-name.ts'
import type { HeaderEdit, Notify, OriginalRecipient, Recipient } from '../envelope/envelope.ts'
import type { MessageId, SessionId } from '../envelope/message-id.ts'
import type { ContentSummary } from '../mime/content-summary.ts'
import type { Reply } from '../smtp/reply.ts'
import type { Tightened } from './access/tightened.ts'
import type { FilterTrace } from './filters/filter-trace.ts'
import type { Filtering } from './filters/filtering.ts'
import type { FilterScript } from './filters/script.ts'
import type { Usual } from './saying.ts'
import type { TableTrace } from './trace.ts'

/** What has been counted in a session so far, against limits of the session. Goes up while the session lasts. */
export interface SessionCounts {
  /** MAIL commands that came before the stages, refused ones included. */
  readonly transactions: number
  readonly refusedSenders: number
  /** RCPT commands accepted. */
  readonly recipients: number
  /** RCPT commands refused for good. */
  readonly refusedRecipients: number
  readonly badCommands: number
  /** Commands that bring no message forward, since the last message. */
  readonly emptyCommands: number
  readonly failedAuth: number
}

/** Of a session that begins. */
export const NO_COUNTS: SessionCounts = {
  transactions: 0,
  refusedSenders: 0,
  recipients: 0,
  refusedRecipients: 0,
  badCommands: 0,
  emptyCommands: 0,
  failedAuth: 0,
}

/** What is known of a session at every moment. */
export interface SessionContext {
  readonly session: SessionId
  readonly revision: Revision
  /** Name of the listener in the configuration. */
  readonly listener: string
  readonly service: 'smtp' | 'submission' | 'submissions' | 'lmtp'
  readonly client: { readonly address: string; readonly port: number }
  readonly server: { readonly address: string; readonly port: number }
  /** What reverse DNS calls the client, with a mark where that does not lead back; never to be trusted. */
  readonly clientName?: string
  /** The source channel; switched at connect, STARTTLS and AUTH. */
  readonly source: ChannelName
  /** The channel of the listener, before any switch. */
  readonly initial: ChannelName
  readonly counts: SessionCounts
  /** Octets that the client sent before the greeting; absent when it waited, as RFC 5321 §4.3.1 asks. */
  readonly earlyOctets?: number
  readonly helo?: string
  /** The client said EHLO (or LHLO). */
  readonly esmtp: boolean
  readonly tls?: { readonly version: string; readonly cipher: string }
  readonly account?: Account
  /** What moved the session to the channel of the inside. */
  readonly insideBy?: DecidedBy
}

export interface MailContext extends SessionContext {
  readonly id: MessageId
  readonly reversePath: ReversePath
  /** Where FROM_ACCESS replaced it: what the client typed. */
  readonly typedReversePath?: ReversePath
  /** What rows of access tables asked for that comes later. */
  readonly carried?: Carried
  /** Limits that FROM_ACCESS tightened for the transaction. */
  readonly tightened?: Tightened
  /** RFC 1870, as declared; 0 when not. */
  readonly declaredSize: number
  readonly smtputf8: boolean
  readonly body: '7bit' | '8bit'
  readonly ret?: 'full' | 'hdrs'
  readonly envid?: string
}

export interface RcptContext extends MailContext {
  /** The argument of RCPT TO without brackets. */
  readonly given: string
  /** The address as parsed, then as rewritten. A bare `postmaster` has this server's name. */
  readonly address: MailAddress
  readonly notify?: Notify
  readonly orcpt?: OriginalRecipient
  /** Recipients of the transaction so far, after expansion. */
  readonly accepted: readonly Recipient[]
  /** RCPT commands of the transaction so far, this one not: those accepted, and all of them. */
  readonly acceptedCommands: number
  readonly presented: number
  /** Set by the route stage: where the address goes before aliases are looked at. */
  readonly route?: Route
  /** Conversion tags that tables before the aliases gave this recipient. */
  readonly tags?: readonly string[]
  /** The row of a recipient table that allows it, `$Y`. */
  readonly allowedBy?: DecidedBy
  /**
   * Set by the alias stage where `becomes` is expanded when it is delivered: whom it will become. Tables are asked about
   * these.
   */
  readonly members?: readonly Omit<Recipient, 'index' | 'parent'>[]
  /** Set by the alias stage: lists the address leads through that say who may post. */
  readonly lists?: readonly ListOnTheWay[]
  /** Set by the alias stage: what the recipient became. `index` is given when it is accepted. */
  readonly becomes?: readonly Omit<Recipient, 'index' | 'parent'>[]
}

/** A list that an address leads through. */
export interface ListOnTheWay {
  /** As the trace names it. */
  readonly entry: string
  readonly at?: SourceRef
  readonly access: ListAccess
}

/** Where a domain goes. */
export interface Route {
  readonly channel: ChannelName
  readonly via?: string
  readonly domain: Domain
  /** Whether the destination is ours: known to the directory. */
  readonly local: boolean
}

/** When all recipients are known. */
export interface EnvelopeContext extends MailContext {
  readonly recipients: readonly Recipient[]
  /** RCPT commands of the transaction: those accepted, and all of them. */
  readonly acceptedCommands: number
  readonly presented: number
  /** What the message is called while it is in hand, where that is known already (stages/poison.ts). */
  readonly key?: string
}

export interface ContentContext extends EnvelopeContext {
  /** Arguments of the RCPT commands that were accepted, in their order. */
  readonly named?: readonly string[]
  readonly content: ContentSummary
  readonly receivedAt: number
  /** Grows as stages add fields. */
  readonly edits: readonly HeaderEdit[]
  readonly hold?: { readonly reason: string }
  /** Scripts that scanners chose by their verdicts (spec spam-and-virus.md), in order of their numbers. */
  readonly scriptlets?: readonly FilterScript[]
  /** Over LMTP: what the recipients hear that refuse, by the argument of RCPT. The message is not for them any more. */
  readonly refusals?: ReadonlyMap<string, Reply>
  /** Between the stages of the filters: how far each recipient is. */
  readonly filtering?: Filtering
}

export type Verdict =
  | { readonly do: 'pass' }
  /** `close`: the session ends after the reply. */
  | { readonly do: 'refuse'; readonly reply: Reply; readonly close?: boolean }
  /** Accept, but keep for an operator. Later stages still run. `unlooked`: none that looks at the content, nor anything else. */
  | { readonly do: 'hold'; readonly reason: string; readonly unlooked?: true }
  /** Accept, and throw away by this rule; at RCPT this recipient, or `all` of the message. */
  | { readonly do: 'discard'; readonly rule: string; readonly all?: true }

export interface StageResult<C> {
  readonly verdict: Verdict
  readonly by: DecidedBy
  /** The context for the stages that follow; absent when nothing changed. */
  readonly context?: C
  /** One sentence for the trace. */
  readonly note?: string
  /** Mapping tables it asked. */
  readonly tables?: readonly TableTrace[]
  /** Scripts it ran; of many the first ones. */
  readonly filters?: readonly FilterTrace[]
  readonly filtersDropped?: number
  /** What it says is said of other messages too, in the same words (saying.ts). */
  readonly usual?: Usual
  /** Nothing was looked at, for there is nothing to look at: it leaves no step. */
  readonly silent?: true
}

export interface Stage<C> {
  /** As the trace names it: `relay guard`. */
  readonly name: string
  /** What it decides, in one line. */
  readonly decides: string
  /** RFC or spec section. */
  readonly reference: string
  /** Where the context tells all: nothing is asked. `undefined`: `run` has to ask. */
  readonly judge?: (context: C) => StageResult<C> | undefined
  /** A stage that asks, where `judge` could not tell. With neither it has its place but is not built yet: it lets everything pass and leaves no step. */
  readonly run?: (context: C) => Asking<StageResult<C>>
}
