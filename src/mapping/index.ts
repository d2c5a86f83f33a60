// SPDX-License-Identifier: Apache-2.0
/**
 * The mapping-table language: the public entry, `postern/mapping`.
 *
 * Mapping tables rewrite one string, the probe, into another one and set flags; what either means is up to the caller
 * who named the table. The language is pure: it reads no file, knows no time and no network. What it needs it asks.
 *
 *   const { mappings, problems, hasErrors } = loadMappings({ name: 'mappings', text }, include)
 *   const result = yield* within(runMapping(mappings, 'PORT_ACCESS', probe, { input: 'A' }), adapter)   // in a stage
 *   const result = await answer(runMapping(mappings, 'PORT_ACCESS', probe), host)                       // in a tool
 *
 * A result is `answered` or `deferred`. Answered and not matched means that the table has nothing to say; the output is
 * the probe then. Deferred means that a bound was hit and nobody knows: say "try later", never "nothing to say". A
 * look-up that nobody could answer counts as failed, as it always did; `unanswered` tells of it.
 *
 * The output may hold whatever the probe and the look-ups held, line ends too: who writes it into a reply or a header
 * makes it safe for that place.
 */

export { describeTable, type ShadowedRow, type TableDescription } from './describe.ts'
export { type GeneralTable, readGeneral } from './general.ts'
export { RUN_LIMITS, type RunLimits } from './limits.ts'
export { type LoadedMappings, loadInSlices, loadMappings } from './load.ts'
export { type NearMiss, nearMisses } from './near-miss.ts'
export type { Place } from './place.ts'
export { formatRow, formatTable } from './print.ts'
export { type MappingProblem, PROBLEM_CODES, type ProblemCode } from './problem.ts'
export {
  answer,
  MAPPING_EFFECTS,
  type MappingAdapter,
  type MappingAnswers,
  type MappingAsking,
  type MappingHost,
  type MappingQuestion,
  type MappingQuestionKind,
  type MappingQuestionOf,
  within,
} from './questions.ts'
export type {
  Failure,
  LookupStep,
  MappingAnswered,
  MappingDeferred,
  MappingResult,
  MappingStep,
  MatchedPiece,
  RowRef,
} from './result.ts'
export { type RunOptions, runMapping } from './run.ts'
export { type Include, includesOf, type SourceFile } from './source-lines.ts'
export { type MappingRow, Mappings, type MappingTable } from './table.ts'
