// SPDX-License-Identifier: Apache-2.0
/**
 * Runs the stages of one moment in their order and writes the trace. The first refusal or discard ends the run; a
 * hold is remembered while later stages go on, for they may still refuse.
 */
import type { Asking } from '../ask/ask.ts'
import type { DecidedBy } from '../ask/decided-by.ts'
import { describeReply } from '../smtp/reply.ts'
import type { Moment } from './moment.ts'
import { type Finding, Saying, Usual } from './saying.ts'
import type { SessionContext, Stage, StageResult, Verdict } from './stage.ts'

/** What stages write their steps to: a TraceBuilder, or a plain list where there is no dialogue. */
export interface StepSink {
  /** @param recipient whom it is about, as typed */
  step(finding: Finding, recipient?: string): void
}

export interface StagesResult<C> {
  /** As the last stage left it. */
  readonly context: C
  readonly verdict: Verdict
  /** What made the verdict; `undefined` when everything passed. */
  readonly by: DecidedBy | undefined
  /** Stages that were not run, for a table said no before them. Behind another refusal they may lack what they need. */
  readonly rest: readonly Stage<C>[]
}

export function* runStages<C extends SessionContext>(
  moment: Moment,
  stages: readonly Stage<C>[],
  start: C,
  trace: StepSink,
  recipient?: string,
): Asking<StagesResult<C>> {
  let context = start
  let held: { readonly verdict: Verdict; readonly by: DecidedBy } | undefined
  let i = 0
  for (const stage of stages) {
    i++
    const result = stage.judge?.(context) ?? (stage.run && (yield* stage.run(context)))
    if (result === undefined) continue
    if (result.silent !== true) trace.step(sayingOf(moment, stage.name, result), recipient)
    context = result.context ?? context
    if (result.verdict.do === 'refuse' || result.verdict.do === 'discard')
      return { context, verdict: result.verdict, by: result.by, rest: saysNo(result) ? stages.slice(i) : [] }
    if (result.verdict.do === 'hold') held ??= { verdict: result.verdict, by: result.by }
  }
  return { context, verdict: held?.verdict ?? { do: 'pass' }, by: held?.by, rest: [] }
}

const saysNo = <C>({ tables }: StageResult<C>): boolean => tables !== undefined && tables.length > 0

/**
 * What mapping tables behind a refusal would have said, for whoever wants to know all of a phase: steps of the stages
 * that asked one. Their verdicts change nothing; the caller answers effects on a copy.
 */
export function* askTheRest<C extends SessionContext>(
  moment: Moment,
  rest: readonly Stage<C>[],
  from: C,
): Asking<readonly Finding[]> {
  const steps: Finding[] = []
  let context = from
  for (const stage of rest) {
    const result = stage.judge?.(context) ?? (stage.run && (yield* stage.run(context)))
    if (result === undefined) continue
    if (result.tables !== undefined && result.tables.length > 0) steps.push(sayingOf(moment, stage.name, result))
    context = result.context ?? context
  }
  return steps
}

function sayingOf<C>(moment: Moment, stage: string, result: StageResult<C>): Saying {
  const usual = result instanceof Usual ? result : result.usual
  if (usual !== undefined) return usual.saying(moment, stage, result.context === undefined ? 'pass' : 'change')
  const { verdict, by, context, note, tables, filters, filtersDropped } = result
  const finding: { -readonly [K in keyof Finding]: Finding[K] } = {
    at: moment,
    stage,
    result: resultOf(verdict, context !== undefined),
    by,
  }
  if (note !== undefined) finding.note = note
  if (tables !== undefined && tables.length > 0) finding.tables = tables
  if (filters !== undefined && filters.length > 0) finding.filters = filters
  if (filtersDropped !== undefined) finding.filtersDropped = filtersDropped
  if (verdict.do === 'refuse') finding.reply = describeReply(verdict.reply)
  return new Saying(finding)
}

function resultOf(verdict: Verdict, changed: boolean): Finding['result'] {
  switch (verdict.do) {
    case 'pass':
      return changed ? 'change' : 'pass'
    case 'refuse':
      return verdict.reply.code < 500 ? 'defer' : 'refuse'
    case 'hold':
      return 'hold'
    case 'discard':
      return 'discard'
    default:
      return verdict satisfies never
  }
}
