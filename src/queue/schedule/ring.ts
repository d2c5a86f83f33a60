// SPDX-License-Identifier: Apache-2.0
/** A row that is entered at one end and left at both, each in constant time. */

export class Ring<T> {
  /** A power of two long; `undefined` where nothing stands. */
  #items: (T | undefined)[] = [undefined, undefined]
  #first = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  push(item: T): void {
    if (this.#size === this.#items.length) {
      const length = this.#items.length
      this.#items = Array.from({ length: 2 * length }, (_, i) => (i < length ? this.#at(i) : undefined))
      this.#first = 0
    }
    this.#items[(this.#first + this.#size++) & (this.#items.length - 1)] = item
  }

  /** The one that has waited longest. */
  shift(): T | undefined {
    if (this.#size === 0) return undefined
    const item = this.#at(0)
    this.#items[this.#first] = undefined
    this.#first = (this.#first + 1) & (this.#items.length - 1)
    this.#size--
    return item
  }

  /** The one that came last. */
  pop(): T | undefined {
    if (this.#size === 0) return undefined
    const at = (this.#first + --this.#size) & (this.#items.length - 1)
    const item = this.#items[at]
    this.#items[at] = undefined
    return item
  }

  #at(i: number): T | undefined {
    return this.#items[(this.#first + i) & (this.#items.length - 1)]
  }
}
