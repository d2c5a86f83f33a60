// SPDX-License-Identifier: Apache-2.0
/**
 * About how many octets a value takes as JSON. Escapes are not counted: JSON writes a character as six octets at most,
 * and whoever reads traces knows (history/lines.ts). To count by writing the JSON, for every step and fact of every
 * message, was a twentieth of a worker's time.
 */
import type { MappingStep } from '../mapping/index.ts'
import type { TableTrace } from './trace.ts'

/** Brackets, commas, quotes and a number of usual length. */
const MARKS = 3
const NUMBER = 12

/** Of plain data: no cycles. */
export function weigh(value: unknown): number {
  if (typeof value === 'string') return value.length + MARKS
  if (typeof value !== 'object' || value === null) return NUMBER
  let sum = MARKS
  if (Array.isArray(value)) for (const one of value) sum += weigh(one) + 1
  else sum += weighFields(value)
  return sum
}

function weighFields(value: object): number {
  let sum = 0
  // Plain data, read by its own names.
  const fields = value as Readonly<Record<string, unknown>>
  for (const name of Object.keys(fields)) {
    const field = fields[name]
    if (field !== undefined) sum += name.length + 4 + weigh(field)
  }
  return sum
}

/** What names, places and marks of one row, piece and look-up take. */
const ROW = 260
const PIECE = 48
const LOOKUP = 90
const TABLE = 110

/** The same for tables that were asked, by their form: they are larger than all the rest of a step. Not less than it takes. */
export function weighTables(tables: readonly TableTrace[]): number {
  let sum = 0
  for (const { table, probe, output = '', steps = [], unanswered = [], warnings = [], deferred = '' } of tables) {
    sum += TABLE + table.length + probe.length + output.length + deferred.length + weighSteps(steps)
    for (const text of unanswered) sum += text.length + MARKS
    for (const text of warnings) sum += text.length + MARKS
  }
  return sum
}

function weighSteps(steps: readonly MappingStep[]): number {
  let sum = 0
  for (const step of steps) {
    sum += PIECE + step.probe.length
    if (step.step === 'restart') continue
    const { row, pieces, lookups, failure, output = '', flags = '' } = step
    sum += ROW + 2 * row.table.length + row.file.length + row.text.length + output.length + flags.length
    if (failure !== undefined) sum += LOOKUP + failure.written.length + failure.why.length
    for (const { pattern, text } of pieces) sum += PIECE + pattern.length + text.length
    for (const { written, asked, found = '', failed = '', within } of lookups) {
      sum += LOOKUP + written.length + asked.length + found.length + failed.length
      if (within !== undefined)
        sum +=
          TABLE +
          ROW +
          within.probe.length +
          (within.kind === 'answered' ? within.output.length : 0) +
          weighSteps(within.steps)
    }
  }
  return sum
}
