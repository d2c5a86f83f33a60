// SPDX-License-Identifier: Apache-2.0
/**
 * A mapping table that was asked, for people: the probe, each row that matched with its line and what its wildcards
 * took, what it gave; and, where the tables are at hand, rows that nearly matched and what they lacked.
 */
import { type LookupStep, type MappingStep, type Mappings, type NearMiss, nearMisses } from '../mapping/index.ts'
import type { TableTrace } from '../policy/trace.ts'
import { clean } from './clean.ts'
import type { Paint } from './paint.ts'

/** Rows that nearly matched, told of each table. */
const MOST_NEAR = 3
/** Tables with more rows are not looked through: it takes time, and near is not near any more. */
const MAX_ROWS = 20_000

export function tableLines(asked: TableTrace, paint: Paint, mappings?: Mappings): readonly string[] {
  const { table, probe, input, deferred, matched, failed, output, flags, steps = [], stepsDropped = 0 } = asked
  const with_ = input === undefined ? '' : `  flags ${clean(input)}`
  return [
    `${paint('bold', clean(table))} asked ${quoted(probe)}${with_}`,
    ...steps.flatMap((step) => stepLines(step, paint)).map(indented),
    ...(stepsDropped === 0 ? [] : [indented(paint('yellow', `${stepsDropped} more rows are not shown`))]),
    ...(deferred === undefined ? [] : [indented(`nobody knows: ${clean(deferred)}`)]),
    ...(matched === false ? [indented('no row matched')] : []),
    ...(failed === true ? [indented('the last row failed, so nothing of it counts')] : []),
    ...(output === undefined || failed === true ? [] : [indented(given(output, flags ?? ''))]),
    ...(asked.unanswered ?? []).map((line) => indented(paint('yellow', `not answered: ${clean(line)}`))),
    ...(asked.warnings ?? []).map((line) => indented(paint('yellow', clean(line)))),
    ...(mappings === undefined ? [] : nearMissesOf(asked, mappings).map(nearLine).map(indented)),
  ]
}

/** Rows above the one that decided, or in the whole table where none did. */
export function nearMissesOf({ table, probe, steps = [] }: TableTrace, mappings: Mappings): readonly NearMiss[] {
  const found = mappings.table(table)
  if (found === undefined || found.rows.length > MAX_ROWS) return []
  const last = steps.findLast((step) => step.step === 'row')
  const decided = last === undefined ? undefined : found.rows.find(({ name }) => name === last.row.name)
  const before = decided === undefined ? {} : { before: decided.number }
  return nearMisses(found, probe, { most: MOST_NEAR, ...before })
}

const indented = (line: string): string => `  ${line}`

function stepLines(step: MappingStep, paint: Paint): readonly string[] {
  if (step.step === 'restart')
    return [
      `${step.refused ? 'would begin again, but has too often' : 'begins again'} ($${step.by}) with ${quoted(step.probe)}`,
    ]
  const { row, pieces, lookups, failure, output, flags, next } = step
  const margin = String(row.line)
  const text = clean(row.text.replaceAll('\t', ' '))
  const column = Math.max(0, Math.min(row.column - 1, text.length))
  const took = pieces.filter(({ field }) => field !== undefined)
  return [
    `${clean(row.file)}:${row.line}:${row.column} matched`,
    `${margin} ┆ ${text}`,
    `${' '.repeat(margin.length)} ┆ ${' '.repeat(column)}${paint('red', '^')}`,
    ...(took.length === 0 ? [] : [took.map(({ field, text: each }) => `$${field} took ${quoted(each)}`).join('  ')]),
    ...lookups.flatMap(lookupLines),
    ...(failure === undefined
      ? []
      : [
          paint(
            'yellow',
            `failed at ${clean(failure.written)} (${failure.line}:${failure.column}): ${clean(failure.why)}`,
          ),
        ]),
    ...(next === undefined
      ? []
      : [`and goes on ($${next})${output === undefined ? '' : ` with ${quoted(output)}`}${flagText(flags ?? '')}`]),
  ]
}

function lookupLines({ written, asked, found, failed, within }: LookupStep): readonly string[] {
  const came =
    found === undefined ? `failed${failed === undefined ? '' : `: ${clean(failed)}`}` : `gave ${quoted(found)}`
  const inner = within?.kind === 'answered' ? within.row : undefined
  const by = inner === undefined ? '' : ` by ${clean(inner.file)}:${inner.line}:${inner.column}`
  return [`${clean(written)} with ${quoted(asked)} ${came}${by}`]
}

const nearLine = ({ row, lacked, found, line, column }: NearMiss): string =>
  `nearly: ${clean(row.file)}:${line}:${column} wants ${quoted(lacked)}${found === '' ? ', which is not there' : `, found ${quoted(found)}`}`

const given = (output: string, flags: string): string =>
  `gave ${output === '' ? 'no text' : quoted(output)}${flags === '' ? ', no flags' : flagText(flags)}`

const flagText = (flags: string): string =>
  flags === '' ? '' : `, flags ${[...clean(flags)].map((flag) => `$${flag}`).join(' ')}`

const quoted = (text: string): string => `"${clean(text)}"`
