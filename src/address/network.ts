// SPDX-License-Identifier: Apache-2.0
/** Addresses and networks of clients. IPv4 addresses mapped into IPv6 (RFC 4291 §2.5.5.2) count as IPv4. */
import ipaddr from 'ipaddr.js'

export interface Network {
  readonly address: ipaddr.IPv4 | ipaddr.IPv6
  readonly bits: number
  /** The address has bits set beyond the prefix: `192.0.2.1/24`; likely a slip. */
  readonly hasHostBits: boolean
}

/** `192.0.2.0/24`, `2001:db8::/32`, or a single address; `undefined` for anything else. */
export function parseNetwork(text: string): Network | undefined {
  const [first = '', prefix, more] = text.split('/')
  const address = parseIp(first)
  if (address === undefined || more !== undefined) return undefined
  const width = address.kind() === 'ipv4' ? 32 : 128
  if (prefix === undefined) return { address, bits: width, hasHostBits: false }
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > width) return undefined
  const bits = Number(prefix)
  const bytes = address.toByteArray()
  const hasHostBits = bytes.some((byte, i) => (byte & (0xff >> Math.max(0, Math.min(8, bits - 8 * i)))) !== 0)
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
export const normaliseIp = (text: string): string | undefined => parseIp(text)?.toString()

export function isLoopback(text: string): boolean {
  return parseIp(text)?.range() === 'loopback'
}

function parseIp(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  const bare = text.replace(/%.*$/, '')
  // Only four decimal numbers: `127.1` and `0x7f.1` are traps.
  if (ipaddr.IPv4.isValidFourPartDecimal(bare)) return ipaddr.IPv4.parse(bare)
  if (!ipaddr.IPv6.isValid(bare)) return undefined
  const six = ipaddr.IPv6.parse(bare)
  return six.isIPv4MappedAddress() ? six.toIPv4Address() : six
}
