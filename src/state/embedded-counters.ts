// SPDX-License-Identifier: Apache-2.0
/**
 * Counters in the memory of one process, the dispatcher where there are workers. Written to disk now and then and at
 * the end (counters-file.ts): a crash loses what was counted since the last time, which the setting `state.save` says.
 * Bounded by the `maxEntries` of the tables.
 */
import type { Clock } from '../clock/clock.ts'
import { applyRequest, type Entry, keptKey, lives } from './counter-rules.ts'
import type { CounterAnswer, CounterRequest, Counters } from './counters.ts'

interface Table {
  /** From the one not used for longest to the one used last. */
  readonly entries: Map<string, Entry>
  /** The last that was asked of it: it says what the table is like. */
  shape: CounterRequest | undefined
}

/** One entry for the disk. */
export interface SavedEntry {
  readonly table: string
  readonly key: string
  readonly ageMs: number
  readonly value: string
}

/** Tables come from the configuration; one that has changed its names a thousand times is started anew. */
const MAX_TABLES = 1000
/** Entries of a table read from disk, until the first request says how many there may be. */
const MAX_RESTORED = 1_000_000

export class EmbeddedCounters implements Counters {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #tables = new Map<string, Table>()
  #changes = 0

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock
  }

  /** Grows with everything that would be written differently. */
  get changes(): number {
    return this.#changes
  }

  count(request: CounterRequest): CounterAnswer {
    const table = this.#table(request.table.name)
    if (table === undefined) return { kind: 'defer', cause: `more than ${MAX_TABLES} tables` }
    table.shape = request
    const now = this.#clock.monotonic()
    const key = keptKey(request.key)
    const { answer, entry } = applyRequest(table.entries.get(key), request, now)
    // Behind all others: it is the one used last.
    const was = table.entries.delete(key)
    if (entry !== undefined) table.entries.set(key, entry)
    if (was || entry !== undefined) this.#changes += 1
    for (const oldest of table.entries.keys()) {
      if (table.entries.size <= Math.max(1, request.table.maxEntries)) break
      table.entries.delete(oldest)
    }
    return answer
  }

  /** Everything that still says something, the one not used for longest first. */
  *saved(): Generator<SavedEntry> {
    for (const [name, { entries, shape }] of this.#tables)
      for (const [key, entry] of entries) {
        const now = this.#clock.monotonic()
        if (shape !== undefined && !lives(entry, shape, now)) continue
        yield { table: name, key, ageMs: Math.round(now - entry.since), value: entry.value }
      }
  }

  /** What the key of a request holds now, for the disk; `undefined`: nothing. */
  savedOf({ table, key }: CounterRequest): SavedEntry | undefined {
    const entry = this.#tables.get(table.name)?.entries.get(keptKey(key))
    if (entry === undefined) return undefined
    return {
      table: table.name,
      key: keptKey(key),
      ageMs: Math.round(this.#clock.monotonic() - entry.since),
      value: entry.value,
    }
  }

  /** As `restore`, for a key that held nothing any more. */
  forget({ table, key }: Pick<SavedEntry, 'table' | 'key'>): void {
    this.#tables.get(table)?.entries.delete(key)
  }

  /** @param ageMs with the time that the server was away */
  restore({ table: name, key, ageMs, value }: SavedEntry): void {
    const table = this.#table(name)
    if (table === undefined || table.entries.size >= MAX_RESTORED) return
    table.entries.set(key, { since: this.#clock.monotonic() - ageMs, value })
  }

  #table(name: string): Table | undefined {
    const known = this.#tables.get(name)
    if (known !== undefined || this.#tables.size >= MAX_TABLES) return known
    const table: Table = { entries: new Map(), shape: undefined }
    this.#tables.set(name, table)
    return table
  }
}
