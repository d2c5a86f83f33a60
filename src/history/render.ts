// SPDX-License-Identifier: Apache-2.0
/**
 * The ladder of a message for people: each moment a rung, each stage a line with what it decided and where that stands
 * written. A refusal shows its source line with a caret.
 */
import { styleText } from 'node:util'
import type { Fact } from '../ask/ask.ts'
import type { DecidedBy, SourceRef } from '../ask/decided-by.ts'
import type { BirthRecord, DeliveryRecord, FloodRecord, Step, Trace, TraceRecord } from '../policy/trace.ts'

type Colour = 'red' | 'green' | 'yellow' | 'bold' | 'dim'
type Paint = (colour: Colour, text: string) => string

const COLOUR_OF: Readonly<Record<Step['result'], Colour>> = {
  pass: 'dim',
  change: 'green',
  refuse: 'red',
  defer: 'yellow',
  hold: 'yellow',
  discard: 'red',
}

/** One line: `postern.yaml:12:5 channels.tcp_local.relay`. */
export function describeDecidedBy(by: DecidedBy): string {
  switch (by.by) {
    case 'config':
      return `${place(by.at)} ${by.setting}`
    case 'default':
      return `default ${by.setting}: ${by.value}`
    case 'directory':
      return by.at === undefined ? `directory: ${by.entry}` : `${place(by.at)} ${by.entry}`
    case 'protocol':
      return by.rule
    case 'built-in':
      return by.at === undefined ? `built in: ${by.rule}` : `${place(by.at)} ${by.rule}`
    case 'remote':
      return `${by.host} said: ${clean(by.reply)}`
    case 'operator':
      return `operator: ${by.command}`
    default:
      return by satisfies never
  }
}

const place = ({ file, line, column }: SourceRef): string => `${file}:${line}:${column}`

export function renderLadder(records: readonly TraceRecord[], { color }: { readonly color: boolean }): string {
  const paint: Paint = (colour, text) => (color ? styleText(colour, text, { validateStream: false }) : text)
  return `${records.map((record) => renderRecord(record, paint)).join('\n\n')}\n`
}

function renderRecord(record: TraceRecord, paint: Paint): string {
  switch (record.record) {
    case 'trace':
      return renderTrace(record, paint)
    case 'delivery':
      return renderDelivery(record, paint)
    case 'birth':
      return renderBirth(record, paint)
    case 'flood':
      return renderFlood(record)
    default:
      return record satisfies never
  }
}

function renderTrace(trace: Trace, paint: Paint): string {
  const { client, server, helo, tls, login } = trace
  const lines = [
    `${paint('bold', trace.id)}  ${trace.outcome}  ${time(trace.at)}  revision ${trace.revision}`,
    `  from     ${trace.from === undefined ? '(no sender given)' : `<${clean(trace.from)}>`}`,
    ...trace.recipients.map(({ given, result, reply, becomes }) => {
      const where = (becomes ?? []).map((one) => `${clean(one.address)} [${one.channel}]`).join(', ')
      return `  to       <${clean(given)}> ${result}${where === '' ? '' : ` → ${where}`}${result === 'accepted' ? '' : `: ${clean(reply)}`}`
    }),
    `  client   ${client.address}:${client.port} → ${trace.listener} ${server.address}:${server.port}${helo === undefined ? '' : `, ${clean(helo)}`}${tls === undefined ? '' : `, ${tls}`}${login === undefined ? '' : `, signed in as ${clean(login)}`}`,
    `  channel  ${trace.source}${trace.size === undefined ? '' : `, ${trace.size} octets`}${trace.subject === undefined ? '' : `, subject ${JSON.stringify(clean(trace.subject))}`}`,
    ...renderSteps(trace.steps, paint),
    ...renderFacts(trace.facts, paint),
  ]
  if (trace.cut !== undefined) lines.push(`  (cut: ${trace.cut.steps} steps and ${trace.cut.facts} facts did not fit)`)
  return lines.join('\n')
}

function renderSteps(steps: readonly Step[], paint: Paint): string[] {
  let moment = ''
  return steps.flatMap((step) => {
    const rung = step.at === moment ? [] : [`  ${paint('bold', step.at)}`]
    moment = step.at
    const whom =
      step.recipients === undefined ? '' : ` ${step.recipients.map((given) => `<${clean(given)}>`).join(' ')}`
    const note = step.note === undefined ? '' : ` — ${clean(step.note)}`
    const head = `    ${String(step.ms).padStart(5)} ms  ${paint(COLOUR_OF[step.result], step.result.padEnd(7))} ${step.stage}${whom}${note}`
    const by = `                       by ${describeDecidedBy(step.by)}`
    const decided = step.result !== 'pass' && step.result !== 'change'
    return [
      ...rung,
      head,
      by,
      ...(decided ? frame(step.by) : []),
      ...(step.reply === undefined ? [] : [`                       reply ${clean(step.reply)}`]),
    ]
  })
}

/** The line that decided, with a caret below its column. */
function frame(by: DecidedBy): string[] {
  if (!('at' in by) || by.at === undefined) return []
  const { text, line, column } = by.at
  const gutter = `${String(line).padStart(24)} | `
  return [`${gutter}${clean(text)}`, `${' '.repeat(25)}| ${' '.repeat(Math.max(0, Math.min(column - 1, 200)))}^`]
}

function renderFacts(facts: readonly Fact[], paint: Paint): string[] {
  const worth = facts.filter((fact) => fact.question.ask !== 'now')
  if (worth.length === 0) return []
  return [
    `  ${paint('bold', 'asked')}`,
    ...worth.map(
      ({ question, answer }) =>
        `    ${clean(JSON.stringify(question)).slice(0, 120)} → ${clean(JSON.stringify(answer) ?? '(not kept)').slice(0, 160)}`,
    ),
  ]
}

function renderDelivery(record: DeliveryRecord, paint: Paint): string {
  const head = `  ${paint('bold', 'delivery')}  ${time(record.at)}  channel ${record.channel}, ${Math.round(record.durationMs)} ms`
  const rows = record.recipients.map(({ address, result, status, detail, nextAt }) => {
    const bad = result === 'failed' || result === 'deferred'
    const next = nextAt === undefined ? '' : `, next attempt ${time(nextAt)}`
    return `    ${paint(bad ? 'yellow' : 'green', result.padEnd(9))} <${clean(address)}>${status === undefined ? '' : ` ${status}`} ${clean(detail)}${next}`
  })
  return [
    head,
    ...rows,
    `              by ${describeDecidedBy(record.by)}`,
    ...(record.notice === undefined ? [] : [`              notice ${record.notice}`]),
  ].join('\n')
}

function renderBirth(record: BirthRecord, paint: Paint): string {
  const to = record.recipients.map(({ address, channel }) => `<${clean(address)}> [${channel}]`).join(', ')
  return [
    `  ${paint('bold', 'notice')}    ${time(record.at)}  ${record.id} (${record.why}) about ${record.about} → ${to}`,
    ...renderSteps(record.steps, paint),
  ].join('\n')
}

const renderFlood = (record: FloodRecord): string =>
  `  ${time(record.at)}  ${record.address}: ${record.count} more refused: ${clean(record.reply)}\n              by ${describeDecidedBy(record.by)}`

const time = (ms: number): string => new Date(ms).toISOString().replace('T', ' ').slice(0, 19)

/** Strangers chose much of this; none of it may drive a terminal. */
const clean = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?').slice(0, 400)
