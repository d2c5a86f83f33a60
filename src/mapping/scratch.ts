// SPDX-License-Identifier: Apache-2.0
/**
 * Memory that matching uses over and over, instead of asking for new for each row. Nothing in it lasts beyond one call
 * of the matcher or the index: operations that wait for answers do not disturb each other.
 */
export class Scratch {
  #octets = new Uint8Array(4096)
  #numbers = new Int32Array(512)
  /** Room for one IPv6 address. */
  readonly words = new Uint32Array(4)

  /** At least `size` octets, not cleared. */
  octets(size: number): Uint8Array {
    if (this.#octets.length < size) this.#octets = new Uint8Array(size * 2)
    return this.#octets
  }

  /** At least `size` numbers, not cleared. */
  numbers(size: number): Int32Array {
    if (this.#numbers.length < size) this.#numbers = new Int32Array(size * 2)
    return this.#numbers
  }
}
