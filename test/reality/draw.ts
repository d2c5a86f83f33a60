// SPDX-License-Identifier: Apache-2.0
/** Random choices from a seed, so that a run can be had again. */

export interface Draw {
  /** A whole number from 0 to under `n`. */
  below(n: number): number
  chance(share: number): boolean
  of<T>(list: readonly T[]): T
}

/** mulberry32 */
export function drawFrom(seed: number): Draw {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    below: (n) => Math.floor(next() * n),
    chance: (share) => next() < share,
    of: (list) => {
      const [chosen] = list.slice(Math.floor(next() * list.length))
      // A list may hold `undefined` itself.
      return chosen as (typeof list)[number]
    },
  }
}
