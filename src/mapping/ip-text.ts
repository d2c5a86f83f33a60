// SPDX-License-Identifier: Apache-2.0
/**
 * Addresses inside a longer text, read in place and without making strings (spec mapping-tables.md 3.6). Unlike the
 * rest of the house, IPv4 addresses mapped into IPv6 stay IPv6 here, octets may have leading zeros, and there are no
 * zones: that is how rows were written.
 */

/** The longest texts of an address: `255.255.255.255`, `ffff:…:255.255.255.255`. */
export const LONGEST = { 4: 15, 6: 45 } as const

const DOT = 0x2e
const COLON = 0x3a

/** May this unit (folded) stand in an address of the family? `[0-9.]` and `[0-9a-f:.]`. */
export function inAddress(family: 4 | 6, unit: number): boolean {
  if (isDigit(unit) || unit === DOT) return true
  return family === 6 && (unit === COLON || (unit >= 0x61 && unit <= 0x66))
}

/** Where the longest run of characters of an address that begins at `from` ends. `text` is folded. */
export function runEnd(text: string, from: number, family: 4 | 6): number {
  let end = from
  while (end < text.length && inAddress(family, text.charCodeAt(end))) end++
  return end
}

/** Four decimal octets from `from` up to `to`, as an unsigned number; -1 for anything else. */
export function readIpv4(text: string, from: number, to: number): number {
  if (to - from > LONGEST[4]) return -1
  let value = 0
  let octets = 0
  let octet = 0
  let digits = 0
  for (let at = from; at <= to; at++) {
    const unit = at === to ? DOT : text.charCodeAt(at)
    if (unit === DOT) {
      if (digits === 0 || octet > 255 || ++octets > 4) return -1
      value = value * 256 + octet
      octet = 0
      digits = 0
    } else if (isDigit(unit) && ++digits <= 3) octet = octet * 10 + unit - 0x30
    else return -1
  }
  return octets === 4 ? value : -1
}

/** RFC 4291 §2.2, letters folded, from `from` up to `to`, as four numbers of 32 bits in `into`; whether it is one. */
export function readIpv6(text: string, from: number, to: number, into: Uint32Array): boolean {
  if (to - from > LONGEST[6]) return false
  const groups: number[] = []
  let gap = -1
  let at = from
  if (text.charCodeAt(at) === COLON) {
    if (to - at < 2 || text.charCodeAt(at + 1) !== COLON) return false
    gap = 0
    at += 2
  }
  while (at < to) {
    const end = groupEnd(text, at, to)
    if (end < to && text.charCodeAt(end) === DOT) {
      const tail = readIpv4(text, at, to)
      if (tail === -1) return false
      groups.push(tail >>> 16, tail & 0xffff)
      at = to
    } else {
      if (end === at || end - at > 4) return false
      groups.push(Number.parseInt(text.slice(at, end), 16))
      at = end
      if (at === to) break
      if (text.charCodeAt(at) !== COLON || ++at === to) return false
      if (text.charCodeAt(at) === COLON) {
        if (gap !== -1) return false
        gap = groups.length
        at++
      }
    }
    if (groups.length > 8) return false
  }
  if (gap === -1 ? groups.length !== 8 : groups.length > 7) return false
  if (gap !== -1) groups.splice(gap, 0, ...new Array<number>(8 - groups.length).fill(0))
  for (let i = 0; i < 4; i++) into[i] = (((groups[2 * i] ?? 0) << 16) | (groups[2 * i + 1] ?? 0)) >>> 0
  return true
}

/** The first `bits` bits of `value`, the rest zero. */
export const maskIpv4 = (value: number, bits: number): number =>
  bits === 0 ? 0 : (value & (0xffffffff << (32 - bits))) >>> 0

/** The first `bits` bits of word `word` (0 to 3) of a 128-bit prefix, the rest zero. */
export const maskWord = (value: number, word: number, bits: number): number =>
  maskIpv4(value, Math.max(0, Math.min(32, bits - 32 * word)))

function groupEnd(text: string, from: number, to: number): number {
  let at = from
  while (at < to && isHex(text.charCodeAt(at))) at++
  return at
}

const isDigit = (unit: number): boolean => unit >= 0x30 && unit <= 0x39
const isHex = (unit: number): boolean => isDigit(unit) || (unit >= 0x61 && unit <= 0x66)
