// SPDX-License-Identifier: Apache-2.0
/**
 * Places for connections, in all and for each address: the answer to `slot.claim` for one process. A claim is given
 * back when its connection closes.
 */
import type { Answers } from '../ask/questions.ts'
import type { Limits } from '../config/schema.ts'

export class Slots {
  readonly #perAddress = new Map<string, number>()
  #total = 0

  claim(address: string, limits: Pick<Limits, 'connections' | 'connectionsPerAddress'>): Answers['slot.claim'] {
    const ofAddress = this.#perAddress.get(address) ?? 0
    if (this.#total >= limits.connections) return { granted: false, limit: 'total', setting: 'limits.connections' }
    if (ofAddress >= limits.connectionsPerAddress)
      return { granted: false, limit: 'per-address', setting: 'limits.connectionsPerAddress' }
    this.#total++
    this.#perAddress.set(address, ofAddress + 1)
    return { granted: true }
  }

  release(address: string): void {
    const ofAddress = this.#perAddress.get(address)
    if (ofAddress === undefined) throw new Error('a place was given back that nobody had')
    this.#total--
    if (ofAddress === 1) this.#perAddress.delete(address)
    else this.#perAddress.set(address, ofAddress - 1)
  }

  get taken(): number {
    return this.#total
  }
}
