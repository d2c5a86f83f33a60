// SPDX-License-Identifier: Apache-2.0
/** An address as the first labels of a name: octets or nibbles, the last first. RFC 1035 §3.5, RFC 3596 §2.5, RFC 5782 §2. */
import ipaddr from 'ipaddr.js'
import { normaliseIp } from './network.ts'

/** The name to ask PTR of, RFC 1035 §3.5 and RFC 3596 §2.5; `undefined` for what is no address. */
export function reverseName(address: string): string | undefined {
  const reversed = reversedAddress(address)
  return reversed && `${reversed.labels}.${reversed.family === 'ipv4' ? 'in-addr' : 'ip6'}.arpa`
}

/** Mapped IPv4 addresses count as IPv4. `undefined` for what is no address. */
export function reversedAddress(
  address: string,
): { readonly family: 'ipv4' | 'ipv6'; readonly labels: string } | undefined {
  const text = normaliseIp(address)
  if (text === undefined) return undefined
  const bytes = ipaddr.parse(text).toByteArray()
  if (bytes.length === 4) return { family: 'ipv4', labels: bytes.toReversed().join('.') }
  const nibbles = bytes.flatMap((byte) => [byte >> 4, byte & 15]).toReversed()
  return { family: 'ipv6', labels: nibbles.map((nibble) => nibble.toString(16)).join('.') }
}
