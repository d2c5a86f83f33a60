// SPDX-License-Identifier: Apache-2.0
/** The `Received:` field, RFC 5321 §4.4, with the protocol keywords of RFC 3848 and RFC 6531 §4.3. */
import { field, formatDate } from '../mime/fields.ts'

export interface ReceivedValues {
  /** As the client said it; may be empty. */
  readonly helo: string
  readonly clientAddress: string
  readonly hostname: string
  readonly protocol: string
  readonly id: string
  readonly atMs: number
  readonly offsetMinutes: number
  readonly tls?: { readonly version: string; readonly cipher: string }
  /** Only where the message has one recipient. */
  readonly for?: string
}

/** Complete lines, CRLF at their ends. */
export function receivedField(values: ReceivedValues): string {
  const { helo, clientAddress, hostname, protocol, id, atMs, offsetMinutes, tls } = values
  // TCP-info in a comment (RFC 5321 §4.4); an IPv6 address carries its tag.
  const literal = clientAddress.includes(':') ? `[IPv6:${clientAddress}]` : `[${clientAddress}]`
  const secure = tls === undefined ? '' : ` (${token(tls.version)} ${token(tls.cipher)})`
  const recipient = values.for === undefined ? '' : ` for <${visible(values.for)}>`
  const from = `from ${token(helo) === '' ? literal : token(helo)} (${literal})`
  return field(
    'Received',
    `${from} by ${hostname} with ${protocol}${secure} id ${id}${recipient}; ${formatDate(atMs, offsetMinutes)}`,
  )
}

/** RFC 3848: ESMTP, with S under TLS and A after sign-in; UTF8SMTP… and UTF8LMTP… by RFC 6531 §4.3. */
export function protocolKeyword(session: {
  readonly service: 'smtp' | 'lmtp'
  readonly esmtp: boolean
  readonly tls: boolean
  readonly auth: boolean
  readonly smtputf8: boolean
}): string {
  const suffix = `${session.tls ? 'S' : ''}${session.auth ? 'A' : ''}`
  if (session.service === 'lmtp') return `${session.smtputf8 ? 'UTF8' : ''}LMTP${suffix}`
  if (session.smtputf8) return `UTF8SMTP${suffix}`
  return session.esmtp ? `ESMTP${suffix}` : 'SMTP'
}

/** What a stranger chose, made harmless: no blanks, brackets, comments, quotes or controls. */
const token = (text: string): string => text.replace(/[^A-Za-z0-9.:_\-[\]\u00a0-\u{10ffff}]/gu, '').slice(0, 255)
const visible = (text: string): string => text.replace(/[\u0000-\u0020\u007f<>()]/g, '?').slice(0, 320)
