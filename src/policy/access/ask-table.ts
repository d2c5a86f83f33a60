// SPDX-License-Identifier: Apache-2.0
/** Asks one mapping table inside a stage, and keeps what a trace shows of it (design 2.2). */
import type { Asking } from '../../ask/ask.ts'
import type { DecidedBy } from '../../ask/decided-by.ts'
import type { Revision } from '../../config/revision.ts'
import {
  type MappingAnswered,
  type MappingResult,
  type Mappings,
  type RowRef,
  runMapping,
  within,
} from '../../mapping/index.ts'
import type { TableTrace } from '../trace.ts'
import { mappingAdapter } from './adapter.ts'

export type TableAnswer =
  | { readonly kind: 'answered'; readonly result: MappingAnswered; readonly by: DecidedBy; readonly trace: TableTrace }
  /** Nobody knows what the table says: the client tries later, and is never let in. */
  | { readonly kind: 'deferred'; readonly cause: string; readonly by: DecidedBy; readonly trace: TableTrace }

export const hasTable = ({ tables }: Revision, name: string): boolean => tables?.mappings.table(name) !== undefined

/** @param input input flags; @returns `undefined` where there is no such table, which says nothing */
export function* askTable(
  revision: Revision,
  table: string,
  probe: string,
  input: string,
): Asking<TableAnswer | undefined> {
  const mappings = revision.tables?.mappings
  if (mappings?.table(table) === undefined) return undefined
  const { truncateCalls, failedLookups } = revision.config.access
  const result = yield* within(runMapping(mappings, table, probe, { input, truncateCalls }), mappingAdapter(revision))
  const trace = traceOf(result)
  if (result.kind === 'deferred') {
    const last = result.steps.findLast((step) => step.step === 'row')
    return { kind: 'deferred', cause: result.cause, by: decidedBy(mappings, table, last?.row), trace }
  }
  const by = decidedBy(mappings, table, result.row)
  if (failedLookups === 'defer' && result.unanswered.length > 0)
    return { kind: 'deferred', cause: result.unanswered.join('; ').slice(0, MAX_CAUSE), by, trace }
  return { kind: 'answered', result, by, trace }
}

const MAX_CAUSE = 300

/** One object for each row, as settings have: rows decide again and again. As many as there are rows. */
const known = new WeakMap<Mappings, Map<string, DecidedBy>>()

function decidedBy(mappings: Mappings, table: string, row: RowRef | undefined): DecidedBy {
  const ofSite = known.get(mappings) ?? new Map<string, DecidedBy>()
  known.set(mappings, ofSite)
  const key = row?.name ?? table
  const found = ofSite.get(key)
  if (found !== undefined) return found
  const by: DecidedBy =
    row === undefined
      ? { by: 'table', table }
      : {
          by: 'table',
          table,
          row: row.name,
          at: { file: row.file, line: row.line, column: row.column, text: row.text },
        }
  ofSite.set(key, by)
  return by
}

/** Where a table decided, on one line: `PORT_ACCESS mappings:12:3`. */
export const rowPlace = (by: DecidedBy): string =>
  by.by !== 'table' ? by.by : by.at === undefined ? by.table : `${by.table} ${by.at.file}:${by.at.line}:${by.at.column}`

/** Rows shown of one operation: the first ones, and the last, which decided. */
const MAX_ROWS = 12
/** Characters shown of a probe or an output. */
const MAX_SHOWN = 1000

function traceOf(result: MappingResult): TableTrace {
  const { table, probe, input, steps, stepsDropped, unanswered } = result
  const shown = steps.length <= MAX_ROWS ? steps : [...steps.slice(0, MAX_ROWS - 1), ...steps.slice(-1)]
  const dropped = stepsDropped + steps.length - shown.length
  return {
    table,
    probe: probe.slice(0, MAX_SHOWN),
    ...(input === '' ? {} : { input }),
    ...(result.kind === 'deferred'
      ? { deferred: result.cause }
      : {
          matched: result.matched,
          ...(result.failed ? { failed: true as const } : {}),
          ...(result.matched ? { output: result.output.slice(0, MAX_SHOWN), flags: result.flags } : {}),
        }),
    ...(shown.length === 0 ? {} : { steps: shown }),
    ...(dropped === 0 ? {} : { stepsDropped: dropped }),
    ...(unanswered.length === 0 ? {} : { unanswered: unanswered.slice(0, 5) }),
  }
}
