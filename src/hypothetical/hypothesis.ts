// SPDX-License-Identifier: Apache-2.0
/** What a hypothetical session came to: plain data, printed as JSON by the command line. */
import type { Note } from '../ask/note.ts'
import type { Step, Trace } from '../policy/trace.ts'

export const VERDICTS = ['accepted', 'held', 'discarded', 'deferred', 'refused'] as const
export type Verdict = (typeof VERDICTS)[number]

export const isVerdict = (text: string): text is Verdict => VERDICTS.some((each) => each === text)

export type OtherTables = readonly Omit<Step, 'ms'>[]

/** One command, or the connection itself, or the message, and what the server says to it. */
export interface Exchange {
  readonly step: 'connect' | 'hello' | 'starttls' | 'auth' | 'mail' | 'rcpt' | 'data' | 'content' | 'quit'
  /** As sent, without the secret of a sign-in; absent where nothing is. */
  readonly said?: string
  /** On one line each; none where the server is silent, several from LMTP behind the content. */
  readonly replies: readonly string[]
  /** The server closes the connection behind them. */
  readonly closes?: true
  /** Behind the refusal of a recipient: what the other tables would have said. It changes nothing. */
  readonly otherTables?: OtherTables
}

export interface RecipientOutcome {
  /** As typed. */
  readonly to: string
  readonly verdict: Verdict
  /** The last the client hears about it: of RCPT, else of what ended the session or the message. */
  readonly reply?: string
  /** What it stands for, where it was accepted. */
  readonly becomes?: readonly {
    readonly address: string
    readonly channel: string
    /** What filters make of it: `into Lists, to lee@example.net`; absent where they do nothing. */
    readonly filtered?: string
  }[]
}

/** What would have been done to the world. */
export type Effect =
  | { readonly effect: 'wait'; readonly ms: number }
  | { readonly effect: 'note'; readonly note: Note }
  | { readonly effect: 'sequence'; readonly file: string; readonly answer: string }
  | { readonly effect: 'call'; readonly routine: string; readonly argument: string; readonly answer: string }

export interface Hypothesis {
  readonly revision: string
  /** What all recipients have in common, `mixed` where they differ; without recipients, what the client hears last. */
  readonly verdict: Verdict | 'mixed'
  readonly recipients: readonly RecipientOutcome[]
  readonly exchanges: readonly Exchange[]
  readonly disposition: Trace['outcome']
  /** The envelope sender, as it would be queued; absent where nothing would be. */
  readonly sender?: string
  readonly hold?: string
  readonly effects: readonly Effect[]
  readonly traces: readonly Trace[]
}
