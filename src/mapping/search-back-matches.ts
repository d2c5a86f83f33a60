// SPDX-License-Identifier: Apache-2.0
/**
 * Patterns that repeat an earlier field (spec mapping-tables.md 3.4): a search in the order of preference, leftmost
 * element first. No algorithm does this in linear time, so it has a budget of steps.
 */
import { runEnd } from './ip-text.ts'
import type { PatternElement } from './pattern.ts'
import type { Probe } from './probe.ts'
import type { Reach } from './reach.ts'
import { BACK_MATCH_CASE_BLIND } from './unsure.ts'
import type { Work } from './work.ts'

export function searchBackMatches(
  elements: readonly PatternElement[],
  probe: Probe,
  reach: Reach,
  work: Work,
): number[] | undefined | 'over' {
  const taken: number[] = []
  /** Element of each field. */
  const fields = elements.flatMap((element, i) => (element.kind !== 'literal' && element.saved ? [i] : []))
  const text = BACK_MATCH_CASE_BLIND ? probe.folded : probe.text
  const start = work.steps
  const budget = work.limits.backMatchSteps

  const from = (i: number, at: number): boolean => {
    if (!work.spend(1) || work.steps - start > budget) return work.exhaust(`more than ${budget} steps for a back match`)
    if (!reach.at(i, at)) return false
    const element = elements[i]
    return element === undefined || tryEnds(i, at, element)
  }
  const through = (i: number, at: number, end: number): boolean => {
    taken[2 * i] = at
    taken[2 * i + 1] = end
    return from(i + 1, end)
  }
  const tryEnds = (i: number, at: number, element: PatternElement): boolean => {
    switch (element.kind) {
      case 'literal':
        return through(i, at, at + element.text.length)
      case 'one':
        return through(i, at, at + 1)
      case 'network':
        return through(i, at, runEnd(probe.folded, at, element.network.family))
      case 'many': {
        let far = at
        while (far < probe.length && element.set.has(probe.folded.charCodeAt(far))) far++
        for (let n = 0; n <= far - at && work.exhausted === undefined; n++)
          if (through(i, at, element.lazy ? at + n : far - n)) return true
        return false
      }
      case 'again': {
        const of = fields[element.field] ?? i
        const again = text.slice(taken[2 * of], taken[2 * of + 1])
        return text.startsWith(again, at) && through(i, at, at + again.length)
      }
      default:
        return element satisfies never
    }
  }
  if (from(0, 0)) return taken.slice(0, 2 * elements.length)
  return work.exhausted === undefined ? undefined : 'over'
}
