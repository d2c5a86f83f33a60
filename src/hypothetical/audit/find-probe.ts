// SPDX-License-Identifier: Apache-2.0
/**
 * Is there a string of one language that is in none of some others? Walks the classes of strings that the languages
 * tell apart, shortest first. Finding none is a proof.
 */
import { Automaton } from './automaton.ts'
import type { Language } from './language.ts'

export type Found =
  /** The shortest strings of different classes, up to `most`. `whole`: there are no other classes. */
  | { readonly kind: 'found'; readonly strings: readonly string[]; readonly whole: boolean }
  | { readonly kind: 'none' }
  /** Too many classes to walk. */
  | { readonly kind: 'over' }

export interface Bounds {
  /** Classes walked. */
  readonly classes: number
  /** States looked at, over all classes and characters. */
  readonly work: number
}

/** About a second of work. */
export const BOUNDS: Bounds = { classes: 30_000, work: 20_000_000 }

/** @param inside languages that the string has to be in, each; @param outside languages it must not be in */
export function findStrings(
  inside: readonly Language[],
  outside: readonly Language[],
  { most = 1, bounds = BOUNDS }: { readonly most?: number; readonly bounds?: Bounds } = {},
): Found {
  const automaton = new Automaton([...inside, ...outside])
  const alphabet = automaton.alphabet()
  const wanted = inside.length
  const start = automaton.start()
  const seen = new Set([start.join()])
  let level: { readonly states: readonly number[]; readonly text: string }[] = [{ states: start, text: '' }]
  const strings: string[] = []
  let work = 0
  while (level.length > 0) {
    const next: typeof level = []
    for (const { states, text } of level) {
      const accepted = automaton.accepted(states)
      if (inside.every((_, i) => accepted.has(i)) && outside.every((_, i) => !accepted.has(wanted + i))) {
        strings.push(text)
        if (strings.length >= most) return { kind: 'found', strings, whole: false }
      }
      for (const unit of alphabet) {
        const after = automaton.read(states, unit)
        work += states.length + after.length + 1
        if (work > bounds.work || seen.size > bounds.classes)
          return strings.length > 0 ? { kind: 'found', strings, whole: false } : { kind: 'over' }
        if (!isOpen(automaton, after, wanted)) continue
        const key = after.join()
        if (seen.has(key)) continue
        seen.add(key)
        next.push({ states: after, text: text + String.fromCharCode(unit) })
      }
    }
    level = next
  }
  return strings.length > 0 ? { kind: 'found', strings, whole: true } : { kind: 'none' }
}

/** Each wanted language may still come to be, and none of the others has everything that may come. */
function isOpen(automaton: Automaton, states: readonly number[], wanted: number): boolean {
  const alive = new Set<number>()
  for (const state of states) {
    const owner = automaton.ownerOf(state)
    if (owner < wanted) alive.add(owner)
  }
  if (alive.size < wanted) return false
  for (const state of automaton.before(states, NO_GUARD))
    if (automaton.ownerOf(state) >= wanted && automaton.takesAll(state)) return false
  return true
}

/** A character that every guard lets through would be wrong here; one that none does is safe. */
const NO_GUARD = 0x30
