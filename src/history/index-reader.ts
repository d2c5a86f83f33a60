// SPDX-License-Identifier: Apache-2.0
/** Questions to the index, from any process. It may be behind the files; `positions` says how far it went. */
import type { DatabaseSync } from 'node:sqlite'
import { MAX_LIMIT, type TrackQuery, wholeDomain } from './query.ts'

export interface Place {
  readonly name: string
  readonly offset: number
  readonly length: number
}

/** Up to which octet each file is in the index. */
export const positions = (db: DatabaseSync): ReadonlyMap<string, number> =>
  new Map(
    db
      .prepare('SELECT name, position FROM files')
      .all()
      .map(({ name, position }) => [String(name), Number(position)]),
  )

/** Records of one message or session; the newest `limit`. */
export function placesOf(db: DatabaseSync, id: string, limit: number): readonly Place[] {
  const rows = db
    .prepare(
      `SELECT name, place & 0xffffffff AS offset, length FROM records JOIN files ON file = place >> 32
       WHERE id = ?1 OR also = ?1 ORDER BY place DESC LIMIT ?2`,
    )
    .all(id, limit)
  return rows.map(({ name, offset, length }) => ({
    name: String(name),
    offset: Number(offset),
    length: Number(length),
  }))
}

/** Ids of messages that may fit, newest first. The index keeps lower case. */
export function candidates(db: DatabaseSync, query: TrackQuery): readonly string[] {
  const conditions: string[] = ['1']
  const values: (string | number)[] = []
  const where = (condition: string, ...bound: (string | number)[]): void => {
    conditions.push(condition)
    values.push(...bound)
  }
  const { since, until, client, from, to, outcome } = query
  if (since !== undefined) where('at >= ?', since)
  if (until !== undefined) where('at <= ?', until)
  if (client !== undefined) where('client = ?', client.toLowerCase())
  if (from !== undefined) {
    if (from === '') where(`sender = ''`)
    else if (wholeDomain(from) === undefined) where('instr(sender, ?)', from.toLowerCase())
    else where('substr(sender, -length(?)) = ?', from.toLowerCase(), from.toLowerCase())
  }
  if (to !== undefined) {
    const domain = wholeDomain(to)
    if (domain !== undefined) where('id IN (SELECT id FROM recipients WHERE domain = ?)', domain)
    else where(`EXISTS (${OF_MESSAGE} AND instr(address, ?))`, to.toLowerCase())
  }
  if (outcome !== undefined) where(`(outcome = ? OR EXISTS (${OF_MESSAGE} AND result = ?))`, outcome, outcome)
  if (query.text !== undefined) {
    const text = query.text.toLowerCase()
    where(
      `(instr(lower(id), ?) OR instr(words, ?) OR instr(sender, ?) OR instr(client, ?)
        OR EXISTS (${OF_MESSAGE} AND instr(address, ?)))`,
      ...Array.from({ length: 5 }, () => text),
    )
  }
  const rows = db
    .prepare(`SELECT id FROM messages WHERE ${conditions.join(' AND ')} ORDER BY at DESC LIMIT ?`)
    .all(...values, query.limit ?? MAX_LIMIT)
  return rows.map(({ id }) => String(id))
}

const OF_MESSAGE = 'SELECT 1 FROM recipients WHERE recipients.id = messages.id'
