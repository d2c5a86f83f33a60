// SPDX-License-Identifier: Apache-2.0
/**
 * What finished messages add to the totals, kept after their files are gone. The file `finished`: a first line with
 * the sum of all that came before, then a line for each message, synced before the message's files are removed. A
 * message whose journal is still there at start is counted by its journal, and by this log only if that names it.
 */
import { join } from 'node:path'
import type { Log } from '../monitor/log.ts'
import { type FileLayer, isMissing, readWhole, removeFile, writeAll, writeSynced } from './file-layer.ts'
import { decodeLines, encodeLine, FORMAT } from './journal.ts'
import type { LedgerTotals } from './store.ts'
import { addTotals, NO_TOTALS, readTotals } from './totals.ts'

export interface FinishedEntry {
  readonly id: string
  readonly totals: LedgerTotals
}

/** Lines after which the log is written anew; a line has some 200 octets. */
const COMPACT_AT = 4096

export class FinishedLog {
  readonly #path: string
  readonly #tmp: string
  readonly #directory: string
  readonly #files: FileLayer
  readonly #syncAll: () => Promise<void>
  readonly #log: Log
  #totals = NO_TOTALS
  /** Messages in the log whose files are there, as far as is known. */
  readonly #present = new Map<string, LedgerTotals>()
  #length = 0
  #lines = 0
  /** The file's state is not known: it must be written anew before anything is added. */
  #suspect = true

  /** `syncAll` makes the removal of message files durable, so that their ids may be forgotten. */
  constructor(directory: string, files: FileLayer, syncAll: () => Promise<void>, log: Log) {
    this.#directory = directory
    this.#path = join(directory, 'finished')
    this.#tmp = join(directory, 'tmp', 'finished.new')
    this.#files = files
    this.#syncAll = syncAll
    this.#log = log
  }

  /** A log that cannot be read is moved to `damaged`, and the totals start anew: mail matters more than its sums. */
  async read(damaged: string): Promise<void> {
    let bytes: Buffer
    try {
      bytes = await readWhole(this.#files, this.#path)
    } catch (error) {
      if (isMissing(error)) return
      throw error
    }
    const { values, length } = decodeLines(bytes)
    if (length < bytes.length) this.#log.warn('queue.finished-log-cut', { octets: bytes.length - length })
    const [first, ...rest] = values
    let totals = isHead(first) ? readTotals(first.totals) : undefined
    for (const line of rest) {
      const more = isEntry(line) ? readTotals(line.totals) : undefined
      totals = totals === undefined || more === undefined ? undefined : addTotals(totals, more)
      if (isEntry(line) && more !== undefined) this.#present.set(line.id, more)
    }
    if (totals === undefined) {
      this.#log.error('queue.finished-log-damaged', { movedTo: damaged })
      await this.#files.rename(this.#path, join(damaged, 'finished'))
      this.#present.clear()
    } else this.#totals = totals
  }

  has(id: string): boolean {
    return this.#present.has(id)
  }

  /** The message's files have been removed. Durably only when compact() has synced the directories. */
  removed(id: string): void {
    this.#present.delete(id)
  }

  /** At start: the other messages' files are gone. */
  forgetAllBut(ids: ReadonlySet<string>): void {
    for (const id of this.#present.keys()) if (!ids.has(id)) this.#present.delete(id)
  }

  get totals(): LedgerTotals {
    return this.#totals
  }

  /** Resolves when the entries are synced; then the files of these messages may go. When it rejects none counts. */
  async add(entries: readonly FinishedEntry[]): Promise<void> {
    if (this.#suspect || this.#lines - this.#present.size >= COMPACT_AT) await this.compact()
    const bytes = Buffer.concat(entries.map(({ id, totals }) => encodeLine({ id, totals })))
    this.#suspect = true
    const file = await this.#files.open(this.#path, 'write')
    try {
      await writeAll(file, bytes, this.#length)
      await file.datasync()
    } finally {
      await file.close()
    }
    this.#suspect = false
    this.#length += bytes.length
    this.#lines += entries.length
    for (const { id, totals } of entries) {
      this.#totals = addTotals(this.#totals, totals)
      this.#present.set(id, totals)
    }
  }

  /** Writes the log anew: one sum for the messages whose files have gone, a line for each other one. */
  async compact(): Promise<void> {
    await this.#syncAll()
    let gone = this.#totals
    for (const totals of this.#present.values()) gone = addTotals(gone, totals, -1)
    const lines = [...this.#present].map(([id, totals]) => encodeLine({ id, totals }))
    const bytes = Buffer.concat([encodeLine({ format: FORMAT, totals: gone }), ...lines])
    await removeFile(this.#files, this.#tmp)
    await writeSynced(this.#files, this.#tmp, bytes)
    await this.#files.rename(this.#tmp, this.#path)
    await this.#files.syncDirectory(this.#directory)
    this.#suspect = false
    this.#length = bytes.length
    this.#lines = lines.length
  }
}

const isHead = (value: unknown): value is { readonly totals: unknown } =>
  typeof value === 'object' && value !== null && 'format' in value && value.format === FORMAT && 'totals' in value

const isEntry = (value: unknown): value is { readonly id: string; readonly totals: unknown } =>
  typeof value === 'object' && value !== null && 'id' in value && typeof value.id === 'string' && 'totals' in value
