// SPDX-License-Identifier: Apache-2.0
/**
 * The queue store's contract: where accepted messages live until every recipient has come to an end. Backends stand
 * beside it and run one suite (store.suite.ts). Durable means synced (design 2.8).
 */
import type { MailAddress } from '../address/address.ts'
import type { ChannelName } from '../envelope/channel-name.ts'
import type { Envelope } from '../envelope/envelope.ts'
import type { LedgerEvent, RecipientState } from '../envelope/ledger.ts'
import type { MessageId } from '../envelope/message-id.ts'

export interface QueuedMessage {
  readonly envelope: Envelope
  /** By recipient index, terminal ones included. */
  readonly recipients: ReadonlyMap<number, RecipientState>
}

/**
 * What the scheduler needs of an unfinished message. Kept in memory for each, so that a queue of a million messages
 * does not need their envelopes there; strings are shared between entries.
 */
export interface QueueEntry {
  readonly id: MessageId
  /** Wall-clock milliseconds. */
  readonly receivedAt: number
  readonly nullSender: boolean
  /** Recipients that are queued or held, never none. */
  readonly waiting: readonly WaitingRecipient[]
}

export interface WaitingRecipient {
  readonly index: number
  readonly state: 'queued' | 'held'
  readonly channel: ChannelName
  /** Of the address, in lower case; `''` where it has none. */
  readonly domain: string
  readonly via?: string
  /** The owner of the list it came from: deliveries are grouped by it. */
  readonly sender?: MailAddress
  /** Wall-clock milliseconds of the next attempt; absent for held ones. */
  readonly nextAt?: number
}

/**
 * A message on its way in. `write` any number of times, then `commit` or `abort`. Disposing of a draft that was
 * neither committed nor aborted aborts it.
 */
export interface Draft extends AsyncDisposable {
  /**
   * Takes content as received, in order. More may come, and the chunk be reused, when it resolves; at once where nothing
   * is given back. Throws or rejects when the disk will not have it.
   */
  write(chunk: Uint8Array): Promise<void> | undefined
  /** What was written so far, from the first octet; at most so many. Rejects when the disk fails, and once it is over. */
  beginning(most: number): Promise<Uint8Array>
  /**
   * Makes message and envelope durable together. When it resolves they have been synced and will be found by
   * `entries()` after any crash; when it rejects, nothing was kept and the client must be told to try later.
   */
  commit(envelope: Envelope): Promise<void>
  abort(): Promise<void>
}

export interface QueueStore extends AsyncDisposable {
  /** Starts taking in one message. Asks nothing of the disk. @throws when the store is closed */
  begin(): Draft
  /** Every message that still has a recipient queued or held. The order is not promised. */
  entries(): Iterable<QueueEntry>
  entry(id: MessageId): QueueEntry | undefined
  /**
   * A message, at once where it is at hand, else read from where it is kept; `undefined` when it is not in the queue (any
   * more). Rejects when the disk fails.
   */
  get(id: MessageId): QueuedMessage | undefined | Promise<QueuedMessage | undefined>
  /** What `entries()` names now, oldest first, read one after the other; those that are finished meanwhile are left out. */
  messages(): AsyncIterable<QueuedMessage>
  /** The content as received, without the envelope's edits. The message must not be finished meanwhile. */
  content(id: MessageId): AsyncIterable<Uint8Array>
  /**
   * Appends events about one message, in order, all or none. Resolves when they are synced. When all recipients are
   * terminal the message leaves the store.
   * @throws LedgerViolation, before anything is written
   */
  record(id: MessageId, events: readonly LedgerEvent[]): Promise<QueuedMessage>
  /** Totals since the store was made, for the conservation check: recipients accepted, and those that came to each end. Kept across restarts. */
  ledger(): LedgerTotals
}

export interface LedgerTotals {
  /** Recipients accepted at commit. */
  readonly accepted: number
  /** Recipients that came into being by expansion. */
  readonly born: number
  readonly delivered: number
  readonly relayed: number
  readonly bounced: number
  readonly discarded: number
  readonly expanded: number
  readonly redirected: number
  readonly duplicate: number
}
