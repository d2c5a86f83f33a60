// SPDX-License-Identifier: Apache-2.0
/**
 * What a delivery attempt came to, for one recipient. A destination (channels/) gives one for every recipient it was
 * handed; what it does not understand is `deferred`.
 */
import type { Recipient } from './envelope.ts'
import type { Filtered } from './filtered.ts'

/** What the remote system said, RFC 3464 §2.3.5: its name, and its reply as one line (`550 5.1.1 no such user`). */
export interface RemoteAnswer {
  readonly mta?: string
  readonly address?: string
  readonly reply?: string
}

export type Outcome =
  /** Final delivery by us: a mailbox, a program. `where` is for people: `Maildir …/new`, `pipe vacation`. */
  | { readonly kind: 'delivered'; readonly where: string; readonly remote?: RemoteAnswer }
  /** Handed to another MTA. `dsn` says whether it took over the DSN request (RFC 3461 §5.2). */
  | { readonly kind: 'relayed'; readonly remote: RemoteAnswer; readonly dsn: boolean; readonly tls?: string }
  /** Try later. `status` is 4.x.x. `destinationDown`: nothing else will get through there either. */
  | {
      readonly kind: 'deferred'
      readonly status: string
      readonly reason: string
      readonly remote?: RemoteAnswer
      readonly destinationDown?: boolean
      /** What is left to be done of what filters decided, where a part of it has been done. */
      readonly left?: Filtered
    }
  /** Never. `status` is 5.x.x. `told`: the sender needs no notice of it. */
  | {
      readonly kind: 'failed'
      readonly status: string
      readonly reason: string
      readonly remote?: RemoteAnswer
      readonly told?: true
    }
  | { readonly kind: 'held'; readonly reason: string }
  /** Thrown away by a rule that has a name and a place. */
  | { readonly kind: 'discarded'; readonly rule: string }
  /**
   * Replaced by these; `index` and `parent` are given by the queue. `also`: recipients that it stands for and that were
   * there already. Empty: it stands for nobody.
   */
  | {
      readonly kind: 'expanded'
      readonly into: readonly Omit<Recipient, 'index' | 'parent'>[]
      readonly also?: readonly number[]
      /** The recipient itself, with what its filters decided. */
      readonly itself?: true
    }
  /** Whoever it stands for is a recipient already: these. `where` is for people. */
  | { readonly kind: 'duplicate'; readonly of: readonly number[]; readonly where: string }
