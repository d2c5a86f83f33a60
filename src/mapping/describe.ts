// SPDX-License-Identifier: Apache-2.0
/** What can be said of a table as a whole: its size, and rows that can never match because earlier ones take everything. */
import { Candidates } from './candidates.ts'
import { covers } from './covers.ts'
import { RUN_LIMITS } from './limits.ts'
import { matchPattern } from './match.ts'
import { Probe } from './probe.ts'
import { sampleProbe } from './sample-probe.ts'
import { Scratch } from './scratch.ts'
import type { MappingRow, MappingTable } from './table.ts'
import { Work } from './work.ts'

export interface TableDescription {
  readonly name: string
  readonly rows: number
  /** Rows the index cannot sort out: they are tried against every probe. */
  readonly alwaysTried: number
  readonly shadowed: readonly ShadowedRow[]
}

/** `row` never decides anything, for `by` matches all that it matches, and the operation always ends there. */
export interface ShadowedRow {
  readonly row: MappingRow
  readonly by: MappingRow
  /** Something both match, to try it with. */
  readonly probe: string
}

/** Earlier rows looked at for one row: those that match a probe of it. */
const MOST_EARLIER = 50

/** Names only rows that are shadowed for certain; there may be others. */
export function describeTable(table: MappingTable): TableDescription {
  const shadowed: ShadowedRow[] = []
  // A row that changes the string and goes on shows rows behind it a string that no row before it has seen.
  let seenFrom = 0
  for (const row of table.rows) {
    const found = shadowOf(row, table, seenFrom)
    if (found !== undefined) shadowed.push(found)
    if (row.template.mayRewrite) seenFrom = row.number + 1
  }
  return { name: table.name, rows: table.rows.length, alwaysTried: table.index.alwaysTried, shadowed }
}

/** Among the rows from `seenFrom` on, which see every string that the row itself sees. */
function shadowOf(row: MappingRow, { rows, index }: MappingTable, seenFrom: number): ShadowedRow | undefined {
  const text = sampleProbe(row.pattern)
  if (text === undefined) return undefined
  const probe = new Probe(text)
  const work = new Work(RUN_LIMITS, new Scratch())
  const taken = matchPattern(row.pattern, probe, work)
  if (taken === undefined || taken === 'over') return undefined
  const candidates = new Candidates(index, probe, seenFrom, work)
  for (
    let n = candidates.next(), tried = 0;
    n !== -1 && n < row.number && tried < MOST_EARLIER;
    n = candidates.next()
  ) {
    const earlier = rows[n]
    if (earlier === undefined || !earlier.template.alwaysEnds) continue
    tried++
    if (covers(earlier.pattern, row.pattern) || isSame(earlier, row)) return { row, by: earlier, probe: text }
  }
  return undefined
}

/** Patterns with back matches are compared as they are written. */
const isSame = (a: MappingRow, b: MappingRow): boolean => a.patternText === b.patternText
