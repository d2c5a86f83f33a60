// SPDX-License-Identifier: Apache-2.0
/**
 * What must not be forgotten between two saves of the counters: each change is a line, synced before it is answered; those
 * that come while the disk is busy share a sync. Files are numbered; each save begins a new one, and when it is done those
 * before are removed. A line that is torn ends its file.
 */
import { type FileHandle, open, readdir, readFile, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Log } from '../monitor/log.ts'

/** One change, in order. */
export interface Change {
  readonly table: string
  readonly key: string
  /** Wall-clock milliseconds. */
  readonly at: number
  readonly ageMs: number
  /** Absent: the key was forgotten. */
  readonly value?: string
}

/** While no save succeeds, no more than this is written beside it: a disk that is ill is not filled as well. */
const MAX_BYTES = 64 * 1024 * 1024

export class CountersJournal implements AsyncDisposable {
  readonly #path: string
  readonly #log: Log
  #number: number
  #file: FileHandle | undefined
  #bytes = 0
  #lines = ''
  #failing = false
  /** Everything that touches files, one after the other. */
  #work: Promise<void> = Promise.resolve()
  /** The flush that will write `#lines`. */
  #flush: Promise<void> | undefined

  /** @param path of the counters' file @param number greater than that of every file there is */
  constructor(path: string, number: number, log: Log) {
    this.#path = path
    this.#number = number
    this.#log = log
  }

  /** Resolves when it is on disk, or the disk will not have it, which is logged. */
  append({
    table,
    key,
    at,
    ageMs,
    value = null,
  }: Omit<Change, 'value'> & { readonly value?: string | null }): Promise<void> {
    this.#lines += `${JSON.stringify([table, key, at, ageMs, value])}\n`
    this.#flush ??= this.#queue(() => this.#write())
    return this.#flush
  }

  /** What comes from here on goes into another file. Gives what removes all before it. */
  async begin(): Promise<() => Promise<void>> {
    await this.#queue(async () => {
      await this.#close()
      this.#number += 1
    })
    const before = this.#number
    return async () => {
      this.#bytes = 0
      for (const { path, number } of await journalsOf(this.#path)) if (number < before) await rm(path, { force: true })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queue(() => this.#close())
  }

  #queue(task: () => Promise<void>): Promise<void> {
    this.#work = this.#work.then(task)
    return this.#work
  }

  async #write(): Promise<void> {
    const lines = this.#lines
    this.#lines = ''
    this.#flush = undefined
    if (this.#bytes > MAX_BYTES) return
    try {
      this.#file ??= await this.#create()
      await this.#file.write(lines)
      await this.#file.datasync()
      this.#bytes += lines.length
      this.#failing = false
    } catch (err) {
      if (!this.#failing) this.#log.error('counters.journal', { path: this.#path, err })
      this.#failing = true
    }
  }

  async #create(): Promise<FileHandle> {
    const file = await open(`${this.#path}.journal.${this.#number}`, 'a', 0o600)
    await using folder = await open(dirname(this.#path), 'r')
    await folder.sync()
    return file
  }

  async #close(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    await file?.close().catch(() => {})
  }
}

/** The files there are, in order. */
async function journalsOf(path: string): Promise<readonly { readonly path: string; readonly number: number }[]> {
  const start = `${basename(path)}.journal.`
  const names = await readdir(dirname(path)).catch(() => [])
  return names
    .filter((name) => name.startsWith(start) && /^\d{1,15}$/.test(name.slice(start.length)))
    .map((name) => ({ path: join(dirname(path), name), number: Number(name.slice(start.length)) }))
    .toSorted((a, b) => a.number - b.number)
}

/** All changes there are, and the number for the next file. @throws when a file cannot be read */
export async function readJournals(
  path: string,
): Promise<{ readonly changes: readonly Change[]; readonly next: number }> {
  const changes: Change[] = []
  let next = 1
  for (const file of await journalsOf(path)) {
    next = file.number + 1
    for (const line of (await readFile(file.path, 'utf8')).split('\n')) {
      const change = changeOf(line)
      if (change === undefined) break
      changes.push(change)
    }
  }
  return { changes, next }
}

function changeOf(line: string): Change | undefined {
  try {
    const parsed: unknown = JSON.parse(line)
    const [table, key, at, ageMs, value]: unknown[] = Array.isArray(parsed) ? parsed : []
    if (typeof table !== 'string' || typeof key !== 'string' || typeof at !== 'number' || typeof ageMs !== 'number')
      return undefined
    if (typeof value === 'string') return { table, key, at, ageMs, value }
    return value === null ? { table, key, at, ageMs } : undefined
  } catch {
    return undefined
  }
}
