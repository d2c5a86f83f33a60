// SPDX-License-Identifier: Apache-2.0
/**
 * What an operation comes to, and the steps that led there: the one trace (design 2.2) that explains a verdict.
 * Everything here is plain data and can be kept as it is.
 */
import type { Control, LookupKind } from './template.ts'

export type MappingResult = MappingAnswered | MappingDeferred

interface Common {
  /** As the caller named it. */
  readonly table: string
  readonly probe: string
  /** Input flags, sorted. */
  readonly input: string
  /** Rows that matched and what else decided, in the order of events. */
  readonly steps: readonly MappingStep[]
  /** Steps that were left out because there were too many. */
  readonly stepsDropped: number
  /** Look-ups that nobody could answer; they count as failed. A caller may prefer to say "try later". */
  readonly unanswered: readonly string[]
  /** Work done, for measurements: comparisons, cells, index look-ups. Does not depend on the machine. */
  readonly work: number
}

export interface MappingAnswered extends Common {
  readonly kind: 'answered'
  /** Some row matched. If not, the output is the probe and there are no flags: the table had nothing to say. */
  readonly matched: boolean
  /** The last row that matched ended the operation by failing: its output and flags do not count. */
  readonly failed: boolean
  readonly output: string
  /** Output flags: letters in upper case and signs, sorted, each once. */
  readonly flags: string
  /** The last row that matched: the one that decided. */
  readonly row?: RowRef
}

/** A bound was hit: nobody knows what the table says. The caller answers "try later", never "nothing to say". */
export interface MappingDeferred extends Common {
  readonly kind: 'deferred'
  /** One line for the log. */
  readonly cause: string
}

export interface RowRef {
  readonly table: string
  /** Stable over changes elsewhere in the file, see `MappingRow.name`. */
  readonly name: string
  readonly file: string
  readonly line: number
  readonly column: number
  /** The line of the file, at most 200 characters. */
  readonly text: string
}

export type MappingStep =
  | {
      readonly step: 'row'
      readonly row: RowRef
      /** What was tried against it. */
      readonly probe: string
      /** The whole probe, in the parts the elements of the pattern took. */
      readonly pieces: readonly MatchedPiece[]
      readonly lookups: readonly LookupStep[]
      /** Where it failed: then neither output nor flags count. */
      readonly failure?: Failure
      /** Absent where the row failed. */
      readonly output?: string
      readonly flags?: string
      /** How the operation went on; absent: it ended here. */
      readonly next?: Control
    }
  /** The table is gone through once more. `refused`: it would be, but for the guard against loops. */
  | { readonly step: 'restart'; readonly by: 'R' | 'L'; readonly probe: string; readonly refused: boolean }

export interface MatchedPiece {
  /** As written in the pattern, and how far from its beginning: `MappingRow.patternPlace` makes a place of that. */
  readonly pattern: string
  readonly from: number
  readonly text: string
  /** The number of the field; absent for literal text and for what `$@` does not save. */
  readonly field?: number
}

export interface LookupStep {
  readonly lookup: LookupKind | 'if-flag'
  /** As written in the template, or in a text that was expanded again. */
  readonly written: string
  /** With its argument expanded. */
  readonly asked: string
  /** What came back; absent where it failed. */
  readonly found?: string
  /** Why it failed, in one line. */
  readonly failed?: string
  /** The operation within, for another table. */
  readonly within?: MappingResult
}

/** `at` is the column in the file where the failing sequence begins. */
export interface Failure {
  readonly written: string
  readonly why: string
  readonly line: number
  readonly column: number
}
