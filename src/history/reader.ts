// SPDX-License-Identifier: Apache-2.0
/**
 * The history read back, by whoever may read the files; the server is not needed. What the index does not know yet
 * is read from the ends of the files, so that an answer is never older than the files; without an index everything is.
 * Reads without waiting for others: for tools and processes of their own, not for one that talks to clients.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { spoolPaths } from '../config/spool-paths.ts'
import type { TraceRecord } from '../policy/trace.ts'
import { candidates, type Place, placesOf, positions } from './index-reader.ts'
import { openForReading } from './index-schema.ts'
import { linesOf, parseRecord, recordAt } from './lines.ts'
import { DEFAULT_LIMIT, fits, MAX_LIMIT, rowOf, type TrackQuery, type TrackRow } from './query.ts'
import { summarise } from './summary.ts'
import { dayOf, traceFiles } from './trace-files.ts'

export interface HistoryReader {
  /**
   * Everything about a message, or about a session, in order of time: the dialogue, deliveries, notifications about
   * it. Of very many the newest.
   */
  get(id: string): Promise<readonly TraceRecord[]>
  /** Messages, connections and sums that fit, newest first. */
  find(query: TrackQuery): Promise<readonly TrackRow[]>
  /** The records of those that fit, message by message, newest message first. A text alone is searched for in all. */
  track(query: string | TrackQuery): Promise<readonly TraceRecord[]>
}

/** Of one message or session. */
const MAX_RECORDS = 2000
/** Messages looked at for one search that depends on more than one of their records. */
const MAX_CANDIDATES = 5000
const DAY_MS = 86_400_000

/** @param spool the folder whose `history` holds the traces */
export function openHistory(spool: string): HistoryReader {
  const directory = spoolPaths(spool).history
  const find = (query: TrackQuery): readonly TrackRow[] => findIn(directory, query)
  return {
    get: async (id) => getFrom(directory, id),
    find: async (query) => find(query),
    track: async (query) => find(typeof query === 'string' ? { text: query } : query).flatMap(({ records }) => records),
  }
}

function getFrom(directory: string, id: string): readonly TraceRecord[] {
  const { places, read } = withIndex(directory, (db) => ({
    places: placesOf(db, id, MAX_RECORDS),
    read: positions(db),
  })) ?? { places: [], read: new Map() }
  const found = recordsAt(directory, places)
  // No record of a message is older than its id says.
  const firstDay = dayOf(timeOf(id) - DAY_MS)
  for (const { name, day } of filesOf(directory)) {
    if (day < firstDay) continue
    for (const { bytes } of linesOf(join(directory, name), read.get(name) ?? 0)) {
      const record = bytes.includes(id) ? parseRecord(bytes) : undefined
      if (record === undefined) continue
      const summary = summarise(record)
      if (summary.id === id || summary.also === id) found.push(record)
    }
  }
  return inOrder(found).slice(-MAX_RECORDS)
}

function findIn(directory: string, query: TrackQuery): readonly TrackRow[] {
  const limit = Math.max(1, Math.min(MAX_LIMIT, query.limit ?? DEFAULT_LIMIT))
  // What a delivery made of it may be in another record than what else is asked for.
  const wanted = query.outcome === undefined ? limit : MAX_CANDIDATES
  const indexed = withIndex(directory, (db) => {
    const ids = candidates(db, { ...query, limit: wanted })
    return { places: new Map(ids.map((id) => [id, placesOf(db, id, MAX_RECORDS)])), read: positions(db) }
  }) ?? { places: new Map<string, readonly Place[]>(), read: new Map<string, number>() }
  const tails = tailsOf(directory, indexed.read)
  const hinted = hintsIn(directory, tails, query, wanted)
  // Those only the tail spoke of may have older records in the index; what it has learnt since is in the tail too.
  const known = withIndex(directory, (db) =>
    hinted
      .filter((id) => !indexed.places.has(id))
      .map((id) => {
        const before = ({ name, offset }: Place): boolean => offset < (indexed.read.get(name) ?? 0)
        return [id, placesOf(db, id, MAX_RECORDS).filter(before)] as const
      }),
  )
  const ids = new Set([...indexed.places.keys(), ...hinted])
  const records = new Map<string, TraceRecord[]>([...ids].map((id) => [id, []]))
  for (const [id, places] of [...indexed.places, ...(known ?? [])])
    records.get(id)?.push(...recordsAt(directory, places))
  for (const { name, from } of tails)
    for (const { bytes } of linesOf(join(directory, name), from)) {
      const record = mayBeOf(bytes, ids) ? parseRecord(bytes) : undefined
      if (record !== undefined) records.get(summarise(record).id)?.push(record)
    }
  return [...records]
    .flatMap(([id, list]) => rowOf(id, inOrder(list.filter((record) => summarise(record).id === id))) ?? [])
    .filter((row) => fits(row, query))
    .sort((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1))
    .slice(0, limit)
}

