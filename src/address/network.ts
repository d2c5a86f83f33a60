// SPDX-License-Identifier: Apache-2.0
/** Addresses and networks of clients. IPv4 addresses mapped into IPv6 (RFC 4291 §2.5.5.2) count as IPv4. */
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

export interface Network {
  readonly address: ipaddr.IPv4 | ipaddr.IPv6
  readonly bits: number
  /** The address has bits set beyond the prefix: `192.0.2.1/24`; likely a slip. */
  readonly hasHostBits: boolean
}

/** `192.0.2.0/24`, `2001:db8::/32`, or a single address; `undefined` for anything else. */
export function parseNetwork(text: string): Network | undefined {
  const m = /^([0-9A-Fa-f.:]+)(?:\/(0|[1-9]\d{0,2}))?$/.exec(text)
  const typed = m?.[1] === undefined ? undefined : parseTyped(m[1])
  if (m === null || typed === undefined) return undefined
  const width = typed.kind() === 'ipv4' ? 32 : 128
  const given = m[2] === undefined ? width : Number(m[2])
  if (given > width) return undefined
  const address = unmapped(typed)
  // `::ffff:192.0.2.0/120` is 192.0.2.0/24; a shorter prefix holds more than mapped addresses, which no client has.
  const bits = address === typed ? given : given - 96
  if (bits < 0) return undefined
  const hasHostBits = address
    .toByteArray()
    .some((byte, i) => (byte & (0xff >> Math.max(0, Math.min(8, bits - 8 * i)))) !== 0)
  return { address, bits, hasHostBits }
}

export function inNetwork(text: string, network: Network): boolean {
  const address = parseIp(text)
  if (address === undefined) return false
  if (address instanceof ipaddr.IPv4)
    return network.address instanceof ipaddr.IPv4 && address.match(network.address, network.bits)
  return network.address instanceof ipaddr.IPv6 && address.match(network.address, network.bits)
}

/** The canonical form (RFC 5952), mapped addresses as IPv4, zones dropped; `undefined` for what is no address. */
export const normaliseIp = (text: string): string | undefined =>
  // What Node takes for an IPv4 address has one form only.
  isIP(text) === 4 ? text : parseIp(text)?.toString()

/**
 * The network an address belongs to, `192.0.2.0/24`, by the number of bits for its family; the text itself where it is
 * no address.
 */
export function networkOf(text: string, bits: { readonly ipv4: number; readonly ipv6: number }): string {
  if (bits.ipv4 === 24 && isIP(text) === 4) return `${text.slice(0, text.lastIndexOf('.'))}.0/24`
  const address = parseIp(text)
  if (address === undefined) return text
  const length = address instanceof ipaddr.IPv4 ? bits.ipv4 : bits.ipv6
  const octets = address.toByteArray().map((byte, i) => byte & (0xff00 >> Math.max(0, Math.min(8, length - 8 * i))))
  return `${ipaddr.fromByteArray(octets).toString()}/${length}`
}

export function isLoopback(text: string): boolean {
  // RFC 6890: 127.0.0.0/8.
  if (isIP(text) === 4) return text.startsWith('127.')
  return parseIp(text)?.range() === 'loopback'
}

/** Addresses that no stranger has: RFC 1918, RFC 6598 (behind a carrier's NAT), RFC 4193, and of the link alone. */
export function isPrivate(text: string): boolean {
  const range = parseIp(text)?.range()
  return range === 'private' || range === 'carrierGradeNat' || range === 'uniqueLocal' || range === 'linkLocal'
}

function parseIp(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  const typed = parseTyped(text)
  return typed === undefined ? undefined : unmapped(typed)
}

/** As typed, without its zone. Node's check first: it knows no `127.1`, `0x7f.1` or `010.0.0.1`, which are traps. */
function parseTyped(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  switch (isIP(text)) {
    case 4:
      return ipaddr.IPv4.parse(text)
    case 6:
      return ipaddr.IPv6.parse(text.replace(/%.*$/s, ''))
    default:
      return undefined
  }
}

const unmapped = (address: ipaddr.IPv4 | ipaddr.IPv6): ipaddr.IPv4 | ipaddr.IPv6 =>
  address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() ? address.toIPv4Address() : address
