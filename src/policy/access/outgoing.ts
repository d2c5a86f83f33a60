// SPDX-License-Identifier: Apache-2.0
/**
 * The two tables that are asked about mail on its way out: IP_ACCESS before each connection to a next hop, and
 * DEQUEUE_ACCESS as a delivery begins. Spec access-control.md 10. Pure.
 */
import { normaliseIp } from '../../address/network.ts'
import type { Asking } from '../../ask/ask.ts'
import type { DecidedBy } from '../../ask/decided-by.ts'
import type { Revision } from '../../config/revision.ts'
import type { ChannelName } from '../../envelope/channel-name.ts'
import type { Envelope } from '../../envelope/envelope.ts'
import type { TableTrace } from '../trace.ts'
import { askTable } from './ask-table.ts'
import { onOneLine } from './flags.ts'
import { DEQUEUE_BACKOFF_MS, PRIORITY } from './unsure.ts'

/** A connection about to be made. */
export interface ConnectionAttempt {
  /** The channel that delivers. */
  readonly channel: ChannelName
  /** Which of the addresses this is, from 1, and how many there are. */
  readonly current: number
  readonly count: number
  readonly address: string
  readonly hostname: string
}

export type IpVerdict = { readonly by: DecidedBy; readonly table: TableTrace } & (
  | { readonly do: 'connect' /** Another address than the one asked about. */; readonly address?: string }
  /** Not this one; the next may be fine. */
  | { readonly do: 'skip' }
  /** The message fails. `text` is for the log alone. */
  | { readonly do: 'fail'; readonly text: string }
  | { readonly do: 'defer'; readonly cause: string }
)

/** `undefined`: there is no such table. */
export function* ipAccess(revision: Revision, attempt: ConnectionAttempt): Asking<IpVerdict | undefined> {
  const { channel, current, count, address, hostname } = attempt
  const probe = `${channel}|${current}|${count}|${address}|${unbarred(revision, hostname)}`
  const answer = yield* askTable(revision, 'IP_ACCESS', probe, '')
  if (answer === undefined) return undefined
  const { by, trace: table } = answer
  if (answer.kind === 'deferred') return { do: 'defer', cause: answer.cause, by, table }
  const { matched, failed, output, flags } = answer.result
  if (!matched || failed) return { do: 'connect', by, table }
  if (flags.includes('N')) return { do: 'fail', text: onOneLine(output), by, table }
  if (flags.includes('I')) return { do: 'skip', by, table }
  if (!flags.includes('A')) return { do: 'connect', by, table }
  const instead = normaliseIp(output.trim())
  return instead === undefined
    ? {
        do: 'connect',
        by,
        table: { ...table, warnings: [`$A: ${JSON.stringify(output.slice(0, 100))} is no address`] },
      }
    : { do: 'connect', address: instead, by, table }
}

/** A delivery about to begin. */
export interface Dequeueing {
  readonly channel: ChannelName
  readonly envelope: Envelope
  /** Of the recipients, in lower case. */
  readonly domain: string
  /** -1 where nobody knows. */
  readonly queuedSeconds: number
}

/** The attempt is not made now, and does not count. */
export interface PutOff {
  readonly againInMs: number
  readonly why: string
  readonly by: DecidedBy
  readonly table: TableTrace
}

/** `undefined`: the delivery goes on. */
export function* dequeueAccess(revision: Revision, dequeueing: Dequeueing): Asking<PutOff | undefined> {
  const { channel, envelope, domain, queuedSeconds } = dequeueing
  const { id, reversePath, origin } = envelope
  const probe = [
    channel,
    id,
    Math.trunc(queuedSeconds),
    unbarred(revision, reversePath ?? ''),
    '', // RFC 4954 §5: AUTH= of MAIL FROM is read and never believed
    unbarred(revision, origin.login ?? ''),
    PRIORITY,
    unbarred(revision, domain),
  ].join('|')
  const answer = yield* askTable(revision, 'DEQUEUE_ACCESS', probe, '')
  if (answer === undefined) return undefined
  const { by, trace: table } = answer
  if (answer.kind === 'deferred') return { againInMs: DEQUEUE_BACKOFF_MS, why: answer.cause, by, table }
  const { matched, failed, output, flags } = answer.result
  if (!matched || failed || !flags.includes('N')) return undefined
  const text = output.trim()
  if (!flags.includes('S')) return { againInMs: DEQUEUE_BACKOFF_MS, why: onOneLine(text), by, table }
  if (/^\d{1,7}$/.test(text))
    return { againInMs: Math.max(1, Number(text)) * 1000, why: `back off ${text} s`, by, table }
  const warnings = [`$S: ${JSON.stringify(text.slice(0, 100))} is no number of seconds`]
  return { againInMs: DEQUEUE_BACKOFF_MS, why: '', by, table: { ...table, warnings } }
}

/** MAPPING_PARANOIA: a bar in what others chose is another character. */
function unbarred({ config }: Revision, text: string): string {
  const { paranoia } = config.access
  return paranoia === 0 ? text : text.replaceAll('|', String.fromCharCode(paranoia))
}
