// SPDX-License-Identifier: Apache-2.0
/** The `Received:` field, RFC 5321 §4.4, with the protocol keywords of RFC 3848 and RFC 6531 §4.3. */
import { normaliseIp } from '../address/network.ts'
import { asciiDomain, isAscii, parseAddress, parseDomain } from '../address/path.ts'
import { field, formatDate } from '../mime/fields.ts'

export interface ReceivedValues {
  /** As the client said it; may be empty. */
  readonly helo: string
  readonly clientAddress: string
  /** In reverse DNS; absent where it has none or nobody asked. */
  readonly clientName?: string | undefined
  /** The name stands alone, where there is one. */
  readonly addressHidden?: boolean
  readonly hostname: string
  readonly protocol: string
  readonly id: string
  readonly atMs: number
  readonly offsetMinutes: number
  readonly tls?: { readonly version: string; readonly cipher: string } | undefined
  /** Only where the message has one recipient. */
  readonly for?: string | undefined
}

/** Complete lines, CRLF at their ends. */
export function receivedField(values: ReceivedValues): string {
  const { hostname, protocol, id, atMs, offsetMinutes, tls } = values
  // RFC 6531 §3.7.3: only where SMTPUTF8 was asked for may the field hold more than ASCII.
  const utf8 = protocol.startsWith('UTF8')
  const secure = tls === undefined ? '' : ` (${token(tls.version)} ${token(tls.cipher)})`
  const by = `by ${token(hostname)} with ${token(protocol)}${secure} id ${token(id)}`
  return field(
    'Received',
    `${fromClause(values, utf8)} ${by}${forClause(values.for, utf8)}; ${formatDate(atMs, offsetMinutes)}`,
  )
}

/** Extended-Domain: what the client called itself, and where it really was, in a comment (TCP-info). */
function fromClause(values: ReceivedValues, utf8: boolean): string {
  const { helo, clientAddress, clientName = '', addressHidden = false } = values
  const address = normaliseIp(clientAddress) ?? token(clientAddress)
  const literal = address.includes(':') ? `[IPv6:${address}]` : `[${address}]`
  const called = clientName === '' ? '' : clientName.replace(/[^A-Za-z0-9._*-]/g, '').slice(0, 256)
  const info = called === '' ? literal : addressHidden ? called : `${called} ${literal}`
  const name = parseDomain(helo)
  const shown = name === undefined || utf8 ? name : asciiDomain(name)
  if (shown !== undefined) return `from ${shown} (${info})`
  // A name that is none stands where it can do no harm.
  const claimed = token(helo)
  const first = addressHidden && called !== '' ? called.replace('*', '') : literal
  return `from ${first} (${claimed === '' ? '' : `helo=${claimed} `}${info})`
}

/** Left out when the address would need quoting in the header, or UTF-8 that it may not hold. */
function forClause(address: string | undefined, utf8: boolean): string {
  if (address === undefined || address.includes('"') || parseAddress(address) === undefined) return ''
  return utf8 || isAscii(address) ? ` for <${address}>` : ''
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

/** What anyone chose, made harmless: no blanks, brackets, comments, quotes or controls; ASCII. */
const token = (text: string): string => (TOKEN.test(text) ? text : text.replace(/[^A-Za-z0-9.:_-]/g, '').slice(0, 255))
/** Nearly every text is one as it is, and to look costs less than to replace nothing. */
const TOKEN = /^[A-Za-z0-9.:_-]{1,255}$/
