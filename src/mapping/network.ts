// SPDX-License-Identifier: Apache-2.0
/** Address matchers: `$(a.b.c.d/n)`, `$<a.b.c.d/n>`, `${ipv6/n}` as written in a pattern. spec mapping-tables.md 3.6. */
import { fold } from './character-set.ts'
import { maskIpv4, maskWord, readIpv4, readIpv6 } from './ip-text.ts'
import { hashWord } from './key-hash.ts'
import { DEFAULT_BITS } from './unsure.ts'

export type AddressNetwork =
  | { readonly family: 4; readonly value: number; readonly bits: number }
  | { readonly family: 6; readonly words: Uint32Array; readonly bits: number }

export type NetworkBracket = '(' | '<' | '{'

export const CLOSES: Readonly<Record<NetworkBracket, string>> = { '(': ')', '<': '>', '{': '}' }

/** `undefined` where the text between the brackets is no network. Bits of the address beyond the prefix are ignored. */
export function parseAddressNetwork(bracket: NetworkBracket, written: string): AddressNetwork | undefined {
  const m = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(written)
  if (m === null) return undefined
  const text = fold(m[1] ?? '')
  const given = m[2] === undefined ? undefined : Number(m[2])
  if (bracket === '{') {
    const words = new Uint32Array(4)
    const bits = given ?? DEFAULT_BITS.prefix6
    if (bits > 128 || !readIpv6(text, 0, text.length, words)) return undefined
    return { family: 6, words: words.map((word, i) => maskWord(word, i, bits)), bits }
  }
  const value = readIpv4(text, 0, text.length)
  const n = given ?? (bracket === '(' ? DEFAULT_BITS.prefix4 : DEFAULT_BITS.ignore4)
  if (value === -1 || n > 32) return undefined
  const bits = bracket === '(' ? n : 32 - n
  return { family: 4, value: maskIpv4(value, bits), bits }
}

/** Is the text from `from` up to `to` (folded) an address of the network? `scratch` has room for four words. */
export function isInNetwork(
  network: AddressNetwork,
  text: string,
  from: number,
  to: number,
  scratch: Uint32Array,
): boolean {
  if (network.family === 4) {
    const value = readIpv4(text, from, to)
    return value !== -1 && maskIpv4(value, network.bits) === network.value
  }
  if (!readIpv6(text, from, to, scratch)) return false
  return network.words.every((word, i) => maskWord(scratch[i] ?? 0, i, network.bits) === word)
}

/** What the index finds a network by: the hash of its significant bits. */
export function hashNetwork(network: AddressNetwork): number {
  if (network.family === 4) return hashWord(0, network.value)
  return network.words.reduce((hash, word) => hashWord(hash, word), 0)
}

/** Does `outer` hold every address of `inner`? */
export function holdsNetwork(outer: AddressNetwork, inner: AddressNetwork): boolean {
  if (outer.bits > inner.bits) return false
  if (outer.family === 4) return inner.family === 4 && maskIpv4(inner.value, outer.bits) === outer.value
  return inner.family === 6 && outer.words.every((word, i) => maskWord(inner.words[i] ?? 0, i, outer.bits) === word)
}

/** The two networks a network is made of; none where it is one address. */
export function halvesOf(network: AddressNetwork): readonly AddressNetwork[] {
  const bits = network.bits + 1
  if (network.family === 4)
    return bits > 32 ? [] : [0, 1].map((bit) => ({ family: 4, value: network.value + bit * 2 ** (32 - bits), bits }))
  if (bits > 128) return []
  const at = (bits - 1) >> 5
  return [0, 1].map((bit) => ({
    family: 6,
    words: network.words.map((word, i) => (i === at ? (word | (bit << (31 - ((bits - 1) & 31)))) >>> 0 : word)),
    bits,
  }))
}

/** An address of the network: its first one. */
export function firstAddress(network: AddressNetwork): string {
  if (network.family === 4) return [24, 16, 8, 0].map((shift) => (network.value >>> shift) & 0xff).join('.')
  return [...network.words].flatMap((word) => [word >>> 16, word & 0xffff].map((group) => group.toString(16))).join(':')
}
