// SPDX-License-Identifier: Apache-2.0
/**
 * What is wrong in a mappings file. The fields are those of the diagnostics of the configuration, so that both are
 * shown alike.
 */
import { FILE_LIMITS } from './limits.ts'
import { type Place, type PlacedText, placeAt } from './place.ts'

/** Every code there is, with its meaning. Codes are stable: scripts and editors match on them. */
export const PROBLEM_CODES = {
  'mapping-line': 'A line that is no table name, row, comment or include.',
  'mapping-no-table': 'A row before the first table name.',
  'mapping-table-name': 'A table name with something else on its line, or with unusual characters.',
  'mapping-duplicate-table': 'Two tables of one name.',
  'mapping-blank-line': 'A blank line that is missing, or stands where none should.',
  'mapping-include': 'An included file that is missing, includes itself, or is one too many.',
  'mapping-continuation': 'A continued line that has no continuation.',
  'mapping-columns': 'A row with a column too few or too many.',
  'mapping-too-long': 'A line, pattern or template that is too long.',
  'mapping-quote': 'A `$` in front of something that needs none.',
  'mapping-modifier': 'A modifier without a wildcard behind it.',
  'mapping-class': 'A character class that is not complete, empty or turned round.',
  'mapping-network': 'An address matcher that cannot be read.',
  'mapping-back-match': 'A back match to a field that is not there yet.',
  'mapping-unclosed': 'A sequence whose closing character is missing.',
  'mapping-argument': 'A sequence without what it needs, so that it always fails.',
  'mapping-field': 'A field that the pattern does not have.',
  'mapping-flag': 'A flag that the table does not know.',
  'mapping-flag-argument': 'A flag whose argument is missing.',
  'mapping-unknown-table': 'A table that is called and does not exist.',
  'general-line': 'A line of the general table that cannot be used.',
} as const

export type ProblemCode = keyof typeof PROBLEM_CODES

export interface MappingProblem extends Place {
  readonly code: ProblemCode
  /** A file with errors shall not be used; its tables are there all the same, for tools. */
  readonly severity: 'error' | 'warning'
  /** How much of the line is meant. */
  readonly length: number
  /** What is wrong. */
  readonly message: string
  /** Why that is wrong, or what happens. */
  readonly reason: string
  /** What to write instead. */
  readonly fix: string
}

/** A problem without its place. */
export type Finding = Omit<MappingProblem, 'file' | 'line' | 'column' | 'length'>

/** How a parser of one column reports: offsets count from the beginning of that column. */
export type Report = (from: number, to: number, finding: Finding) => void

/** Order of files, then of lines. */
export const compareProblems = (a: MappingProblem, b: MappingProblem): number =>
  a.file === b.file ? a.line - b.line || a.column - b.column : a.file < b.file ? -1 : 1

/** Collects problems, up to a limit. */
export class Problems {
  readonly list: MappingProblem[] = []
  /** Problems beyond the limit. */
  dropped = 0
  errors = 0

  add(place: Place, length: number, finding: Finding): void {
    const full = this.list.length >= FILE_LIMITS.problems
    // An error must never hide behind a thousand warnings.
    const keep = !full || (finding.severity === 'error' && this.errors === 0)
    if (finding.severity === 'error') this.errors++
    if (keep) this.list.push({ ...finding, file: place.file, line: place.line, column: place.column, length })
    else this.dropped++
  }

  /** A reporter for the column of a row that begins at `start`. */
  within(row: PlacedText, start: number): Report {
    return (from, to, finding) => this.add(placeAt(row, start + from), Math.max(1, to - from), finding)
  }
}

export const error = (code: ProblemCode, message: string, reason: string, fix: string): Finding => ({
  code,
  severity: 'error',
  message,
  reason,
  fix,
})

export const warning = (code: ProblemCode, message: string, reason: string, fix: string): Finding => ({
  code,
  severity: 'warning',
  message,
  reason,
  fix,
})
