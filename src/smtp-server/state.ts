// SPDX-License-Identifier: Apache-2.0
/**
 * Where a session stands: a union, so that a reverse path exists only once MAIL was accepted. RFC 5321 §4.1.4 (order
 * of commands), RFC 3030 (a BDAT sequence), RFC 4954 §4 (inside an AUTH exchange).
 */
import type { Recipient } from '../envelope/envelope.ts'
import type { MailContext } from '../policy/stage.ts'
import type { TraceBuilder } from '../policy/trace-builder.ts'
import type { Reply } from '../smtp/reply.ts'
import type { SaslDialogue } from './sasl-dialogue.ts'

/** A mail transaction, RFC 5321 §3.3: from the accepted MAIL to the reply that ends it. */
export interface Transaction {
  readonly context: MailContext
  readonly trace: TraceBuilder
  /**
   * What the accepted RCPT commands became, after expansion. Grows in place, as do the commands: copied at each RCPT, a
   * long list would take quadratic time.
   */
  readonly recipients: Recipient[]
  /** Arguments of the accepted RCPT commands, as typed: LMTP answers each of them (RFC 2033 §4.2). */
  readonly acceptedCommands: string[]
  /** RCPT commands, refused ones included. */
  readonly presented: number
  /** Whether every refusal so far was temporary. */
  readonly onlyDeferred: boolean
  /** Set when a stage at MAIL or RCPT accepted the message only to keep it for an operator. */
  readonly hold?: { readonly reason: string }
  /** Set when a stage at MAIL accepted the message only to throw it away. */
  readonly discard?: { readonly rule: string }
  /** Set once the envelope was judged: what the message is called while in hand, and whether nobody may look at it. */
  readonly judged?: { readonly key: string; readonly unlooked: boolean }
}

export type State =
  /** The TCP connection stands; nothing was said. */
  | { readonly at: 'connected' }
  /** The 220 was sent; HELO, EHLO or LHLO has not come. */
  | { readonly at: 'greeted' }
  | { readonly at: 'ready' }
  | { readonly at: 'mail'; readonly transaction: Transaction }
  /** After 354: the host reads content until the line with a single dot. */
  | { readonly at: 'data'; readonly transaction: Transaction }
  /** The host reads a chunk. `refusal` is due after its octets when the chunk was not wanted. */
  | { readonly at: 'chunk'; readonly transaction: Transaction; readonly size: number; readonly last: boolean }
  | { readonly at: 'unwantedChunk'; readonly refusal: Reply; readonly before: State }
  /** Between two BDAT commands of one message. */
  | { readonly at: 'bdat'; readonly transaction: Transaction; readonly octets: number }
  | { readonly at: 'auth'; readonly dialogue: SaslDialogue }
  /** Between the 220 to STARTTLS and the end of the handshake. */
  | { readonly at: 'handshake'; readonly implicit: boolean }
  | { readonly at: 'closed' }

/** The states in which a command may come. */
export type CommandState = 'greeted' | 'ready' | 'mail' | 'bdat'

export const isCommandState = (at: State['at']): at is CommandState =>
  at === 'greeted' || at === 'ready' || at === 'mail' || at === 'bdat'

export const transactionOf = (state: State): Transaction | undefined =>
  'transaction' in state ? state.transaction : undefined
