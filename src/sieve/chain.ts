// SPDX-License-Identifier: Apache-2.0
/**
 * Several scripts on one message, one after the other: edits, flags and what was decided pass on. A conflict with an
 * action of an earlier script drops the later one with a warning (spec sieve-engine.md 4.6). How the levels of a site
 * decide among each other is its own matter (spec filters.md 2); this is the plain chain.
 */
import type { Action } from './action.ts'
import type { SieveEngine } from './engine.ts'
import { type ExecuteOptions, type ExecutionReport, executeActions } from './execute.ts'
import type { SieveProgram } from './program.ts'
import type { SieveRunResult } from './run/result.ts'
import type { SieveEnvironment } from './run-context.ts'
import { hostOf } from './services/host.ts'
import type { SieveServices } from './services/services.ts'

export interface ChainResult {
  readonly runs: readonly SieveRunResult[]
  readonly executions: readonly ExecutionReport[]
  /** No script took the message elsewhere. */
  readonly implicitKeep: boolean
}

/**
 * Runs the programs while the message is still kept. `execute`: after each script, or all at once at the end, the implicit
 * keep at the end in both cases.
 */
export async function runChain(
  engine: SieveEngine,
  programs: readonly SieveProgram[],
  environment: SieveEnvironment,
  services: SieveServices,
  options: ExecuteOptions & { readonly execute?: 'each' | 'end' },
): Promise<ChainResult> {
  const runs: SieveRunResult[] = []
  const executions: ExecutionReport[] = []
  const host = hostOf(services)
  let message = environment.message
  let flags = environment.flags
  let previous: readonly Action[] = environment.previous ?? []
  for (const program of programs) {
    const run = engine.createRun(program, {
      ...environment,
      message,
      previous,
      ...(flags === undefined ? {} : { flags }),
    })
    const result = await run.execute(host)
    runs.push(result)
    if (result.status !== 'ok') break
    if (options.execute === 'each')
      executions.push(await executeActions({ ...result, implicitKeep: false }, services, options))
    message = result.message
    flags = result.flags
    previous = [...previous, ...result.actions]
    if (!result.implicitKeep) break
  }
  const last = runs.at(-1)
  const implicitKeep = last?.implicitKeep ?? true
  if (last !== undefined) {
    const failed = last.status !== 'ok'
    const all = failed ? [] : runs.flatMap(({ actions }) => actions)
    executions.push(await executeActions({ ...last, actions: all, implicitKeep }, services, options))
  }
  return { runs, executions, implicitKeep }
}
