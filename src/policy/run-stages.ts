// SPDX-License-Identifier: Apache-2.0
/**
 * Runs the stages of one moment in their order and writes the trace. The first refusal or discard ends the run; a
 * hold is remembered while later stages go on, for they may still refuse.
 */
import type { Asking } from '../ask/ask.ts'
import type { DecidedBy } from '../ask/decided-by.ts'
import { describeReply } from '../smtp/reply.ts'
import type { Moment } from './moment.ts'
import type { SessionContext, Stage, StageResult, Verdict } from './stage.ts'
import type { Step } from './trace.ts'

/** What stages write their steps to: a TraceBuilder, or a plain list where there is no dialogue. */
export interface StepSink {
  step(step: Omit<Step, 'ms'>): void
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
    if (result.silent !== true) trace.step(stepOf(moment, stage.name, result, recipient))
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
): Asking<readonly Omit<Step, 'ms'>[]> {
  const steps: Omit<Step, 'ms'>[] = []
  let context = from
  for (const stage of rest) {
    const result = stage.judge?.(context) ?? (stage.run && (yield* stage.run(context)))
    if (result === undefined) continue
    if (result.tables !== undefined && result.tables.length > 0)
      steps.push(stepOf(moment, stage.name, result, undefined))
    context = result.context ?? context
  }
  return steps
}

function stepOf<C>(
  moment: Moment,
  stage: string,
  { verdict, by, context, note, tables, filters, filtersDropped }: StageResult<C>,
  recipient: string | undefined,
): Omit<Step, 'ms'> {
  // Some thirty for each message: set one by one, for spread objects cost more than all the rest of it.
  const step: { -readonly [K in keyof Step]?: Step[K] } & Omit<Step, 'ms'> = {
    at: moment,
    stage,
    result: resultOf(verdict, context !== undefined),
    by,
  }
  if (recipient !== undefined) step.recipients = [recipient]
  if (note !== undefined) step.note = note
  if (tables !== undefined && tables.length > 0) step.tables = tables
  if (filters !== undefined && filters.length > 0) step.filters = filters
  if (filtersDropped !== undefined) step.filtersDropped = filtersDropped
  if (verdict.do === 'refuse') step.reply = describeReply(verdict.reply)
  return step
}

function resultOf(verdict: Verdict, changed: boolean): Step['result'] {
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
