// SPDX-License-Identifier: Apache-2.0
/**
 * The services a host of the language can give (spec sieve-engine.md 1.5): what answers the questions of a run, and what
 * carries its actions out. In-memory ones stand in mock-services.ts. Each may be absent: then its questions are answered
 * "try later", and actions that need it fail.
 */

import type { Lookup } from '../../ask/lookup.ts'
import type { Action } from '../action.ts'
import type { SieveEnvelope } from '../envelope.ts'
import type { Score } from '../questions.ts'

export interface MailStore {
  /** Its name as the store writes it, when mail can be delivered to it. */
  exists(mailbox: string): Promise<Lookup<string>> | Lookup<string>
  create(mailbox: string, specialUse?: string): Promise<void>
  /** Puts a message in, visible at `commit`. @throws when there is no such mailbox */
  append(mailbox: string, content: Uint8Array, flags: readonly string[]): Promise<Transaction>
  specialUse(attribute: string, mailbox?: string): Promise<Lookup<string>> | Lookup<string>
  byId(id: string): Promise<Lookup<string>> | Lookup<string>
  metadata(mailbox: string | undefined, annotation: string): Promise<Lookup<string>> | Lookup<string>
}

export interface Transaction {
  commit(): Promise<void>
  rollback(): Promise<void>
}

export interface OutgoingRecipient {
  readonly address: string
  /** RFC 3461 and RFC 2852, where a script asked for them. */
  readonly notify?: readonly string[]
  readonly ret?: 'FULL' | 'HDRS'
  readonly byTimeRelative?: number
  readonly byTimeAbsolute?: number
  readonly byMode?: 'R' | 'N'
  readonly byTrace?: boolean
}

export interface Submission {
  /** `''` is the null sender. */
  start(from: string): Promise<OutgoingMessage>
}

export interface OutgoingMessage {
  rcpt(recipient: OutgoingRecipient): Promise<void>
  data(content: Uint8Array): Promise<void>
  /** From here on it is the other side's. */
  finish(): Promise<void>
  abort(): Promise<void>
}

/** Things remembered for a time: duplicates (RFC 7352), answered senders (RFC 5230). One across workers and restarts. */
export interface MemoryStore {
  check(key: string): Promise<boolean> | boolean
  mark(key: string, seconds: number): Promise<void> | void
}

export interface IncludeStore {
  read(location: 'personal' | 'global', name: string): Promise<Lookup<string>> | Lookup<string>
}

export interface ListStore {
  has(list: string): Promise<Lookup<true>> | Lookup<true>
  contains(list: string, value: string): Promise<Lookup<true>> | Lookup<true>
  /** For `redirect :list`. */
  members(list: string): Promise<Lookup<readonly string[]>> | Lookup<readonly string[]>
}

export interface Notifier {
  readonly scheme: string
  capability?(uri: string, name: string): Promise<Lookup<string>> | Lookup<string>
  notify(notification: Notification): Promise<void>
}

export interface Notification {
  readonly uri: string
  readonly from?: string
  readonly importance: '1' | '2' | '3'
  readonly options: readonly string[]
  readonly message: string
}

export interface ScoreSource {
  score(of: 'spam' | 'virus'): Promise<Lookup<Score>> | Lookup<Score>
}

export interface SieveServices {
  readonly store?: MailStore
  readonly submission?: Submission
  readonly duplicates?: MemoryStore
  readonly vacation?: MemoryStore
  readonly includes?: IncludeStore
  readonly lists?: ListStore
  readonly notifiers?: readonly Notifier[]
  readonly scores?: ScoreSource
  /** Wall-clock milliseconds. */
  readonly clock: () => number
}

/** What an action may see while it is carried out. */
export interface Execution {
  readonly services: SieveServices
  readonly envelope: SieveEnvelope
  readonly owner: readonly string[]
  readonly now: number
  /** Differs from run to run: for Message-ID. */
  readonly unique: string
  readonly inbox: string
}

/** An action begun: nothing of it can be seen before `commit`. */
export type Started =
  | ({ readonly kind: 'started' } & Transaction)
  | { readonly kind: 'skipped'; readonly reason: string }
  | { readonly kind: 'failed'; readonly error: string }

export type ActionStart = (action: Action, execution: Execution) => Promise<Started>
