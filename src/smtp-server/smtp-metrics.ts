// SPDX-License-Identifier: Apache-2.0
/** What the SMTP server counts. Label values come from closed sets: a verb no table knows is `other`. */
import type { Metrics } from '../monitor/metrics.ts'
import { isVerb } from './commands/table.ts'

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

export function smtpMetrics(metrics: Metrics): SmtpMetrics {
  const connections = metrics.counter('postern_smtp_connections_total', 'Connections taken', ['service'])
  const replies = metrics.counter('postern_smtp_replies_total', 'Replies by class', ['class'])
  const commands = metrics.histogram('postern_smtp_command_seconds', 'Time from a command to its reply', ['verb'])
  const outcomes = metrics.counter('postern_smtp_transactions_total', 'Transactions and refused connections', [
    'outcome',
  ])
  const early = metrics.counter('postern_smtp_early_talkers_total', 'Clients that spoke before the greeting')
  const injected = metrics.counter('postern_smtp_starttls_injections_total', 'Sessions with octets behind STARTTLS')
  const faults = metrics.counter('postern_smtp_faults_total', 'Sessions ended by an internal error')
  return {
    connection: (service) => connections({ service }),
    reply: (code) => replies({ class: `${Math.trunc(code / 100)}xx` }),
    command: (verb, seconds) => commands(seconds, { verb: isVerb(verb) ? verb : verb === 'content' ? verb : 'other' }),
    outcome: (outcome) => outcomes({ outcome }),
    earlyTalker: () => early(),
    injected: () => injected(),
    fault: () => faults(),
  }
}
