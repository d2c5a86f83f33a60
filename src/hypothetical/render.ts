// SPDX-License-Identifier: Apache-2.0
/** A hypothetical session for people: what is said, the ladder of its traces, what would have been done. */
import { clean } from '../history/clean.ts'
import { renderLadder } from '../history/history.ts'
import { colours, type Paint, styleOf } from '../history/paint.ts'
import { tableLines } from '../history/table-lines.ts'
import type { MappingResult, Mappings } from '../mapping/index.ts'
import type { Step, TableTrace } from '../policy/trace.ts'
import type { Effect, Exchange, Hypothesis } from './hypothesis.ts'

export function renderHypothesis(
  { verdict, recipients, exchanges, traces, effects, hold }: Hypothesis,
  options: { readonly color: boolean; readonly mappings?: Mappings | undefined },
): string {
  const paint = colours(options.color)
  const lines = [
    `${paint(styleOf(verdict, 'bold'), verdict)}${hold === undefined ? '' : `: ${clean(hold)}`}`,
    ...recipients.flatMap((each) => [
      `  ${paint(styleOf(each.verdict, 'bold'), each.verdict.padEnd(9))} <${clean(each.to)}>  ${clean(each.reply ?? 'closed without a reply')}`,
      ...(each.becomes ?? []).flatMap(({ address, filtered }) =>
        filtered === undefined ? [] : [`            filters for <${clean(address)}>: ${clean(filtered, 300)}`],
      ),
    ]),
    '',
    paint('bold', 'the dialogue'),
    ...exchanges.flatMap((exchange) => [
      ...dialogueLines(exchange),
      ...(exchange.otherTables ?? []).flatMap((step) => otherTable(step, paint, options.mappings)),
    ]),
    '',
    renderLadder(traces, options).trimEnd(),
    ...(effects.length === 0 ? [] : ['', paint('bold', 'would be done'), ...effects.map(effectLine)]),
  ]
  return lines.join('\n')
}

/** What one table says to one probe. */
export const renderProbe = (
  result: MappingResult,
  { color, mappings }: { readonly color: boolean; readonly mappings: Mappings },
): string => tableLines(wholeTrace(result), colours(color), mappings).join('\n')

/** Nothing is cut: whoever asks one table wants to see all of it. */
function wholeTrace(result: MappingResult): TableTrace {
  const { table, probe, input, steps, unanswered } = result
  const common = { table, probe, steps, unanswered, ...(input === '' ? {} : { input }) }
  if (result.kind === 'deferred') return { ...common, deferred: result.cause }
  const { matched, failed, output, flags } = result
  return { ...common, matched, ...(failed ? { failed } : {}), ...(matched ? { output, flags } : {}) }
}

function dialogueLines({ step, said, replies, closes }: Exchange): readonly string[] {
  const client = said ?? (step === 'content' ? '(the message)' : undefined)
  return [
    ...(client === undefined ? [] : [`  C: ${clean(client)}`]),
    ...replies.map((reply) => `  S: ${clean(reply, 300)}`),
    ...(closes === true ? ['  S: (closes)'] : []),
  ]
}

/** In brackets: it was not asked, for the recipient had been refused before. */
function otherTable(step: Omit<Step, 'ms'>, paint: Paint, mappings: Mappings | undefined): readonly string[] {
  const lines = [
    `${clean(step.stage)} would ${WOULD[step.result]}${step.reply === undefined ? '' : ` with ${clean(step.reply)}`}`,
    ...(step.tables ?? []).flatMap((asked) => tableLines(asked, paint, mappings)).map((line) => `  ${line}`),
  ]
  return lines.map((line, i) => `     ${i === 0 ? '[' : ' '}${line}${i === lines.length - 1 ? ']' : ''}`)
}

const WOULD: Readonly<Record<Step['result'], string>> = {
  pass: 'have let it pass',
  change: 'have let it pass',
  refuse: 'have refused it too',
  defer: 'have said "try later"',
  hold: 'have held it',
  discard: 'have thrown it away',
}

function effectLine(effect: Effect): string {
  switch (effect.effect) {
    case 'wait':
      return `  wait ${effect.ms} ms`
    case 'note':
      return `  log (${effect.note.kind}) ${clean(effect.note.text)}  by ${clean(effect.note.by)}`
    case 'sequence':
      return `  number of ${clean(effect.file)}: ${effect.answer}`
    case 'call':
      return `  call ${clean(effect.routine)},${clean(effect.argument)}: ${clean(effect.answer)}`
    default:
      return effect satisfies never
  }
}
