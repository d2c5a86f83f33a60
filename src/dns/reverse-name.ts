// SPDX-License-Identifier: Apache-2.0
import ipaddr from 'ipaddr.js'
import { normaliseIp } from '../address/network.ts'

/** The name to ask PTR of, RFC 1035 §3.5 and RFC 3596 §2.5; `undefined` for what is no address. */
export function reverseName(address: string): string | undefined {
  const text = normaliseIp(address)
  if (text === undefined) return undefined
  const bytes = ipaddr.parse(text).toByteArray()
  if (bytes.length === 4) return `${bytes.toReversed().join('.')}.in-addr.arpa`
  const nibbles = bytes.flatMap((byte) => [byte >> 4, byte & 15])
  return `${nibbles
    .toReversed()
    .map((n) => n.toString(16))
    .join('.')}.ip6.arpa`
}
