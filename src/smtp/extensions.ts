// SPDX-License-Identifier: Apache-2.0
/** What a server says it can, RFC 5321 §4.1.1.1. */

export interface Extensions {
  readonly pipelining: boolean
  readonly eightBitMime: boolean
  readonly smtputf8: boolean
  readonly dsn: boolean
  readonly chunking: boolean
  readonly starttls: boolean
  readonly enhancedStatusCodes: boolean
  /** RFC 1870; `undefined` when not offered, 0 when without limit. */
  readonly size?: number
  /** SASL mechanisms in upper case. */
  readonly auth: readonly string[]
}

export const NO_EXTENSIONS: Extensions = parseExtensions([])

/** From the lines of a reply to EHLO or LHLO, the first one (the server's name) left out. */
export function parseExtensions(lines: readonly string[]): Extensions {
  const offered = new Map<string, string>()
  for (const line of lines) {
    // `AUTH=` is how servers talked before RFC 2554; what it says is the same.
    const m = /^([A-Za-z0-9-]+)(?:[ =]+(.*))?$/.exec(line.trim())
    if (m?.[1] !== undefined && !offered.has(m[1].toUpperCase())) offered.set(m[1].toUpperCase(), m[2] ?? '')
  }
  const size = offered.get('SIZE')
  return {
    pipelining: offered.has('PIPELINING'),
    eightBitMime: offered.has('8BITMIME'),
    smtputf8: offered.has('SMTPUTF8'),
    dsn: offered.has('DSN'),
    chunking: offered.has('CHUNKING'),
    starttls: offered.has('STARTTLS'),
    enhancedStatusCodes: offered.has('ENHANCEDSTATUSCODES'),
    auth: (offered.get('AUTH') ?? '').toUpperCase().split(/\s+/).filter(Boolean),
    ...(size === undefined ? {} : { size: /^\d{1,15}$/.test(size) ? Number(size) : 0 }),
  }
}
