// SPDX-License-Identifier: Apache-2.0
/**
 * The way of one recipient through the levels: spec filters.md 2, steps 1 to 4. Levels are put to it one by one, in
 * order; what it holds at the end is made into an outcome by finish.ts.
 */

import type { MailAddress } from '../../address/address.ts'
import type { Recipient } from '../../envelope/envelope.ts'
import type { FilterPlace, FilterReport } from '../../envelope/filtered.ts'
import {
  type Action,
  adjustmentOf,
  isAction,
  type Score,
  type SieveMessage,
  type SieveRunResult,
  type Verdict,
  verdictOf,
} from '../../sieve/index.ts'
import { type FilterEffect, type FilterMatch, type FilterTrace, placeOfAction, traceOf } from './filter-trace.ts'
import { withEdits } from './message-edits.ts'
import { type FilterScript, isUserSide } from './script.ts'
import { reportOf } from './user-scripts.ts'

/** What came of running a script, which may be shared by recipients. */
export interface ScriptRun {
  readonly result: SieveRunResult
  readonly matched: readonly FilterMatch[]
}

/** An action that is to be carried out, with the message as it was then. */
export interface Wanted<K extends Action['kind']> {
  readonly action: Action<K> & Action
  readonly script: FilterScript
  readonly by: FilterPlace
  message: SieveMessage
}

export interface Decision {
  readonly verdict: Verdict
  readonly script: FilterScript
  readonly by: FilterPlace
  /** Of reject, ereject and refuse. */
  readonly reason?: string
}

/** How a script is heard. `scan`: nothing but whether it suppresses vacation replies (option literalFinish). */
export type Hearing = 'decide' | 'override' | 'scan'

export class Walk {
  readonly recipient: Recipient
  /** Addresses of the user, the main one first. */
  readonly owner: readonly MailAddress[]
  /** As traces name the recipient. */
  readonly name: string
  message: SieveMessage
  flags: readonly string[] | undefined
  spam: Score | undefined
  /** What an explicit script said last, for `vnd.oracle.last-verdict`. */
  lastVerdict: Verdict | undefined
  decision: Decision | undefined
  refuse: Decision | undefined
  jettison: Decision | undefined
  hold: FilterPlace | undefined
  novacation = false
  keep: (Wanted<'keep'> & { flags: readonly string[] }) | undefined
  readonly fileinto: Wanted<'fileinto'>[] = []
  readonly redirects: Wanted<'redirect'>[] = []
  readonly vacations: Wanted<'vacation'>[] = []
  readonly notices: Wanted<'notify'>[] = []
  readonly remember: { readonly id: string; readonly seconds: number; readonly owner?: MailAddress }[] = []
  readonly tags: string[] = []
  readonly addedConversionTags: string[] = []
  setConversionTags: readonly string[] | undefined
  readonly reports: FilterReport[] = []
  readonly #traces: FilterTrace[] = []
  /** Of a script of the site, or of any that has to be run again: the message is to come later. */
  failure: { readonly script: FilterScript; readonly cause: string } | undefined
  /** The plug-in scriptlet that decides where no user does (spec filters.md 2, step 1). */
  #pluginSaid: { readonly script: FilterScript; readonly run: ScriptRun } | undefined

  constructor(recipient: Recipient, owner: readonly MailAddress[], message: SieveMessage, spam: Score | undefined) {
    this.recipient = recipient
    this.owner = owner
    this.name = recipient.address
    this.message = message
    this.spam = spam
  }

  /** What was traced since this was asked last. */
  takeTraces(): readonly FilterTrace[] {
    return this.#traces.splice(0)
  }

  /** How the next level is heard; `undefined`: it need not be run. */
  hearing(script: Pick<FilterScript, 'level'>, literalFinish: boolean): Hearing | undefined {
    if (this.failure !== undefined) return undefined
    if (this.decision === undefined) return 'decide'
    if (isUserSide(script.level)) return undefined
    if (!literalFinish) return 'override'
    return this.vacations.length > 0 ? 'scan' : undefined
  }

