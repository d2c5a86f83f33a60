// SPDX-License-Identifier: Apache-2.0
/** Host names, addresses and next hops as the configuration writes them. */
import { isIP, isIPv4, isIPv6 } from 'node:net'

/** RFC 1123 §2.1 and RFC 5321 §4.1.2 `Domain`: letters, digits, hyphens inside; with A-labels, not U-labels. */
export function isHostname(text: string): boolean {
  return (
    text.length <= 253 &&
    text.split('.').every((label) => /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(label)) &&
    isIP(text) === 0
  )
}

/** A domain in a route: as a host name, or with letters beyond ASCII (RFC 6531). */
export function isDomainPattern(text: string): boolean {
  if (text === '*') return true
  const domain = text.startsWith('.') ? text.slice(1) : text
  return (
    domain.length > 0 &&
    domain.length <= 253 &&
    domain.split('.').every((label) => /^[\p{L}\p{N}_]([\p{L}\p{M}\p{N}_-]*[\p{L}\p{M}\p{N}_])?$/u.test(label))
  )
}

/** `host`, `host:port`, `[address]`, `[address]:port`, where brackets may hold `IPv6:` as in RFC 5321 §4.1.3. */
export function parseNextHop(text: string): { readonly host: string; readonly port?: number } | undefined {
  const m = /^(?:\[([^\]]+)\]|([^:[\]/@\s]+))(?::(\d{1,5}))?$/.exec(text)
  if (m === null) return undefined
  const port = m[3] === undefined ? undefined : Number(m[3])
  if (port !== undefined && (port < 1 || port > 65_535)) return undefined
  const literal = m[1]?.replace(/^IPv6:/i, '')
  if (literal !== undefined ? !isIPv4(literal) && !isIPv6(literal) : !isHostname(m[2] ?? '') && !isIPv4(m[2] ?? ''))
    return undefined
  const host = literal ?? m[2] ?? ''
  return port === undefined ? { host } : { host, port }
}

/** `address`, `address:port` of IPv4, `[address]:port` of IPv6. */
export function isAddressAndPort(text: string): boolean {
  if (isIP(text) !== 0) return true
  const m = /^(?:\[([^\]]+)\]|([0-9.]+)):(\d{1,5})$/.exec(text)
  if (m === null) return false
  const port = Number(m[3])
  return port >= 1 && port <= 65_535 && (m[1] !== undefined ? isIPv6(m[1]) : isIPv4(m[2] ?? ''))
}
