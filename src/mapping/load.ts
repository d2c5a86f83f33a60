// SPDX-License-Identifier: Apache-2.0
/** From the text of a mappings file to tables that can be used, with everything that is wrong in it. */
import { checkRow } from './check-row.ts'
import { parsePattern } from './parse-pattern.ts'
import { parseTemplate } from './parse-template.ts'
import { compareProblems, type MappingProblem, Problems } from './problem.ts'
import { type RawTable, readTables } from './read.ts'
import { RowIndex } from './row-index.ts'
import { RowNames } from './row-name.ts'
import type { Include, SourceFile } from './source-lines.ts'
import type { RawRow } from './split-row.ts'
import { MappingRow, Mappings, type MappingTable } from './table.ts'

export interface LoadedMappings {
  /** There even where there are errors, for tools; a server must not use them then. */
  readonly mappings: Mappings
  /** Errors and warnings, by file and line. */
  readonly problems: readonly MappingProblem[]
  /** Problems beyond the limit, not listed. */
  readonly dropped: number
  /** There is an error among the problems: the historical meaning is unclear or a row would never work. */
  readonly hasErrors: boolean
}

const noIncludes: Include = () => ({ missing: 'there are no other files here' })

/** Reads and compiles everything at once. Nothing is thrown: what is wrong is in `problems`. */
export function loadMappings(source: SourceFile, include: Include = noIncludes): LoadedMappings {
  const loading = loadInSlices(source, include)
  for (;;) {
    const step = loading.next()
    if (step.done === true) return step.value
  }
}

/** The same, in slices: yields every few hundred rows, so that the caller can let other work run in between. */
export function* loadInSlices(source: SourceFile, include: Include = noIncludes): Generator<undefined, LoadedMappings> {
  const problems = new Problems()
  const raw = yield* readTables(source, include, problems)
  const names = new Set(raw.map(({ name }) => name.toLowerCase()))
  const hasTable = (name: string): boolean => names.has(name.toLowerCase())
  const tables: MappingTable[] = []
  for (const table of raw) tables.push(yield* compileTable(table, hasTable, problems))
  return {
    mappings: new Mappings(tables),
    problems: problems.list.sort(compareProblems),
    dropped: problems.dropped,
    hasErrors: problems.errors > 0,
  }
}

function* compileTable(
  raw: RawTable,
  hasTable: (name: string) => boolean,
  problems: Problems,
): Generator<undefined, MappingTable> {
  const names = new RowNames(raw.name)
  const rows: MappingRow[] = []
  for (const [number, row] of raw.rows.entries()) {
    rows.push(compileRow(raw.name, number, row, names, hasTable, problems))
    if (number % 256 === 255) yield
  }
  const index = yield* RowIndex.build(rows.map(({ pattern }) => pattern))
  const { name, file, line, column } = raw
  return { name, file, line, column, rows, index }
}

function compileRow(
  table: string,
  number: number,
  raw: RawRow,
  names: RowNames,
  hasTable: (name: string) => boolean,
  problems: Problems,
): MappingRow {
  const inTemplate = problems.within(raw.placed, raw.templateFrom)
  const pattern = parsePattern(raw.pattern, problems.within(raw.placed, 0))
  const template = parseTemplate(raw.template, inTemplate)
  checkRow(table, pattern, template, hasTable, inTemplate)
  return new MappingRow(table, number, names.next(raw.pattern, raw.template), raw, pattern, template)
}
