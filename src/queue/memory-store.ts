// SPDX-License-Identifier: Apache-2.0
/**
 * The queue store's contract in memory, for tests and tools. Nothing survives the process: it must not stand behind a
 * listener, because a `250` promises more (design 2.8).
 */
import type { Envelope } from '../envelope/envelope.ts'
import { type LedgerEvent, LedgerViolation } from '../envelope/ledger.ts'
import type { MessageId } from '../envelope/message-id.ts'
import { entryOf, oldestFirst } from './entry.ts'
import type { Draft, LedgerTotals, QueuedMessage, QueueEntry, QueueStore } from './store.ts'
import { addTotals, isFinished, NO_TOTALS, statesAfter, statesAtCommit, totalsOf } from './totals.ts'

interface Kept {
  readonly message: QueuedMessage
  readonly content: Uint8Array
}

export class MemoryStore implements QueueStore {
  readonly #kept = new Map<MessageId, Kept>()
  #totals = NO_TOTALS

  begin(): Draft {
    return new MemoryDraft((envelope, content) => this.#accept(envelope, content))
  }

  *entries(): Iterable<QueueEntry> {
    for (const { message } of this.#kept.values()) yield entryOf(message.envelope, message.recipients.values())
  }

  entry(id: MessageId): QueueEntry | undefined {
    const kept = this.#kept.get(id)
    return kept === undefined ? undefined : entryOf(kept.message.envelope, kept.message.recipients.values())
  }

  async get(id: MessageId): Promise<QueuedMessage | undefined> {
    return this.#kept.get(id)?.message
  }

  async *messages(): AsyncIterable<QueuedMessage> {
    for (const id of oldestFirst(this.entries())) {
      const message = await this.get(id)
      if (message !== undefined) yield message
    }
  }

  async *content(id: MessageId): AsyncIterable<Uint8Array> {
    const kept = this.#kept.get(id)
    if (kept === undefined) throw new Error(`no message ${id} in the queue`)
    if (kept.content.length > 0) yield kept.content
  }

  async record(id: MessageId, events: readonly LedgerEvent[]): Promise<QueuedMessage> {
    const kept = this.#kept.get(id)
    if (kept === undefined) throw new LedgerViolation(`no message ${id} in the queue`)
    const message = { envelope: kept.message.envelope, recipients: statesAfter(kept.message.recipients, events) }
    this.#totals = addTotals(addTotals(this.#totals, totalsOf(message)), totalsOf(kept.message), -1)
    if (isFinished(message)) this.#kept.delete(id)
    else this.#kept.set(id, { ...kept, message })
    return message
  }

  ledger(): LedgerTotals {
    return this.#totals
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#kept.clear()
  }

  #accept(envelope: Envelope, content: Uint8Array): void {
    if (this.#kept.has(envelope.id)) throw new Error(`message ${envelope.id} is queued already`)
    const message = { envelope, recipients: statesAtCommit(envelope) }
    this.#kept.set(envelope.id, { message, content })
    this.#totals = addTotals(this.#totals, totalsOf(message))
  }
}

class MemoryDraft implements Draft {
  readonly #accept: (envelope: Envelope, content: Uint8Array) => void
  #chunks: Uint8Array[] = []
  #open = true

  constructor(accept: (envelope: Envelope, content: Uint8Array) => void) {
    this.#accept = accept
  }

  write(chunk: Uint8Array): undefined {
    this.#mustBeOpen()
    this.#chunks.push(Uint8Array.from(chunk)) // the caller may reuse its own
  }

  async beginning(most: number): Promise<Uint8Array> {
    this.#mustBeOpen()
    return Buffer.concat(this.#chunks).subarray(0, most)
  }

  async commit(envelope: Envelope): Promise<void> {
    this.#mustBeOpen()
    this.#open = false
    const content = Buffer.concat(this.#chunks)
    this.#chunks = []
    this.#accept(envelope, content)
  }

  async abort(): Promise<void> {
    this.#open = false
    this.#chunks = []
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.abort()
  }

  #mustBeOpen(): void {
    if (!this.#open) throw new Error('this draft was committed or aborted')
  }
}
