// SPDX-License-Identifier: Apache-2.0
/**
 * The ladder of a message for people: who, from, to; each moment a rung, each stage what it made of it and where that
 * stands written; what ended it with its source line and a caret; then deliveries and notifications. Times are UTC.
 */
import type { Fact } from '../ask/ask.ts'
import type { DecidedBy } from '../ask/decided-by.ts'
import type { Mappings } from '../mapping/index.ts'
import type {
  BirthRecord,
  DeliveryRecord,
  FloodRecord,
  Step,
  Trace,
  TraceRecord,
  WithheldRecord,
} from '../policy/trace.ts'
import { clean } from './clean.ts'
import { describeDecidedBy, ends, sourceOf } from './decided-by.ts'
import { filterLines } from './filter-lines.ts'
import { colours, type Paint, styleOf } from './paint.ts'
import { tableLines } from './table-lines.ts'

export { decidedBy, describeDecidedBy } from './decided-by.ts'

/** Recipients named in one line of a folded step. */
const MAX_NAMES = 5
/** Behind the rail, where a step's text begins. */
const INDENT = ' '.repeat(20)

export interface LadderOptions {
  readonly color: boolean
  /** The tables of the policy that decided: rows that nearly matched are shown then. */
  readonly mappings?: Mappings | undefined
}

/** @param records in order of time, as HistoryReader.get gives them */
export function renderLadder(records: readonly TraceRecord[], { color, mappings }: LadderOptions): string {
  const paint = colours(color)
  return records
    .map((record, i) => {
      // A dialogue begins a ladder; what came of it goes on with the same.
      const goesOn = record.record !== 'trace' && record.record !== 'flood'
      const between = i === 0 ? '' : goesOn ? '│\n' : '\n'
      return `${between}${renderRecord(record, paint, mappings).join('\n')}\n`
    })
    .join('')
}

function renderRecord(record: TraceRecord, paint: Paint, mappings: Mappings | undefined): readonly string[] {
  switch (record.record) {
    case 'trace':
      return renderTrace(record, paint, mappings)
    case 'delivery':
      return renderDelivery(record, paint)
    case 'birth':
      return renderBirth(record, paint)
    case 'withheld':
      return renderWithheld(record, paint)
    case 'flood':
      return renderFlood(record, paint)
    default:
      return record satisfies never
  }
}

function renderTrace(trace: Trace, paint: Paint, mappings: Mappings | undefined): readonly string[] {
  const { id, outcome, at, client, server, helo, tls, login, from, size, subject, messageIdField, cut } = trace
  const head = (title: string, text: string): string => `  ${title.padEnd(9)}${text}`
  const optional = (title: string, text: string | undefined): string[] =>
    text === undefined ? [] : [head(title, clean(text))]
  return [
    `${paint('bold', clean(id))}  ${paint(styleOf(outcome, 'bold'), outcome)}  ${time(at)}`,
    head('client', `[${clean(client.address)}]:${client.port}${helo === undefined ? '' : `  helo ${clean(helo)}`}`),
    ...optional('login', login),
    ...optional('tls', tls),
    head('server', `[${clean(server.address)}]:${server.port}  listener ${clean(trace.listener)}`),
    head('channel', clean(trace.source)),
    ...(from === undefined ? [] : [head('from', path(from))]),
    ...trace.recipients.flatMap(({ given, result, reply, becomes = [] }) => [
      head('to', `${path(given)}  ${paint(styleOf(result, 'bold'), result)}: ${clean(reply)}`),
      ...becomes.map(({ address, channel }) => head('', `→ ${path(address)} by ${clean(channel)}`)),
    ]),
    ...optional('subject', subject),
    ...optional('id field', messageIdField),
    ...(size === undefined ? [] : [head('size', `${size} octets`)]),
    head('policy', `revision ${clean(trace.revision)}`),
    ...renderSteps(trace.steps, paint, mappings),
    ...renderFacts(trace.facts, paint),
    ...(cut === undefined ? [] : [`  ${paint('yellow', `did not fit: ${cut.steps} steps, ${cut.facts} facts`)}`]),
  ]
}

function renderSteps(steps: readonly Step[], paint: Paint, mappings?: Mappings): readonly string[] {
  let moment = ''
  return steps.flatMap((step) => {
    const { at, ms, result, stage, recipients, note, reply, by, tables = [] } = step
    const rung = at === moment ? [] : [paint('bold', `├─ ${clean(at)}`)]
    moment = at
    const head = `│ ${String(ms).padStart(7)} ms ${paint(styleOf(result, 'dim'), result.padEnd(8))}${clean(stage)}`
    const line = (text: string): string => `│${INDENT}${text}`
    return [
      ...rung,
      `${head}${recipients === undefined ? '' : `  ${names(recipients)}`}`,
      ...(note === undefined ? [] : [line(clean(note))]),
      line(paint('dim', `by ${describeDecidedBy(by)}`)),
      // A table shows the line itself.
      ...(ends(step) && tables.length === 0 ? renderSource(by, paint).map(line) : []),
      ...tables.flatMap((asked) => tableLines(asked, paint, mappings)).map(line),
      ...filterLines(step, paint).map(line),
      ...(reply === undefined ? [] : [line(`reply ${clean(reply)}`)]),
    ]
  })
}

