// SPDX-License-Identifier: Apache-2.0
/**
 * A map of a few names, looked through one by one. Words have three entries or so, and each word of a script has two such
 * maps: hash tables would be most of a compiled script.
 */
export class SmallMap<V> {
  /** A name, its value, the next name … */
  #pairs: (string | V)[] | undefined

  #find(name: string): number {
    const pairs = this.#pairs
    if (pairs !== undefined) for (let i = 0; i < pairs.length; i += 2) if (pairs[i] === name) return i
    return -1
  }

  get(name: string): V | undefined {
    const at = this.#find(name)
    // Values stand at odd places.
    return at < 0 ? undefined : (this.#pairs?.[at + 1] as V)
  }

  has(name: string): boolean {
    return this.#find(name) >= 0
  }

  set(name: string, value: V): void {
    const at = this.#find(name)
    const pairs = this.#pairs
    // `push` would make room for 16 more.
    if (pairs === undefined) this.#pairs = [name, value]
    else if (at < 0) this.#pairs = [...pairs, name, value]
    else pairs[at + 1] = value
  }
}
