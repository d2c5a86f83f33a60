// SPDX-License-Identifier: Apache-2.0
/** What may be searched for, and whether what is known of one message fits. */
import type { TraceRecord } from '../policy/trace.ts'
import { domainOf, summarise } from './summary.ts'

/** All given conditions must hold; capitals do not count. */
export interface TrackQuery {
  /** Part of an id, an address, a client address, a HELO, a login, a subject or a Message-ID. */
  readonly text?: string
  /** Part of the sender's address; `@example.org` for just that domain. `''`: the null sender. */
  readonly from?: string
  /** Likewise, of a recipient. */
  readonly to?: string
  /** Address of the client, exactly. */
  readonly client?: string
  /** Wall-clock milliseconds, inclusive. */
  readonly since?: number
  readonly until?: number
  /** Of the dialogue (`refused`, `queued`, …) or of a recipient (`relayed`, `deferred`, `failed`, …). */
  readonly outcome?: string
  readonly limit?: number
}

/** What is known of one message, connection or sum, from its records in order of time. */
export interface TrackRow {
  readonly id: string
  readonly at: number
  readonly lastAt: number
  readonly outcome?: string
  readonly from?: string
  readonly client?: string
  readonly subject?: string
  /** The latest result of each address. */
  readonly recipients: readonly { readonly address: string; readonly result: string }[]
  readonly records: readonly TraceRecord[]
}

export const DEFAULT_LIMIT = 100
export const MAX_LIMIT = 1000

export function rowOf(id: string, records: readonly TraceRecord[]): TrackRow | undefined {
  const [first] = records
  if (first === undefined) return undefined
  const results = new Map<string, string>()
  let row: Omit<TrackRow, 'recipients' | 'records'> = { id, at: first.at, lastAt: first.at }
  for (const record of records) {
    const { at, outcome, sender, client, recipients } = summarise(record)
    for (const { address, result } of recipients) results.set(address, result)
    row = {
      ...row,
      lastAt: Math.max(at, row.lastAt),
      ...(outcome === undefined ? {} : { outcome }),
      ...(sender === undefined ? {} : { from: sender }),
      ...(client === undefined ? {} : { client }),
      ...(record.record === 'trace' && record.subject !== undefined ? { subject: record.subject } : {}),
    }
  }
  return { ...row, recipients: [...results].map(([address, result]) => ({ address, result })), records }
}

export function fits(row: TrackRow, query: TrackQuery): boolean {
  const { text, from, to, client, since = 0, until = Number.POSITIVE_INFINITY, outcome } = query
  const summaries = row.records.map(summarise)
  const has = (wanted: string | undefined, texts: readonly (string | undefined)[]): boolean =>
    wanted === undefined || texts.some((one) => one?.includes(wanted.toLowerCase()) === true)
  return (
    row.at >= since &&
    row.at <= until &&
    (from === undefined || fitsAddress(row.from, from)) &&
    (to === undefined || row.recipients.some(({ address }) => fitsAddress(address, to))) &&
    (client === undefined || row.client === client.toLowerCase()) &&
    (outcome === undefined || row.outcome === outcome || row.recipients.some(({ result }) => result === outcome)) &&
    has(text, [
      row.id.toLowerCase(),
      row.from,
      row.client,
      ...row.recipients.map(({ address }) => address),
      ...summaries.flatMap(({ words }) => words),
    ])
  )
}

/** `example.org` of `@example.org`. */
export const wholeDomain = (text: string): string | undefined =>
  text.startsWith('@') ? domainOf(text.toLowerCase()) : undefined

function fitsAddress(address: string | undefined, wanted: string): boolean {
  if (address === undefined) return false
  if (wanted === '') return address === ''
  const domain = wholeDomain(wanted)
  return domain === undefined ? address.includes(wanted.toLowerCase()) : domainOf(address) === domain
}
