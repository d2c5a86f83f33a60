// SPDX-License-Identifier: Apache-2.0
/** How much of the address space networks hold together, and how one is written properly. Reading them is address/network.ts. */
import ipaddr from 'ipaddr.js'
import type { Network } from '../address/network.ts'

export interface Range {
  readonly family: 'ipv4' | 'ipv6'
  /** First address, and the one behind the last, as numbers. */
  readonly from: bigint
  readonly to: bigint
}

export function rangeOf({ address, bits }: Network): Range {
  const octets = address.toByteArray()
  const value = octets.reduce((sum, octet) => sum * 256n + BigInt(octet), 0n)
  const size = 1n << BigInt(octets.length * 8 - bits)
  const from = value - (value % size)
  return { family: address.kind(), from, to: from + size }
}

/** `address/prefix`, without bits set behind the prefix. */
export function formatNetwork(network: Network): string {
  const count = network.address.toByteArray().length
  const { from } = rangeOf(network)
  const octets = Array.from({ length: count }, (_, i) => Number((from >> BigInt(8 * (count - 1 - i))) & 0xffn))
  return `${ipaddr.fromByteArray(octets).toString()}/${network.bits}`
}

/** How many addresses of `[from, to)` the ranges cover together. */
export function covered(ranges: readonly Range[], from: bigint, to: bigint): bigint {
  let sum = 0n
  let reached = from
  for (const range of ranges.toSorted((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0))) {
    // Math.max knows no bigint.
    let start = reached
    if (range.from > start) start = range.from
    const end = range.to < to ? range.to : to
    if (end > start) {
      sum += end - start
      reached = end
    }
  }
  return sum
}
