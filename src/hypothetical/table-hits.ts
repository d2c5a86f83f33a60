// SPDX-License-Identifier: Apache-2.0
/**
 * How often rows of mapping tables decided something, as the traces of a history tell, and which never did. Rows are
 * known by their names, so hits stay with a row when others come and go; a row that was changed begins at nothing.
 * Counts what traces hold: of very many recipients of one message equal steps count once each.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { linesOf, parseRecord } from '../history/lines.ts'
import { traceFiles } from '../history/trace-files.ts'
import type { Mappings } from '../mapping/index.ts'
import type { Step, TraceRecord } from '../policy/trace.ts'

/** By the name of the row. */
export type Hits = ReadonlyMap<string, number>

/** @param directory the folder of the traces; one that is not there has none */
export function countHits(directory: string): Hits {
  const hits = new Map<string, number>()
  const add = (row: string, times: number): void => {
    hits.set(row, (hits.get(row) ?? 0) + times)
  }
  for (const { name } of traceFiles(namesIn(directory)))
    for (const { bytes } of linesOf(join(directory, name), 0)) {
      // Most lines of a site speak of no table; those need not be read as JSON.
      if (!bytes.includes('"by":"table"')) continue
      const record = parseRecord(bytes)
      if (record !== undefined) countRecord(record, add)
    }
  return hits
}

function countRecord(record: TraceRecord, add: (row: string, times: number) => void): void {
  if (record.record === 'flood') {
    if (record.by.by === 'table' && record.by.row !== undefined) add(record.by.row, record.count)
    return
  }
  if (record.record === 'delivery') {
    if (record.by.by === 'table' && record.by.row !== undefined) add(record.by.row, 1)
    return
  }
  if (record.record === 'withheld') return
  for (const step of record.steps) for (const row of rowsOf(step)) add(row, Math.max(1, step.recipients?.length ?? 1))
}

/** Each row once: the one that decided, and those that decided each table asked. */
function rowsOf({ by, tables = [] }: Step): ReadonlySet<string> {
  const rows = new Set(by.by === 'table' && by.row !== undefined ? [by.row] : [])
  for (const { steps = [] } of tables) {
    const last = steps.findLast((step) => step.step === 'row')
    if (last?.step === 'row') rows.add(last.row.name)
  }
  return rows
}

export interface RowHits {
  readonly table: string
  readonly row: string
  readonly file: string
  readonly line: number
  readonly text: string
  readonly hits: number
}

/** Every row of the tables there are, most hits first; those without any at the end, in the order of the file. */
export function hitRows(mappings: Mappings, hits: Hits, only?: string): readonly RowHits[] {
  return [...mappings.tables()]
    .filter(({ name }) => only === undefined || name.toLowerCase() === only.toLowerCase())
    .flatMap(({ rows }) =>
      rows.map(({ table, name, file, line, source }) => ({
        table,
        row: name,
        file,
        line,
        text: source,
        hits: hits.get(name) ?? 0,
      })),
    )
    .sort((a, b) => b.hits - a.hits)
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}
