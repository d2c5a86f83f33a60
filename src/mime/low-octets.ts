// SPDX-License-Identifier: Apache-2.0
/**
 * Where the octets stand in a piece of content that mean something to SMTP: CR, LF, NUL, and the other controls below
 * them. Four are looked at at one time: nearly all content is text, and by octet it is the dearest thing that is done
 * with a message; lines are too short for a search by Buffer.
 */

const CR = 0x0d
/** One more than CR, in each octet of a word. */
const ABOVE = 0x0e0e0e0e
const TOP_BITS = 0x80808080 | 0

/** A piece shorter than this is not worth a view of its words. */
const WORTH_IT = 64
const NO_WORDS = new Int32Array(0)

export class LowOctets {
  readonly #octets: Uint8Array
  readonly #words: Int32Array
  /** Octets before the first word. */
  readonly #skew: number

  constructor(octets: Uint8Array) {
    const { buffer, byteOffset, length } = octets
    this.#octets = octets
    this.#skew = -byteOffset & 3
    this.#words =
      length < WORTH_IT ? NO_WORDS : new Int32Array(buffer, byteOffset + this.#skew, (length - this.#skew) >> 2)
  }

  /** The place of the first at or behind `from` that is CR or below; the length where there is none. */
  next(from: number): number {
    const octets = this.#octets
    const words = this.#words
    const skew = this.#skew
    const { length } = octets
    let at = from
    for (; at < length; at++) {
      if (((at - skew) & 3) === 0 && at >= skew) {
        let word = (at - skew) >> 2
        while (word < words.length && !hasLow(words[word] as number)) word++
        at = skew + 4 * word
      }
      if ((octets[at] as number) <= CR) return at
    }
    return length
  }
}

/** Whether an octet of the word is CR or below: such a one borrows from its top bit, which it has not set itself. */
const hasLow = (word: number): boolean => ((word - ABOVE) & ~word & TOP_BITS) !== 0
