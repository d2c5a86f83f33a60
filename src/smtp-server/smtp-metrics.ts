// SPDX-License-Identifier: Apache-2.0
/** What the SMTP server counts. Label values come from closed sets: a verb no table knows is `other`. */
import type { Metrics } from '../monitor/metrics.ts'
import { COMMANDS } from './commands/table.ts'

export interface SmtpMetrics {
  readonly connection: (service: string) => void
  readonly reply: (code: number) => void
  readonly command: (verb: string, seconds: number) => void
  readonly outcome: (outcome: string) => void
  readonly earlyTalker: () => void
  readonly injected: () => void
  /** A bug of ours ended a session. Tests fail when this is not 0. */
  readonly fault: () => void
}

/** Of a reply's code. */
const CLASSES = 10

export function smtpMetrics(metrics: Metrics): SmtpMetrics {
  const connections = metrics.counters('postern_smtp_connections_total', 'Connections taken', ['service'])
  const replies = metrics.counters('postern_smtp_replies_total', 'Replies by class', ['class'])
  const commands = metrics.histograms('postern_smtp_command_seconds', 'Time from a command to its reply', ['verb'])
  const outcomes = metrics.counters('postern_smtp_transactions_total', 'Transactions and refused connections', [
    'outcome',
  ])
  const early = metrics.counter('postern_smtp_early_talkers_total', 'Clients that spoke before the greeting')
  const injected = metrics.counter('postern_smtp_starttls_injections_total', 'Sessions with octets behind STARTTLS')
  const faults = metrics.counter('postern_smtp_faults_total', 'Sessions ended by an internal error')
  const byClass = Array.from({ length: CLASSES }, (_, digit) => replies.with({ class: `${digit}xx` }))
  const byVerb = new Map([...Object.keys(COMMANDS), 'content'].map((verb) => [verb, commands.with({ verb })]))
  const other = commands.with({ verb: 'other' })
  return {
    connection: (service) => connections.with({ service }).add(),
    reply: (code) => byClass[Math.trunc(code / 100)]?.add(),
    command: (verb, seconds) => (byVerb.get(verb) ?? other).observe(seconds),
    outcome: (outcome) => outcomes.with({ outcome }).add(),
    earlyTalker: () => early.add(),
    injected: () => injected.add(),
    fault: () => faults.add(),
  }
}