  /** The pre-pass: effects of a scriptlet count at once, its verdict waits for `plugins()`; the first explicit one wins. */
  takePlugin(script: FilterScript, run: ScriptRun): void {
    if (this.#failed(script, run)) return
    const said = verdictOf(run.result.actions)
    if (said !== undefined && this.#pluginSaid === undefined) this.#pluginSaid = { script, run }
    this.#collect(script, run.result, 'override')
    if (said === undefined) this.#trace(script, run, 'passes')
  }

  /** The place of the scriptlets in the order: behind the domain. */
  plugins(literalFinish: boolean): void {
    const said = this.#pluginSaid
    if (said === undefined) return
    const hearing = this.hearing(said.script, literalFinish)
    if (hearing === undefined || hearing === 'scan') this.#trace(said.script, said.run, 'ignored')
    else this.#hear(said.script, said.run, hearing)
  }

  take(script: FilterScript, run: ScriptRun, hearing: Hearing): void {
    if (this.#failed(script, run)) return
    if (hearing === 'scan') {
      if (run.result.actions.some(({ kind }) => kind === 'novacation')) this.novacation = true
      this.#trace(script, run, 'ignored')
      return
    }
    this.#collect(script, run.result, hearing)
    this.#hear(script, run, hearing)
  }

  /** Verdict and deliveries. */
  #hear(script: FilterScript, run: ScriptRun, hearing: 'decide' | 'override'): void {
    const { result } = run
    const said = verdictOf(result.actions)
    const decision = said === undefined ? undefined : decisionOf(script, said)
    const held = result.actions.find(({ kind }) => kind === 'hold')
    if (held !== undefined) this.hold ??= placeOfAction(script, held)
    if (hearing === 'override') {
      const by = this.#override(decision) ? decision?.by : held === undefined ? undefined : this.hold
      this.#trace(script, run, by === undefined ? 'ignored' : 'overrides', by)
      return
    }
    for (const action of result.actions) this.#want(script, action)
    if (decision === undefined) {
      this.#trace(script, run, held === undefined ? 'passes' : 'overrides', held === undefined ? undefined : this.hold)
      return
    }
    this.#override(decision)
    this.decision = decision
    this.lastVerdict = decision.verdict
    this.#trace(script, run, 'decides', decision.by)
  }

  #override(decision: Decision | undefined): boolean {
    if (decision?.verdict === 'refuse') this.refuse ??= decision
    else if (decision?.verdict === 'jettison') this.jettison ??= decision
    else return false
    return true
  }

  /** What counts whoever decides: edits, tags, scores, flags (spec filters.md 4). */
  #collect(script: FilterScript, result: SieveRunResult, hearing: 'decide' | 'override'): void {
    if (result.message !== this.message) this.#edited(result.message)
    const more = adjustmentOf(result.actions)
    if (more !== undefined)
      this.spam = { score: (this.spam?.score ?? 0) + more.score, text: (this.spam?.text ?? '') + (more.text ?? '') }
    for (const action of result.actions) {
      if (isAction(action, 'addtag')) this.tags.push(action.args.tag)
      else if (isAction(action, 'addconversiontag')) this.addedConversionTags.push(...action.args.tags)
      else if (isAction(action, 'setconversiontag')) {
        this.setConversionTags = action.args.tags
        this.addedConversionTags.length = 0
      } else if (isAction(action, 'novacation')) this.novacation = true
    }
    if (hearing === 'override') return
    this.flags = result.flags.length === 0 ? this.flags : result.flags
    for (const action of result.actions) {
      if (isAction(action, 'vacation')) {
        if (script.group === undefined) this.vacations.push(this.#wanted(script, action))
      } else if (isAction(action, 'notify')) this.notices.push(this.#wanted(script, action))
      else if (isAction(action, 'duplicate')) this.remember.push(wantRemembered(script, action.args))
    }
  }

  /** A later level changed the message: so does every copy that an earlier one had taken, in its own state. */
  #edited(message: SieveMessage): void {
    const before = this.message
    const edits = message.headerEdits.slice(before.headerEdits.length)
    for (const copy of [this.keep, ...this.fileinto, ...this.redirects])
      if (copy !== undefined) copy.message = copy.message === before ? message : withEdits(copy.message, edits)
    this.message = message
  }

  #wanted<K extends Action['kind']>(script: FilterScript, action: Action<K> & Action): Wanted<K> {
    return { action, script, by: placeOfAction(script, action), message: action.message }
  }

  #want(script: FilterScript, action: Action): void {
    if (isAction(action, 'keep')) this.keep = { ...this.#wanted(script, action), flags: action.args.flags ?? [] }
    else if (isAction(action, 'fileinto')) this.fileinto.push(this.#wanted(script, action))
    else if (isAction(action, 'redirect')) this.redirects.push(this.#wanted(script, action))
  }

  /** Spec filters.md 9. Actions of a script that failed count for nothing. */
  #failed(script: FilterScript, run: ScriptRun): boolean {
    const { status, error, cause } = run.result
    if (status === 'ok') return false
    this.#trace(script, run, 'failed')
    const later = status === 'deferred' || status === 'aborted'
    if (later || !isUserSide(script.level)) {
      this.failure = { script, cause: cause ?? error?.message ?? status }
      return true
    }
    const to = script.group?.errorsTo ?? script.owner[0]
    if (to !== undefined && error !== undefined) {
      const { script: name, line } = placeOfAction(script, { script: error.script, line: error.line, column: 1 })
      this.reports.push(reportOf(to, script.level, name, [{ line, column: 1, message: error.message }]))
    }
    return true
  }

  #trace(script: FilterScript, run: ScriptRun, effect: FilterEffect, by?: FilterPlace): void {
    this.#traces.push(traceOf(script, this.name, effect, run, by))
  }
}

/** In the memory of whoever the script belongs to: that is where it looked. */
function wantRemembered({ owner: [owner] }: FilterScript, { id, seconds }: Action<'duplicate'>['args']) {
  return owner === undefined ? { id, seconds } : { id, seconds, owner }
}

function decisionOf(script: FilterScript, { verdict, action }: { verdict: Verdict; action: Action }): Decision {
  const reason =
    isAction(action, 'reject') || isAction(action, 'ereject') || isAction(action, 'refuse')
      ? action.args.reason
      : undefined
  return { verdict, script, by: placeOfAction(script, action), ...(reason === undefined ? {} : { reason }) }
}
