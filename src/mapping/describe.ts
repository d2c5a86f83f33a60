// SPDX-License-Identifier: Apache-2.0
/** What can be said of a table as a whole: its size, and rows that can never match because earlier ones take everything. */
import { Candidates } from './candidates.ts'
import { covers } from './covers.ts'
import { RUN_LIMITS } from './limits.ts'
import { matchPattern } from './match.ts'
import { halvesOf } from './network.ts'
import type { Pattern } from './pattern.ts'
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

/** `row` never decides anything: all that it matches one of `by` matches before, and the operation always ends there. */
export interface ShadowedRow {
  readonly row: MappingRow
  /** One row that is enough by itself, or several that are together. */
  readonly by: readonly MappingRow[]
  /** Something both match, to try it with. */
  readonly probe: string
}

/** Earlier rows looked at for one row or a part of it: those that match a probe of it. */
const MOST_EARLIER = 50
/** Parts a row is taken apart into, to see whether several rows hide it together. */
const MOST_PARTS = 64

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
  const one = coveringRow(row, row.pattern, { rows, index }, seenFrom)
  if (one === undefined) return undefined
  if (one.by !== undefined) return { row, by: [one.by], probe: one.probe }
  const by = new Set<MappingRow>()
  const parts = { left: MOST_PARTS }
  const hidden = halvesOfPattern(row.pattern).some((halves) =>
    halves.every((half) => coveredInParts(row, half, { rows, index }, seenFrom, by, parts)),
  )
  return hidden ? { row, by: [...by].sort((a, b) => a.number - b.number), probe: one.probe } : undefined
}

/** Whether rows above take all of a part of the row, one of them or several; adds them. */
function coveredInParts(
  row: MappingRow,
  part: Pattern,
  table: Pick<MappingTable, 'rows' | 'index'>,
  seenFrom: number,
  by: Set<MappingRow>,
  parts: { left: number },
): boolean {
  if (parts.left-- <= 0) return false
  const one = coveringRow(row, part, table, seenFrom)
  // No row matches its probe: nothing to take apart.
  if (one === undefined || !one.touched) return false
  if (one.by !== undefined) {
    by.add(one.by)
    return true
  }
  return halvesOfPattern(part).some((halves) =>
    halves.every((half) => coveredInParts(row, half, table, seenFrom, by, parts)),
  )
}

/** For each network in it, the two patterns that the halves of the network make of it. */
function halvesOfPattern(pattern: Pattern): readonly (readonly Pattern[])[] {
  return pattern.elements.flatMap((element, i) => {
    if (element.kind !== 'network') return []
    const halves = halvesOf(element.network)
    if (halves.length === 0) return []
    return [halves.map((network) => ({ ...pattern, elements: pattern.elements.with(i, { ...element, network }) }))]
  })
}

/** A row above that takes all of this part of the row, if there is one, and whether any takes the probe. */
function coveringRow(
  row: MappingRow,
  part: Pattern,
  { rows, index }: Pick<MappingTable, 'rows' | 'index'>,
  seenFrom: number,
): { readonly by: MappingRow | undefined; readonly touched: boolean; readonly probe: string } | undefined {
  const text = sampleProbe(part)
  if (text === undefined) return undefined
  const probe = new Probe(text)
  const work = new Work(RUN_LIMITS, new Scratch())
  const taken = matchPattern(part, probe, work)
  if (taken === undefined || taken === 'over') return undefined
  let touched = false
  const candidates = new Candidates(index, probe, seenFrom, work)
  for (
    let n = candidates.next(), tried = 0;
    n !== -1 && n < row.number && tried < MOST_EARLIER;
    n = candidates.next()
  ) {
    const earlier = rows[n]
    if (earlier === undefined || !earlier.template.alwaysEnds) continue
    tried++
    touched ||= Array.isArray(matchPattern(earlier.pattern, probe, work))
    if (covers(earlier.pattern, part) || isSame(earlier, row)) return { by: earlier, touched: true, probe: text }
  }
  return { by: undefined, touched, probe: text }
}

/** Patterns with back matches are compared as they are written. */
const isSame = (a: MappingRow, b: MappingRow): boolean => a.patternText === b.patternText
