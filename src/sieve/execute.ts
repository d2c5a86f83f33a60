// SPDX-License-Identifier: Apache-2.0
/**
 * Carries out what a run came to, on services: begins every action, then lets all of them happen, or none where one could
 * not be begun. The implicit keep comes last; nothing is lost, at worst it is kept.
 */
import type { Action } from './action.ts'
import type { SieveEnvelope } from './envelope.ts'
import type { SieveRunResult } from './run/result.ts'
import type { Execution, SieveServices, Started } from './services/services.ts'
import { storeInto } from './services/start-store.ts'

export interface ExecuteOptions {
  readonly envelope: SieveEnvelope
  readonly owner?: readonly string[]
  /** For Message-IDs: another text each time. */
  readonly unique: string
  /** Where the implicit keep goes. */
  readonly inbox?: string
}

export interface ActionReport {
  readonly action: Action
  readonly outcome: 'done' | 'skipped' | 'failed' | 'rolled-back'
  readonly reason?: string
}

export interface ExecutionReport {
  /** False: something failed, and not even the implicit keep worked. Try again later, the message is not ours yet. */
  readonly ok: boolean
  readonly reports: readonly ActionReport[]
  readonly implicitKeep: 'done' | 'failed' | 'not-needed'
  readonly error?: string
}

/**
 * Actions that were carried out before in this run are passed over, so a run can go on and be executed again. After an
 * error of the script only the implicit keep happens (spec sieve-engine.md 1.3). A deferred run does nothing.
 */
export async function executeActions(
  result: SieveRunResult,
  services: SieveServices,
  options: ExecuteOptions,
): Promise<ExecutionReport> {
  if (result.status === 'deferred' || result.status === 'aborted')
    return { ok: false, reports: [], implicitKeep: 'not-needed', error: result.cause ?? result.status }
  const { envelope, owner = [], unique, inbox = 'INBOX' } = options
  const execution: Execution = { services, envelope, owner, unique, inbox, now: services.clock() }
  const failed = result.status === 'error' || result.status === 'limit'
  const wanted = failed ? [] : result.actions.filter(({ executed }) => !executed)
  // RFC 7352 §3: marks come after everything else.
  const ordered = [
    ...wanted.filter(({ def }) => def.internal !== true),
    ...wanted.filter(({ def }) => def.internal === true),
  ]
  const begun: { action: Action; started: Started }[] = []
  for (const action of ordered) begun.push({ action, started: await begin(action, execution) })
  const broken = begun.find(({ started }) => started.kind === 'failed')
  const reports = broken === undefined ? await commit(begun) : await rollBack(begun)
  const trouble = reports.find(({ outcome }) => outcome === 'failed')
  if (!result.implicitKeep && trouble === undefined) return { ok: true, reports, implicitKeep: 'not-needed' }
  // What was committed may be the message itself; a second copy is better than none.
  const kept = await keep(execution, result)
  const error = trouble?.reason ?? result.error?.message
  return { ok: kept === 'done', reports, implicitKeep: kept, ...(error === undefined ? {} : { error }) }
}

async function begin(action: Action, execution: Execution): Promise<Started> {
  if (action.def.start === undefined) return { kind: 'skipped', reason: `${action.kind} is the host's matter` }
  try {
    return await action.def.start(action, execution)
  } catch (error) {
    return { kind: 'failed', error: messageOf(error) }
  }
}

async function commit(begun: readonly { action: Action; started: Started }[]): Promise<readonly ActionReport[]> {
  const reports: ActionReport[] = []
  for (const { action, started } of begun) {
    if (started.kind === 'skipped') {
      action.executed = true
      reports.push({ action, outcome: 'skipped', reason: started.reason })
    } else if (started.kind === 'started') {
      try {
        await started.commit()
        action.executed = true
        reports.push({ action, outcome: 'done' })
      } catch (error) {
        reports.push({ action, outcome: 'failed', reason: messageOf(error) })
      }
    }
  }
  return reports
}

async function rollBack(begun: readonly { action: Action; started: Started }[]): Promise<readonly ActionReport[]> {
  const reports: ActionReport[] = []
  for (const { action, started } of begun) {
    if (started.kind === 'started') await started.rollback()
    reports.push(
      started.kind === 'failed'
        ? { action, outcome: 'failed', reason: started.error }
        : { action, outcome: started.kind === 'started' ? 'rolled-back' : 'skipped' },
    )
  }
  return reports
}

async function keep(execution: Execution, { message, flags }: SieveRunResult): Promise<'done' | 'failed'> {
  const target = { mailbox: execution.inbox, create: true }
  const started = await storeInto(execution, target, message.bytes(), flags)
  if (started.kind !== 'started') return 'failed'
  try {
    await started.commit()
    return 'done'
  } catch {
    return 'failed'
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
