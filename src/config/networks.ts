// SPDX-License-Identifier: Apache-2.0
/** Addresses and networks as the configuration writes them: `192.0.2.7`, `192.0.2.0/24`, `2001:db8::/32`. RFC 4632, RFC 4291 §2.3. */
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

export interface Network {
  readonly family: 'ipv4' | 'ipv6'
  /** First address of the network, canonical. */
  readonly address: string
  readonly prefix: number
  /** First and one behind the last address, as numbers. */
  readonly from: bigint
  readonly to: bigint
  /** The text had bits set behind the prefix. */
  readonly hostBits: boolean
}

/** `undefined` for what is no address and no network. IPv4-mapped IPv6 counts as IPv4. */
export function parseNetwork(text: string): Network | undefined {
  const [address = '', prefixText, more] = text.split('/')
  const version = isIP(address)
  if (version === 0 || address.includes('%') || more !== undefined) return undefined
  if (prefixText !== undefined && !/^\d{1,3}$/.test(prefixText)) return undefined
  const width = version === 4 ? 32 : 128
  const prefix = prefixText === undefined ? width : Number(prefixText)
  if (prefix > width) return undefined
  const parsed = ipaddr.parse(address)
  if (parsed instanceof ipaddr.IPv6 && parsed.isIPv4MappedAddress() && prefix >= 96)
    return network(parsed.toIPv4Address().toByteArray(), prefix - 96)
  return network(parsed.toByteArray(), prefix)
}

/** `address/prefix`. */
export const formatNetwork = (n: Network): string => `${n.address}/${n.prefix}`

function network(octets: readonly number[], prefix: number): Network {
  const width = octets.length * 8
  const value = octets.reduce((sum, octet) => sum * 256n + BigInt(octet), 0n)
  const size = 1n << BigInt(width - prefix)
  const from = value - (value % size)
  return {
    family: width === 32 ? 'ipv4' : 'ipv6',
    address: ipaddr.fromByteArray(toOctets(from, octets.length)).toString(),
    prefix,
    from,
    to: from + size,
    hostBits: from !== value,
  }
}

const toOctets = (value: bigint, count: number): number[] =>
  Array.from({ length: count }, (_, i) => Number((value >> BigInt(8 * (count - 1 - i))) & 0xffn))

/** How many addresses of `[from, to)` the networks cover together. */
export function covered(networks: readonly Network[], from: bigint, to: bigint): bigint {
  let sum = 0n
  let reached = from
  for (const n of [...networks].sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0))) {
    // Math.max knows no bigint.
    let start = reached
    if (n.from > start) start = n.from
    const end = n.to < to ? n.to : to
    if (end > start) {
      sum += end - start
      reached = end
    }
  }
  return sum
}
