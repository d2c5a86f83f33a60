// SPDX-License-Identifier: Apache-2.0
/** A record of the history on one line, for `tail` and `track`. */
import type { TraceRecord } from '../policy/trace.ts'
import { clean, humanTime, paint, plural, type Style } from './output.ts'

/** What followers see: records, and how many were dropped because they read too slowly. */
export type TailEvent = TraceRecord | { readonly record: 'dropped'; readonly count: number }

const STYLES: Readonly<Record<string, Style>> = {
  queued: 'green',
  delivered: 'green',
  relayed: 'green',
  held: 'yellow',
  deferred: 'yellow',
  refused: 'red',
  failed: 'red',
  bounced: 'red',
}

export function traceLine(event: TailEvent, color: boolean): string {
  const outcome = (word: string): string =>
    paint(color, Object.hasOwn(STYLES, word) ? (STYLES[word] ?? 'dim') : 'dim', word)
  switch (event.record) {
    case 'dropped':
      return `… ${plural(event.count, 'record')} left out: this terminal reads too slowly`
    case 'trace': {
      const from = event.from === undefined ? '' : ` from ${event.from === '' ? '<>' : clean(event.from, 80)}`
      const to = event.recipients.length === 0 ? '' : ` to ${names(event.recipients.map((r) => r.given))}`
      const why = event.outcome === 'queued' ? '' : reason(event)
      return `${humanTime(event.at)} ${clean(event.id)} ${outcome(event.outcome)} [${clean(event.client.address)}]${from}${to}${why}`
    }
    case 'delivery': {
      const results = event.recipients.map(
        (r) => `${clean(r.address, 80)} ${outcome(clean(r.result, 20))}: ${clean(r.detail, 120)}`,
      )
      return results
        .map((text) => `${humanTime(event.at)} ${clean(event.id)} ${clean(event.channel)}: ${text}`)
        .join('\n')
    }
    case 'birth':
      return `${humanTime(event.at)} ${clean(event.id)} ${event.why} notification about ${clean(event.about)} to ${names(event.recipients.map((r) => r.address))}`
    case 'withheld':
      return `${humanTime(event.at)} ${clean(event.id)} ${event.why} not sent to ${names(event.to)}: ${clean(event.reason, 160)}`
    case 'flood':
      return `${humanTime(event.at)} [${clean(event.address)}] ${outcome('refused')} ${plural(event.count, event.of === undefined ? 'more connection' : 'more transaction')}: ${clean(event.reply, 120)}`
    default:
      event satisfies never
      return ''
  }
}

const names = (addresses: readonly string[]): string => {
  const shown = addresses.slice(0, 3).map((address) => clean(address, 80))
  return shown.join(', ') + (addresses.length > 3 ? ` and ${addresses.length - 3} more` : '')
}

function reason(trace: Extract<TraceRecord, { record: 'trace' }>): string {
  const last = trace.steps.findLast((step) => step.result !== 'pass' && step.result !== 'change')
  const text = last?.reply ?? last?.note ?? trace.recipients.find((r) => r.result !== 'accepted')?.reply
  return text === undefined ? '' : `: ${clean(text, 160)}`
}
