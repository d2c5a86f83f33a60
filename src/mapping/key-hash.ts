// SPDX-License-Identifier: Apache-2.0
/**
 * Hashes of pieces of a text, each in one step once the text has been walked. They only choose rows to try: a
 * collision costs a comparison and never an answer, so 32 bits and a fixed base will do.
 */

const BASE = 0x01000193

/** What kind of evidence a key stands for; keys of different kinds must not meet by accident. */
export type KeyKind = 'whole' | 'prefix' | 'suffix' | 'inner' | 'ipv4' | 'ipv6'

const SALT: Readonly<Record<KeyKind, number>> = {
  whole: 0x2f0b4c47,
  prefix: 0x51d7348d,
  suffix: 0x6c8e9cf5,
  inner: 0x7b1e2a6d,
  ipv4: 0x14c0ffed,
  ipv6: 0x3a5f1e89,
}

/** A key of the index: the hash of the piece, mixed with its kind and its length (or number of bits). */
export function keyOf(kind: KeyKind, length: number, hash: number): number {
  let key = Math.imul(hash ^ SALT[kind], 0x85ebca6b) + Math.imul(length + 1, 0x9e3779b1)
  key ^= key >>> 15
  return Math.imul(key, 0xc2b2ae35) | 0
}

/** The hash of a whole text, the same as `PieceHashes.piece` over all of it. */
export function hashText(text: string): number {
  let hash = 0
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, BASE) + text.charCodeAt(i) + 1) | 0
  return hash
}

/** The hash of one word of an address, added to that of the words before it. */
export const hashWord = (before: number, word: number): number => (Math.imul(before ^ word, BASE) + (word >>> 16)) | 0

/** BASE to the power of `n`. */
export function power(n: number): number {
  let result = 1
  for (let i = 0; i < n; i++) result = Math.imul(result, BASE)
  return result
}

export class PieceHashes {
  readonly #upTo: Int32Array

  /** `into` has room for one number more than the text has characters, and is in use as long as this is. */
  constructor(text: string, into: Int32Array) {
    const upTo = into
    upTo[0] = 0
    for (let i = 0; i < text.length; i++) upTo[i + 1] = (Math.imul(upTo[i] ?? 0, BASE) + text.charCodeAt(i) + 1) | 0
    this.#upTo = upTo
  }

  /** The piece from `from` to `to`; `powerOfLength` is `power(to - from)`. */
  piece(from: number, to: number, powerOfLength: number): number {
    return ((this.#upTo[to] ?? 0) - Math.imul(this.#upTo[from] ?? 0, powerOfLength)) | 0
  }
}
