// SPDX-License-Identifier: Apache-2.0
/**
 * Does a pattern match a whole probe, and what does each part of it take? spec mapping-tables.md 2, 3.
 *
 * Without back matches: a table says, from the last element to the first, which ends of the probe the rest of the
 * pattern matches; then the elements take their parts from left to right, as much or as little as the table allows.
 * That is the choice a backtracking matcher would make, in (elements × characters) steps. With back matches the table
 * still rules out most places, and a search within a budget of steps does the rest: over the budget nobody knows.
 */
import { ANY, type CharacterSet } from './character-set.ts'
import { runEnd } from './ip-text.ts'
import type { Pattern, PatternElement } from './pattern.ts'
import type { Probe } from './probe.ts'
import { Reach } from './reach.ts'
import { searchBackMatches } from './search-back-matches.ts'
import type { Work } from './work.ts'

/** Two numbers for each element of the pattern: where the part it took begins and ends in the probe. */
export type Taken = readonly number[]

/** `undefined`: no match. `'over'`: the budget is used up, see `work.exhausted`. */
export function matchPattern(pattern: Pattern, probe: Probe, work: Work): Taken | undefined | 'over' {
  const { elements } = pattern
  if (!work.spend(1)) return 'over'
  const { folded } = probe
  if (pattern.never !== undefined || folded.length < pattern.minLength) return undefined
  const first = elements[0]
  if (first === undefined) return folded === '' ? [] : undefined
  const last = elements[elements.length - 1] ?? first
  if (first.kind === 'literal' && !folded.startsWith(first.text)) return undefined
  if (last.kind === 'literal' && !folded.endsWith(last.text)) return undefined
  if (elements.length === 1 && first.kind === 'literal')
    return folded.length === first.text.length ? [0, folded.length] : undefined

  const before = first.kind === 'literal' ? first.text.length : 0
  const after = last.kind === 'literal' ? last.text.length : 0
  const middle = elements[before > 0 ? 1 : 0]
  const around = (before > 0 ? 1 : 0) + (after > 0 ? 1 : 0)
  // Most rows of long tables: one `*` with text on one side or both. There is one way to match, and no table is needed.
  if (elements.length === around + 1 && middle?.kind === 'many' && middle.set === ANY) {
    const end = folded.length - after
    return [...(before > 0 ? [0, before] : []), before, end, ...(after > 0 ? [end, folded.length] : [])]
  }

  const reach = new Reach(elements, probe, work)
  if (work.exhausted !== undefined) return 'over'
  if (!reach.at(0, 0)) return undefined
  if (pattern.hasBackMatch) return searchBackMatches(elements, probe, reach, work)
  return take(elements, probe, reach)
}

function take(elements: readonly PatternElement[], probe: Probe, reach: Reach): Taken {
  const taken: number[] = []
  let at = 0
  for (let i = 0; i < elements.length; i++) {
    const element = elements[i]
    if (element === undefined) break
    const end = endOf(element, at, i, probe, reach)
    taken.push(at, end)
    at = end
  }
  return taken
}

function endOf(element: PatternElement, at: number, i: number, probe: Probe, reach: Reach): number {
  switch (element.kind) {
    case 'literal':
      return at + element.text.length
    case 'one':
      return at + 1
    case 'network':
      return runEnd(probe.folded, at, element.network.family)
    case 'many':
      return starEnd(element.set, element.lazy, at, i, probe, reach)
    case 'again':
      throw new Error('a pattern with back matches is searched')
    default:
      return element satisfies never
  }
}

/** The nearest or farthest place from `at` on that the set reaches and from which the rest matches. */
function starEnd(set: CharacterSet, lazy: boolean, at: number, i: number, probe: Probe, reach: Reach): number {
  let best = at
  for (let end = at; ; end++) {
    if (reach.at(i + 1, end)) {
      best = end
      if (lazy) return best
    }
    if (end >= probe.length || !set.has(probe.folded.charCodeAt(end))) return best
  }
}