/** The line that decided, with a caret below its column. */
function renderSource(by: DecidedBy, paint: Paint): readonly string[] {
  const at = sourceOf(by)
  if (at === undefined) return []
  // Control characters keep their place, so that the caret keeps its.
  const text = clean(at.text.replaceAll('\t', ' '))
  const margin = String(at.line)
  const column = Math.max(0, Math.min(at.column - 1, text.length))
  return [`${margin} ┆ ${text}`, `${' '.repeat(margin.length)} ┆ ${' '.repeat(column)}${paint('red', '^')}`]
}

function renderFacts(facts: readonly Fact[], paint: Paint): readonly string[] {
  const worth = facts.filter(({ question }) => question.ask !== 'now' && question.ask !== 'random')
  if (worth.length === 0) return []
  return [
    paint('bold', '├─ asked'),
    ...[...folded(worth.map(renderFact))].map(([line, times]) => `│ ${line}${times === 1 ? '' : `  ×${times}`}`),
  ]
}

function renderFact({ question, answer }: Fact): string {
  const { ask, ...about } = question
  const asked = Object.values(about).map((value) => (typeof value === 'string' ? value : JSON.stringify(value)))
  const told = answer === undefined ? '(not kept)' : JSON.stringify(answer)
  return `${clean(`${ask} ${asked.join(' ')}`.trimEnd(), 100)} → ${clean(told, 160)}`
}

/** Equal lines once, where they first stood, with their number. */
function folded(lines: readonly string[]): ReadonlyMap<string, number> {
  const times = new Map<string, number>()
  for (const line of lines) times.set(line, (times.get(line) ?? 0) + 1)
  return times
}

function renderDelivery(record: DeliveryRecord, paint: Paint): readonly string[] {
  const { channel, recipients, at, by, steps = [], durationMs, notice } = record
  return [
    `${paint('bold', '├─ delivery')}  ${time(at)}  channel ${clean(channel)}  took ${Math.round(durationMs)} ms`,
    ...recipients.flatMap(({ address, result, status, detail, nextAt, by: own }) => [
      `│ ${paint(styleOf(result, 'bold'), clean(result).padEnd(11))} ${path(address)}`,
      // A remote reply says its status itself.
      `│             ${status === undefined || detail.includes(status) ? '' : `${clean(status)} `}${clean(detail)}`,
      ...(nextAt === undefined ? [] : [`│             next attempt ${time(nextAt)}`]),
      ...(own === undefined ? [] : [`│             ${paint('dim', `by ${describeDecidedBy(own)}`)}`]),
    ]),
    `│             ${paint('dim', `by ${describeDecidedBy(by)}`)}`,
    ...renderSource(by, paint).map((text) => `│             ${text}`),
    ...(notice === undefined ? [] : [`│             notification ${clean(notice)}`]),
    ...renderSteps(steps, paint),
  ]
}

function renderBirth({ id, about, at, why, recipients, steps }: BirthRecord, paint: Paint): readonly string[] {
  return [
    `${paint('bold', '├─ notification')}  ${time(at)}  ${clean(id)}: ${why} of ${clean(about)}`,
    ...recipients.map(({ address, channel }) => `│ to ${path(address)} by ${clean(channel)}`),
    ...renderSteps(steps, paint),
  ]
}

const renderWithheld = ({ at, why, to, reason, by }: WithheldRecord, paint: Paint): readonly string[] => [
  `${paint('bold', '├─ not sent')}  ${time(at)}  ${why}  ${names(to)}`,
  `│             ${clean(reason)}`,
  `│             ${paint('dim', `by ${describeDecidedBy(by)}`)}`,
]

const renderFlood = ({ at, address, of, count, reply, by }: FloodRecord, paint: Paint): readonly string[] => [
  `${paint('red', 'refused')}  ${time(at)}  [${clean(address)}]: ${count} more ${of ?? 'connections'}  ${clean(reply)}`,
  `         ${paint('dim', `by ${describeDecidedBy(by)}`)}`,
]

const path = (address: string): string => `<${clean(address)}>`

const names = (given: readonly string[]): string => {
  const more = given.length - MAX_NAMES
  return `${given.slice(0, MAX_NAMES).map(path).join(' ')}${more > 0 ? ` and ${more} more` : ''}`
}

const time = (ms: number): string => {
  const date = new Date(ms)
  return Number.isNaN(date.getTime()) ? 'at no time' : date.toISOString().replace('T', ' ')
}
