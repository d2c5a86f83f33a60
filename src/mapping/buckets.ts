// SPDX-License-Identifier: Apache-2.0
/**
 * A hash table from keys to stretches of one array: open addressing in plain numbers, a few nanoseconds a look-up.
 * It is built in three steps: every row's key is counted, the stretches are laid out, every row is placed.
 */

/** Numbers of one slot: the key, where its stretch begins, where it ends. While counting, the end is the count. */
const SLOT = 3

/** Bits of the filter for each slot. Most look-ups find nothing, and the filter stays in the cache of the processor. */
const FILTER_BITS = 4

export class Buckets {
  readonly #slots: Int32Array
  readonly #mask: number
  /** A bit for each key there is, and for some there are not. */
  readonly #filter: Int32Array
  readonly #filterShift: number

  /** For at most so many keys. */
  constructor(keys: number) {
    const size = 2 ** Math.ceil(Math.log2(2 * keys + 2))
    this.#mask = size - 1
    this.#slots = new Int32Array(SLOT * size)
    const bits = Math.max(32, FILTER_BITS * size)
    this.#filter = new Int32Array(bits / 32)
    this.#filterShift = 32 - Math.log2(bits)
  }

  /** First step: there is one more row of this key. */
  count(key: number): void {
    const slot = this.#find(key)
    this.#slots[slot] = key
    this.#slots[slot + 2] = (this.#slots[slot + 2] ?? 0) + 1
    const bit = this.#filterBit(key)
    this.#filter[bit >>> 5] = (this.#filter[bit >>> 5] ?? 0) | (1 << (bit & 31))
  }

  /** Second step: gives where the last stretch ends. */
  layOut(): number {
    let next = 0
    for (let slot = 0; slot < this.#slots.length; slot += SLOT) {
      const count = this.#slots[slot + 2] ?? 0
      if (count === 0) continue
      // Filled from its begin; the end moves along until everything is placed.
      this.#slots[slot + 1] = next
      this.#slots[slot + 2] = next === 0 ? EMPTY_AT_ZERO : next
      next += count
    }
    return next
  }

  /** Third step: where the next row of this key goes. */
  place(key: number): number {
    const slot = this.#find(key)
    const end = this.#slots[slot + 2] ?? 0
    const at = end === EMPTY_AT_ZERO ? 0 : end
    this.#slots[slot + 2] = at + 1
    return at
  }

  /** Adds the stretch of the key, if it has one, as two numbers: begin and end. */
  lookup(key: number, into: number[]): void {
    const bit = this.#filterBit(key)
    if (((this.#filter[bit >>> 5] ?? 0) & (1 << (bit & 31))) === 0) return
    const slot = this.#find(key)
    const end = this.#slots[slot + 2] ?? 0
    if (end !== 0) into.push(this.#slots[slot + 1] ?? 0, end)
  }

  /** Of other bits of the key than those that choose its slot. */
  #filterBit(key: number): number {
    return Math.imul(key, 0x9e3779b1) >>> this.#filterShift
  }

  /** The slot of the key, or the free one where it would be: a free slot has an end of 0. */
  #find(key: number): number {
    for (let at = key & this.#mask; ; at = (at + 1) & this.#mask) {
      const slot = SLOT * at
      if (this.#slots[slot + 2] === 0 || this.#slots[slot] === key) return slot
    }
  }
}

/** The end of the stretch that begins at 0 while nothing is in it: 0 would say that the slot is free. */
const EMPTY_AT_ZERO = -1
