// SPDX-License-Identifier: Apache-2.0
/** Runs a program to its result, whatever happens in it: the one place where faults are caught. */
import type { SieveProgram } from '../program.ts'
import { isAsking, type Maybe, type SieveAsking } from '../questions.ts'
import type { Context } from './context.ts'
import type { Ended } from './ended.ts'
import { SieveFault } from './fault.ts'
import type { SieveRunResult } from './result.ts'

export function runToResult(ctx: Context, program: SieveProgram): Maybe<SieveRunResult> {
  try {
    const ended = ctx.runMain(program)
    return isAsking(ended) ? runLater(ctx, ended) : finish(ctx, ended)
  } catch (error) {
    return failed(ctx, error)
  }
}

function* runLater(ctx: Context, asking: SieveAsking<Ended>): SieveAsking<SieveRunResult> {
  try {
    return finish(ctx, yield* asking)
  } catch (error) {
    return failed(ctx, error)
  }
}

function finish(ctx: Context, ended: Ended): SieveRunResult {
  if (ended.how === 'error') return failed(ctx, ended.error)
  if (ended.how === 'interrupted') return { ...result(ctx, 'interrupted'), token: ended.token }
  return result(ctx, 'ok')
}

function failed(ctx: Context, error: unknown): SieveRunResult {
  if (ctx.environment.signal?.aborted === true) return result(ctx, 'aborted')
  // A bug, of ours or of a plug-in, must not lose mail: it ends the script as its own mistakes would.
  const fault = error instanceof SieveFault ? error : new SieveFault('error', 'internal', messageOf(error))
  if (fault.kind === 'deferred') return { ...result(ctx, 'deferred'), cause: fault.message }
  if (fault.kind === 'aborted') return result(ctx, 'aborted')
  const { code, message } = fault
  const { script, line, column } = fault.place ?? { script: '', line: 0, column: 0 }
  ctx.log.push({ severity: 'error', phase: 'runtime', code, message, script, line, column })
  // The message is kept as it came: edits of a script that failed do not count.
  const original = ctx.environment.message
  return {
    ...result(ctx, fault.kind),
    error: { code, message, line, script },
    implicitKeep: true,
    message: original,
    headerEdits: original.headerEdits,
    flags: [],
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

function result(ctx: Context, status: SieveRunResult['status']): SieveRunResult {
  const { actions, whole: message, shared, environment, perRecipient } = ctx
  const { steps, wallMs } = shared.budget
  return {
    status,
    actions: actions.all.filter(({ earlier }) => !earlier),
    implicitKeep: status !== 'ok' || actions.implicitKeep,
    flags: ctx.flags ?? [],
    headerEdits: message.headerEdits,
    message,
    log: shared.log,
    usage: environment.stopwatch === undefined ? { steps } : { steps, wallMs },
    perRecipient,
  }
}
