// SPDX-License-Identifier: Apache-2.0
/**
 * Brings the index up to the files. The position in each file is stored with the rows it led to, in one transaction:
 * whatever ends the process, the next one goes on where this one committed, and a record read twice changes nothing.
 */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { openForWriting } from './index-schema.ts'
import { linesOf, parseWithoutSteps } from './lines.ts'
import { domainOf, type Summary, summarise } from './summary.ts'
import { traceFiles } from './trace-files.ts'

/** Records in one transaction: readers and the disk are not kept waiting for long. */
const BATCH = 2000

interface File {
  readonly file: number
  readonly name: string
  readonly position: number
}

/** What the records of one batch say of a message: most have theirs close together, and are written once. */
interface Known {
  at: number
  sender: string | null
  client: string | null
  outcome: string | null
  words: string
  /** By address, the latest. */
  readonly results: Map<string, string>
}

export class IndexWriter implements Disposable {
  readonly #directory: string
  readonly #db: DatabaseSync
  readonly #sql: Record<keyof typeof SQL, StatementSync>

  constructor(directory: string) {
    this.#directory = directory
    this.#db = openForWriting(directory)
    const prepared = Object.entries(SQL).map(([name, text]) => [name, this.#db.prepare(text)])
    // The keys are those of SQL.
    this.#sql = Object.fromEntries(prepared) as Record<keyof typeof SQL, StatementSync>
  }

  /** Indexes one batch. `more`: call again; `records`: how many it took. */
  step(): { readonly records: number; readonly more: boolean } {
    const names = new Set(traceFiles(readdirSync(this.#directory)).map(({ name }) => name))
    const known = this.#files()
    for (const { file, name } of known.values()) if (!names.has(name)) this.#forget(file)
    for (const name of names) {
      const path = join(this.#directory, name)
      const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0
      const before = known.get(name)
      // Shorter than what was read: another file under the same name.
      if (before !== undefined && size < before.position) this.#forget(before.file)
      else if (size === (before?.position ?? 0)) continue
      const records = this.#read(name, path)
      if (records > 0) return { records, more: true }
    }
    return { records: 0, more: false }
  }

  [Symbol.dispose](): void {
    this.#db.close()
  }

  #files(): Map<string, File> {
    const rows = this.#sql.files.all()
    return new Map(
      rows.map(({ file, name, position }) => [
        String(name),
        { file: Number(file), name: String(name), position: Number(position) },
      ]),
    )
  }

  /** Returns how many lines it went past. */
  #read(name: string, path: string): number {
    return this.#transaction(() => {
      this.#sql.addFile.run(name)
      const row = this.#sql.file.get(name)
      const file = Number(row?.['file'])
      let position = Number(row?.['position'])
      let lines = 0
      const gathered = new Map<string, Known>()
      for (const { offset, bytes } of linesOf(path, position)) {
        position = offset + bytes.length + 1
        lines++
        const record = parseWithoutSteps(bytes)
        if (record !== undefined) {
          const summary = summarise(record)
          const { id, also } = summary
          this.#sql.addRecord.run(file, offset, bytes.length, id, also ?? null)
          gathered.set(id, learn(gathered.get(id), summary))
        }
        if (lines >= BATCH) break
      }
      for (const [id, known] of gathered) this.#add(id, known)
      this.#sql.move.run(position, file)
      return lines
    })
  }

  #add(id: string, { at, sender, client, outcome, words, results }: Known): void {
    const bare = sender === null && client === null && outcome === null && words === ''
    if (bare) this.#sql.addId.run(id, at)
    else this.#sql.addMessage.run(id, at, sender, client, outcome, words)
    for (const [address, result] of results) this.#sql.addRecipient.run(id, address, domainOf(address), result)
  }

  /** Takes a file that is gone, and the messages nothing else is known of, out of the index. */
  #forget(file: number): void {
    this.#transaction(() => {
      this.#sql.forgetRecipients.run(file)
      this.#sql.forgetMessages.run(file)
      this.#sql.forgetRecords.run(file)
      this.#sql.forgetFile.run(file)
    })
  }

  #transaction<T>(work: () => T): T {
    this.#db.exec('BEGIN IMMEDIATE')
    try {
      const result = work()
      this.#db.exec('COMMIT')
      return result
    } catch (error) {
      this.#db.exec('ROLLBACK')
      throw error
    }
  }
}

/** The dialogue knows more than a delivery; whichever comes first, what is known stays. */
function learn(known: Known | undefined, { at, sender, client, outcome, words, recipients }: Summary): Known {
  const all = known ?? { at, sender: null, client: null, outcome: null, words: '', results: new Map() }
  all.at = Math.min(all.at, at)
  all.sender = sender ?? all.sender
  all.client = client ?? all.client
  all.outcome = outcome ?? all.outcome
  if (words.length > 0) all.words = words.join('\n')
  for (const { address, result } of recipients) all.results.set(address, result)
  return all
}

const IN_FILE = 'place BETWEEN ?1 << 32 AND (?1 << 32) + 0xffffffff'
const ORPHANS = `
  SELECT gone.id FROM records gone WHERE gone.${IN_FILE}
  AND NOT EXISTS (SELECT 1 FROM records other WHERE other.id = gone.id AND NOT other.${IN_FILE})`

const SQL = {
  files: 'SELECT file, name, position FROM files',
  file: 'SELECT file, position FROM files WHERE name = ?',
  addFile: 'INSERT INTO files (name, position) VALUES (?, 0) ON CONFLICT DO NOTHING',
  move: 'UPDATE files SET position = ? WHERE file = ?',
  addRecord: 'INSERT INTO records (place, length, id, also) VALUES (?1 << 32 | ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING',
  // What is known of it from other batches stays, as in one.
  addMessage: `INSERT INTO messages (id, at, sender, client, outcome, words) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET at = min(at, excluded.at), sender = coalesce(excluded.sender, sender),
      client = coalesce(excluded.client, client), outcome = coalesce(excluded.outcome, outcome),
      words = CASE WHEN length(excluded.words) > 0 THEN excluded.words ELSE words END`,
  // A delivery knows no more than when: to write a row again that says so already costs all its indexes.
  addId: `INSERT INTO messages (id, at, words) VALUES (?, ?, '')
    ON CONFLICT DO UPDATE SET at = excluded.at WHERE excluded.at < at`,
  addRecipient: `INSERT INTO recipients (id, address, domain, result) VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET result = excluded.result`,
  forgetRecipients: `DELETE FROM recipients WHERE id IN (${ORPHANS})`,
  forgetMessages: `DELETE FROM messages WHERE id IN (${ORPHANS})`,
  forgetRecords: `DELETE FROM records WHERE ${IN_FILE}`,
  forgetFile: 'DELETE FROM files WHERE file = ?',
} as const
