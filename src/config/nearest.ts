// SPDX-License-Identifier: Apache-2.0
/** "Did you mean": the known word nearest to what somebody typed. */

/** Longer words are not compared: the distance costs the product of both lengths. */
const MAX_LENGTH = 64

/** The nearest candidate, if it is near enough to have been meant: a third of its length, two letters at least. */
export function nearest(typed: string, candidates: readonly string[]): string | undefined {
  if (typed.length > MAX_LENGTH) return undefined
  let best: string | undefined
  let bestDistance = Number.POSITIVE_INFINITY
  for (const candidate of candidates) {
    if (candidate.length > MAX_LENGTH) continue
    const distance = editDistance(typed.toLowerCase(), candidate.toLowerCase())
    if (
      distance < bestDistance &&
      distance <= Math.max(2, Math.floor(candidate.length / 3)) &&
      distance < candidate.length
    ) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** Letters to insert, delete, replace or swap with their neighbour. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let cost = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, at(beforeLast, j - 2) + 1)
      row.push(cost)
    }
    beforeLast = last
    last = row
  }
  return at(last, b.length)
}

const at = (row: readonly number[], i: number): number => row[i] ?? Number.POSITIVE_INFINITY
