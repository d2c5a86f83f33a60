// SPDX-License-Identifier: Apache-2.0
/**
 * What is kept in memory of the queue: for each message an entry and where its records lie, the ledger's totals, and how
 * much of each segment is still needed. Changes come here from two sides, in the same form: when they have become
 * durable, and when the log is read at start.
 */
import { isTerminal } from '../../envelope/ledger.ts'
import type { MessageId } from '../../envelope/message-id.ts'
import { entryAfter, entryOf, entryShared } from '../entry.ts'
import type { LedgerTotals, QueuedMessage, QueueEntry } from '../store.ts'
import { addTotals, NO_TOTALS, statesOf } from '../totals.ts'
import type { Change, Sum } from './change.ts'
import { type Span, segmentOf } from './position.ts'

/** Never changed, only replaced: a copy of the map is a picture of the queue. */
export interface Kept {
  readonly entry: QueueEntry
  /** The record with the envelope, in the log or apart from it. */
  readonly base: Span
  readonly apart: boolean
  /** Records of the log that say more, in order. */
  readonly later: readonly Span[]
  /** Path of the content, where it lies in a file of its own. */
  readonly file?: string
}

export class Messages {
  readonly kept = new Map<MessageId, Kept>()
  /** Octets that are needed, by segment. */
  readonly live = new Map<number, number>()
  /** The sum of `live`. */
  needed = 0
  totals: LedgerTotals = NO_TOTALS
  /** Log segments below this one do not count. */
  first = 0
  readonly #share = sharing()

  /**
   * Applies one change; gives the message that left by it. When the log is read, changes come of messages that are not
   * known: their segment has gone, and a copy comes later, or their end.
   */
  apply(change: Change, at: Span): Kept | undefined {
    const { id } = change
    const before = this.kept.get(id)
    switch (change.kind) {
      case 'message': {
        const { envelope, states, file, sum } = change
        const entry = entryOf(envelope, states ?? statesOf(envelope), this.#share)
        this.#replace(id, before, { entry, base: at, apart: false, later: NONE, ...pathOf(file) })
        this.#add(sum)
        return undefined
      }
      case 'states': {
        this.#add(change.sum)
        if (before === undefined) return undefined
        const entry = entryAfter(before.entry, change.states, this.#share)
        // The record that says where a message lies apart from the log stays needed.
        const stay = change.whole ? (before.apart ? before.later.slice(0, 1) : NONE) : before.later
        this.#replace(id, before, { ...before, entry, later: [...stay, at] })
        return undefined
      }
      case 'place': {
        const { base, entry, file } = change
        this.#replace(id, before, { entry: this.shared(entry), base, apart: true, later: [at], ...pathOf(file) })
        return undefined
      }
      case 'end':
      case 'lost':
        this.#add(change.sum)
        this.#replace(id, before, undefined)
        return before
      case 'first':
        this.first = Math.max(this.first, change.segment)
        return undefined
      default:
        return change satisfies never
    }
  }

  /** Takes in a message as a checkpoint has it. */
  restore(kept: Kept): void {
    this.#replace(kept.entry.id, this.kept.get(kept.entry.id), kept)
  }

  /** Forgets a message without a record of that. */
  forget(id: MessageId): void {
    this.#replace(id, this.kept.get(id), undefined)
  }

  /** An entry read from the disk, its strings shared with the others. */
  shared(entry: QueueEntry): QueueEntry {
    return entryShared(entry, this.#share)
  }

  waiting(): number {
    let sum = 0
    for (const { entry } of this.kept.values()) sum += entry.waiting.length
    return sum
  }

  #add(sum: Sum): void {
    this.totals = addTotals(this.totals, sum)
  }

  #replace(id: MessageId, before: Kept | undefined, after: Kept | undefined): void {
    if (before !== undefined) this.#count(before, -1)
    if (after === undefined) this.kept.delete(id)
    else {
      this.kept.set(id, after)
      this.#count(after, 1)
    }
  }

  #count({ base, later }: Kept, sign: 1 | -1): void {
    this.#countOne(base, sign)
    for (const span of later) this.#countOne(span, sign)
  }

  #countOne({ at, bytes }: Span, sign: 1 | -1): void {
    const segment = segmentOf(at)
    this.needed += sign * bytes
    const sum = (this.live.get(segment) ?? 0) + sign * bytes
    if (sum === 0) this.live.delete(segment)
    else this.live.set(segment, sum)
  }
}

const NONE: readonly Span[] = []

const pathOf = (file: { readonly path: string } | undefined): { readonly file?: string } =>
  file === undefined ? {} : { file: file.path }

/** What a message adds to the totals, or its change since `before`; only what is not 0. */
export function sumOf(message: QueuedMessage, before?: QueuedMessage): Sum {
  const { envelope, recipients } = message
  const sum: Partial<Record<keyof LedgerTotals, number>> =
    before === undefined ? { accepted: envelope.recipients.length } : {}
  const born = recipients.size - (before?.recipients.size ?? envelope.recipients.length)
  if (born !== 0) sum.born = born
  // Who has come to an end stays there.
  for (const [index, { state }] of recipients)
    if (isTerminal(state) && before?.recipients.get(index)?.state !== state) sum[state] = (sum[state] ?? 0) + 1
  return sum
}

/** Strings remembered at most; beyond that equal ones are kept twice for a while. */
const MAX_SHARED = 100_000

function sharing(): (text: string) => string {
  const known = new Map<string, string>()
  return (text) => {
    const before = known.get(text)
    if (before !== undefined) return before
    if (known.size >= MAX_SHARED) known.clear()
    known.set(text, text)
    return text
  }
}
