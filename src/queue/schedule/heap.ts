// SPDX-License-Identifier: Apache-2.0
/**
 * A binary heap whose items know where they are, so that any of them can be taken out or moved: O(log n) each. The
 * order belongs to the caller; an item whose rank changes is told of with `changed`.
 */

export interface HeapOrder<T> {
  /** Strictly before. */
  before(a: T, b: T): boolean
  /** Where the item stands now; -1 when it has left. */
  moved(item: T, position: number): void
}

export class Heap<T> {
  readonly #order: HeapOrder<T>
  readonly #items: T[] = []

  constructor(order: HeapOrder<T>) {
    this.#order = order
  }

  get size(): number {
    return this.#items.length
  }

  peek(): T | undefined {
    return this.#items[0]
  }

  push(item: T): void {
    this.#items.push(item)
    this.#rise(item, this.#items.length - 1)
  }

  pop(): T | undefined {
    const [first] = this.#items
    if (first !== undefined) this.remove(0)
    return first
  }

  /** Takes out what stands there. */
  remove(position: number): void {
    const gone = this.#items[position]
    if (gone === undefined) return
    const last = this.#items.pop()
    if (last === undefined) return
    if (position < this.#items.length) this.#settle(last, position)
    this.#order.moved(gone, -1)
  }

  /** The rank of what stands there is another now. */
  changed(position: number): void {
    const item = this.#items[position]
    if (item !== undefined) this.#settle(item, position)
  }

  #settle(item: T, position: number): void {
    this.#sink(item, this.#rise(item, position))
  }

  #rise(item: T, from: number): number {
    let position = from
    while (position > 0) {
      const up = (position - 1) >> 1
      const parent = this.#items[up]
      if (parent === undefined || !this.#order.before(item, parent)) break
      this.#put(parent, position)
      position = up
    }
    this.#put(item, position)
    return position
  }

  #sink(item: T, from: number): void {
    let position = from
    for (;;) {
      let down = 2 * position + 1
      let child = this.#items[down]
      if (child === undefined) break
      const other = this.#items[down + 1]
      if (other !== undefined && this.#order.before(other, child)) {
        down++
        child = other
      }
      if (!this.#order.before(child, item)) break
      this.#put(child, position)
      position = down
    }
    this.#put(item, position)
  }

  #put(item: T, position: number): void {
    this.#items[position] = item
    this.#order.moved(item, position)
  }
}
