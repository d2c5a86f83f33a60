// SPDX-License-Identifier: Apache-2.0
/**
 * Traces read back, by whoever may read the files; the server is not needed. Files are read through, newest first,
 * line by line: without an index a search costs time in proportion to the history.
 */
import { createReadStream, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TraceRecord } from '../policy/trace.ts'
import { FILE_NAME } from './writer.ts'

export interface HistoryReader {
  /** Everything about a message, or about a session, in order of time. */
  get(id: string): Promise<readonly TraceRecord[]>
  /** Transactions and connections that hold the text somewhere people look for: newest first, at most `limit`. */
  track(query: string, limit?: number): Promise<readonly TraceRecord[]>
}

/** Folder of the traces inside the spool. */
export const historyFolder = (spool: string): string => join(spool, 'history')

export function openHistory(spool: string): HistoryReader {
  const directory = historyFolder(spool)
  return {
    async get(id) {
      const found: TraceRecord[] = []
      for await (const line of lines(directory)) {
        if (!line.includes(id)) continue
        const record = parse(line)
        if (record !== undefined && isAbout(record, id)) found.push(record)
      }
      return found.sort((a, b) => a.at - b.at)
    },
    async track(query, limit = 100) {
      const wanted = query.toLowerCase()
      const found: TraceRecord[] = []
      for await (const line of lines(directory)) {
        const record = parse(line)
        if (record === undefined || !words(record).some((word) => word.toLowerCase().includes(wanted))) continue
        found.push(record)
      }
      return found.sort((a, b) => b.at - a.at).slice(0, limit)
    },
  }
}

function isAbout(record: TraceRecord, id: string): boolean {
  if (record.record === 'flood') return false
  if (record.record === 'birth') return record.id === id || record.about === id
  return record.id === id || (record.record === 'trace' && record.session === id)
}

/** What people search by. */
function words(record: TraceRecord): readonly string[] {
  switch (record.record) {
    case 'trace':
      return [
        record.id,
        record.session,
        record.client.address,
        record.helo ?? '',
        record.login ?? '',
        record.from ?? '',
        record.subject ?? '',
        record.messageIdField ?? '',
        ...record.recipients.flatMap(({ given, becomes }) => [given, ...(becomes ?? []).map(({ address }) => address)]),
      ]
    case 'delivery':
      return []
    case 'birth':
      return [record.id, record.about, ...record.recipients.map(({ address }) => address)]
    case 'flood':
      return [record.address]
    default:
      return record satisfies never
  }
}

async function* lines(directory: string): AsyncGenerator<string> {
  if (!existsSync(directory)) return
  const files = readdirSync(directory)
    .filter((name) => FILE_NAME.test(name))
    .sort()
    .reverse()
  for (const name of files) {
    const input = createReadStream(join(directory, name), 'utf8')
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) yield line
  }
}

/** A line cut by a crash, or still being written, is no record. */
function parse(line: string): TraceRecord | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null && 'record' in value ? (value as TraceRecord) : undefined
  } catch {
    return undefined
  }
}
