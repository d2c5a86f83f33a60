// SPDX-License-Identifier: Apache-2.0
/** What a trace keeps of scripts that ran: which, for whom, what matched, what they did and what came of it. Bounded. */
import type { FilterLevel, FilterPlace } from '../../envelope/filtered.ts'
import type { Action, Place, SieveRunResult, TraceStep } from '../../sieve/index.ts'
import { type FilterScript, includedAt, placeIn } from './script.ts'

/** What the run of a script meant for the recipients it is kept with. */
export type FilterEffect =
  /** It decided. */
  | 'decides'
  /** It was not explicit: the next level has its say. */
  | 'passes'
  /** Another level had decided, and this one overrides it, or holds the message. */
  | 'overrides'
  /** Another level had decided, and nothing of this one counts against it. */
  | 'ignored'
  /** It failed: as if it were not there (a user's), or the message is to come later (the site's). */
  | 'failed'

export interface FilterTrace {
  readonly level: FilterLevel
  readonly script: string
  /** Of many the first ones; `recipientsDropped` says how many more. */
  readonly recipients: readonly string[]
  readonly recipientsDropped?: number
  readonly effect: FilterEffect
  /** The line that decided or overrides. */
  readonly by?: FilterPlace
  /** What it did, with the lines: `fileinto "Lists" :4`. Of many the first ones. */
  readonly actions?: readonly string[]
  /** Tests that held and what held them, in order; of many the last ones. */
  readonly matched?: readonly FilterMatch[]
  /** What is worth knowing besides: an error, a note of the language. */
  readonly notes?: readonly string[]
}

export interface FilterMatch {
  /** Of a script made of several texts: the one that `line` counts in. */
  readonly script?: string
  readonly line: number
  readonly test: string
  /** A value of the message and the key that matched it; absent for tests that compare nothing. */
  readonly value?: string
  readonly key?: string
}

const MAX_RECIPIENTS = 10
const MAX_ACTIONS = 10
const MAX_MATCHED = 8
const MAX_NOTES = 4
const MAX_TEXT = 100
/** Of one stage. */
const MAX_TRACES = 40

const cut = (text: string): string =>
  text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT).toWellFormed()}…` : text.toWellFormed()

/** Takes steps of a run as they happen and keeps the tests that held. */
export class Matches {
  readonly list: FilterMatch[] = []

  readonly see = (step: TraceStep): void => {
    if (step.step !== 'test' || step.result !== true) return
    const hit = step.compared?.find(({ key }) => key !== undefined)
    const { line, name, script } = step
    this.list.push({
      script,
      line,
      test: name,
      ...(hit === undefined ? {} : { value: cut(hit.value), key: cut(hit.key ?? '') }),
    })
    if (this.list.length > MAX_MATCHED) this.list.shift()
  }
}

/** Where a line is, as whoever wrote the script counts. */
function lineIn(
  script: FilterScript,
  line: number,
  where: string,
): { readonly line: number; readonly script?: string } {
  const included = includedAt(script, where)
  if (included !== undefined) return { line, script: included }
  const found = script.placeOf?.(line)
  if (found === undefined) return { line }
  return found.script === script.name ? { line: found.line } : { line: found.line, script: found.script }
}

/** One action as a line: its name, its first argument, where it stands. */
function describeAction(script: FilterScript, { kind, args: given, line, script: place }: Action): string {
  const args: Readonly<Record<string, unknown>> = Object(given)
  const named = ['mailbox', 'address', 'reason', 'tag', 'uri', 'text', 'tags'].map((key) => args[key]).find(Boolean)
  const text = named === undefined ? '' : ` ${JSON.stringify(cut(String(named)))}`
  const suppressed = typeof args['suppressed'] === 'string' ? ` (not sent: ${cut(args['suppressed'])})` : ''
  const at = lineIn(script, line, place)
  const where = at.script === undefined ? `:${at.line}` : `${at.script}:${at.line}`
  return `${kind}${args['copy'] === true ? ' :copy' : ''}${text}${suppressed} ${where}`
}

export function traceOf(
  script: FilterScript,
  recipient: string,
  effect: FilterEffect,
  run: { readonly result: SieveRunResult; readonly matched: readonly FilterMatch[] },
  by?: FilterPlace,
  more: readonly string[] = [],
): FilterTrace {
  const { result, matched } = run
  const actions = result.actions.slice(0, MAX_ACTIONS).map((action) => describeAction(script, action))
  const edits = result.headerEdits.length - (result.actions[0]?.message.headerEdits.length ?? 0)
  const notes = [
    ...more,
    ...(result.error === undefined
      ? []
      : [
          `${result.error.message} (${result.error.code}, line ${lineIn(script, result.error.line, result.error.script).line})`,
        ]),
    ...(result.cause === undefined ? [] : [result.cause]),
    ...(edits > 0 && result.actions.length === 0 ? ['changes the header'] : []),
    ...result.log
      .filter(({ severity }) => severity !== 'error')
      .map(({ message, line, script: place }) => `${message} (line ${lineIn(script, line, place).line})`),
  ]
  return {
    level: script.level,
    script: script.name,
    recipients: [recipient],
    effect,
    ...(by === undefined ? {} : { by }),
    ...(actions.length === 0 ? {} : { actions }),
    ...(matched.length === 0
      ? {}
      : {
          matched: matched.map(({ script: where = '', line, ...match }) => ({
            ...match,
            ...lineIn(script, line, where),
          })),
        }),
    ...(notes.length === 0 ? {} : { notes: notes.slice(0, MAX_NOTES).map(cut) }),
  }
}

/** As a step shows them: equal ones of several recipients become one. */
export function filtersShown(traces: readonly FilterTrace[]): {
  readonly filters?: readonly FilterTrace[]
  readonly filtersDropped?: number
} {
  if (traces.length < 2) return traces.length === 0 ? {} : { filters: traces }
  const folded = new Map<string, { first: FilterTrace; recipients: string[] }>()
  for (const trace of traces) {
    const { recipients, ...rest } = trace
    const key = JSON.stringify(rest)
    const same = folded.get(key)
    if (same === undefined) folded.set(key, { first: trace, recipients: [...recipients] })
    else same.recipients.push(...recipients)
  }
  const all = [...folded.values()].map(({ first, recipients }) => ({
    ...first,
    recipients: recipients.slice(0, MAX_RECIPIENTS),
    ...(recipients.length > MAX_RECIPIENTS ? { recipientsDropped: recipients.length - MAX_RECIPIENTS } : {}),
  }))
  const dropped = all.length - MAX_TRACES
  return { filters: all.slice(0, MAX_TRACES), ...(dropped > 0 ? { filtersDropped: dropped } : {}) }
}

export const placeOfAction = (script: FilterScript, { script: where, line, column }: Place): FilterPlace =>
  placeIn(script, { script: where, line, column })
