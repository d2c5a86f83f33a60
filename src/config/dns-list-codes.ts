// SPDX-License-Identifier: Apache-2.0
/**
 * Return codes of DNS lists: which addresses a list may answer with count as a listing (RFC 5782 §2.1, §2.3).
 *
 *   codes = address / address "-" address / "bits" SP address
 *
 * `bits 0.0.0.6`: any answer within 127.0.0.0/8 that has one of these bits. Never a listing, whatever is written: an
 * answer outside 127.0.0.0/8, which a parked domain gives, and 127.255.255.0/24, by which lists say that they will
 * not answer the asker.
 */
import { isIPv4 } from 'node:net'

export type Codes =
  | { readonly kind: 'range'; readonly from: number; readonly to: number }
  | { readonly kind: 'bits'; readonly mask: number }

/** What is asked for where nobody wrote codes. RFC 5782 §2.1: 127.0.0.1 must not be used. */
export const DEFAULT_CODES = '127.0.0.2-127.0.0.255'

const LOOPBACK = 127 * 2 ** 24
const ERRORS = octets('127.255.255.0')

/** `undefined` for what are no codes, or codes that no list may use. */
export function parseCodes(text: string): Codes | undefined {
  const bits = /^bits (\S+)$/.exec(text.trim())
  if (bits !== null) {
    const mask = isIPv4(bits[1] ?? '') ? octets(bits[1] ?? '') : 0
    return mask > 0 && mask < 2 ** 24 ? { kind: 'bits', mask } : undefined
  }
  const [first = '', last = first, ...more] = text.split('-').map((part) => part.trim())
  if (more.length > 0 || !isIPv4(first) || !isIPv4(last)) return undefined
  const [from, to] = [octets(first), octets(last)]
  return from <= to && mayList(from) && mayList(to) ? { kind: 'range', from, to } : undefined
}

/** How an answer is to be read by these codes. */
export function readCode(address: string, codes: readonly Codes[]): 'listed' | 'error' | 'other' {
  const value = isIPv4(address) ? octets(address) : 0
  if (value >= ERRORS && value <= ERRORS + 255) return 'error'
  if (!mayList(value)) return 'other'
  const has = codes.some((one) =>
    // Numbers, not their 32-bit halves: what is above 127.0.0.0 fits into 24 bits.
    one.kind === 'range' ? value >= one.from && value <= one.to : ((value - LOOPBACK) & one.mask) !== 0,
  )
  return has ? 'listed' : 'other'
}

const mayList = (value: number): boolean => value >= LOOPBACK && value < LOOPBACK + 2 ** 24

function octets(address: string): number {
  return address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0)
}