interface Tail {
  readonly name: string
  readonly from: number
}

const tailsOf = (directory: string, read: ReadonlyMap<string, number>): readonly Tail[] =>
  filesOf(directory).map(({ name }) => ({ name, from: read.get(name) ?? 0 }))

/** Ids of the last `most` messages in the tails that one record alone lets hope for. */
function hintsIn(directory: string, tails: readonly Tail[], query: TrackQuery, most: number): readonly string[] {
  const { outcome, ...rest } = query
  const hints = new Set<string>()
  for (const { name, from } of tails)
    for (const { bytes } of linesOf(join(directory, name), from)) {
      const record = parseRecord(bytes)
      if (record === undefined) continue
      const { id } = summarise(record)
      const row = rowOf(id, [record])
      const result = record.record === 'delivery' && record.recipients.some((one) => one.result === outcome)
      if (row === undefined || !(result || fits(row, rest))) continue
      hints.delete(id)
      hints.add(id)
      if (hints.size > most) for (const [oldest] of [hints]) hints.delete(oldest ?? '')
    }
  return [...hints]
}

const ID = /"id":"([0-9A-Z]{17})"/

/** Saves reading most lines as JSON: our records say their id early. */
function mayBeOf(bytes: Buffer, ids: ReadonlySet<string>): boolean {
  const id = ID.exec(bytes.toString('latin1', 0, 200))?.[1]
  return id === undefined || ids.has(id)
}

const recordsAt = (directory: string, places: readonly Place[]): TraceRecord[] =>
  places.flatMap(({ name, offset, length }) => recordAt(join(directory, name), offset, length) ?? [])

const inOrder = (records: readonly TraceRecord[]): readonly TraceRecord[] =>
  records.toSorted((a, b) => a.at - b.at || order(a) - order(b))

/** What was recorded within one millisecond happened in this order. */
const order = ({ record }: TraceRecord): number => ['trace', 'delivery', 'birth', 'withheld', 'flood'].indexOf(record)

/** One look at the index, all of it at one moment. */
function withIndex<T>(directory: string, look: (db: DatabaseSync) => T): T | undefined {
  const db = openForReading(directory)
  if (db === undefined) return undefined
  try {
    db.exec('BEGIN')
    return look(db)
  } catch {
    // Damaged in a place nobody had looked at: the files say the same.
    return undefined
  } finally {
    db.close()
  }
}

function filesOf(directory: string): ReturnType<typeof traceFiles> {
  try {
    return traceFiles(readdirSync(directory))
  } catch {
    return []
  }
}

/** Milliseconds in the first ten characters of an id (envelope/message-id.ts); 0 for other texts. */
function timeOf(id: string): number {
  let ms = 0
  for (const char of id.slice(0, 10)) ms = ms * 32 + '0123456789ABCDEFGHJKMNPQRSTVWXYZ'.indexOf(char)
  return id.length === 17 && ms >= DAY_MS && ms < 2 ** 48 ? ms : DAY_MS
}
