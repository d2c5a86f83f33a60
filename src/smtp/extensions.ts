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

/** RFC 4422 §3.1 */
const MECHANISM = /^[A-Z0-9_-]{1,20}$/

export const NO_EXTENSIONS: Extensions = parseExtensions([])

/** From the lines of a reply to EHLO or LHLO, the first one (the server's name) left out. */
export function parseExtensions(lines: readonly string[]): Extensions {
  const offered = new Map<string, string>()
  const mechanisms = new Set<string>()
  for (const line of lines) {
    // `AUTH=PLAIN` is how servers talked before RFC 2554, and some do beside the true line.
    const m = /^([A-Za-z0-9][A-Za-z0-9-]*)(?:[ =]+(.*))?$/.exec(line.trim())
    if (m?.[1] === undefined) continue
    const keyword = m[1].toUpperCase()
    const parameters = m[2] ?? ''
    if (!offered.has(keyword)) offered.set(keyword, parameters)
    if (keyword === 'AUTH')
      for (const mechanism of parameters.toUpperCase().split(/\s+/))
        if (MECHANISM.test(mechanism)) mechanisms.add(mechanism)
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
    auth: [...mechanisms],
    ...(size === undefined ? {} : { size: /^\d{1,15}$/.test(size) ? Number(size) : 0 }),
  }
}
