// SPDX-License-Identifier: Apache-2.0
/**
 * Several languages read at once, character by character: a non-deterministic automaton whose states belong to one of
 * the languages each. Thompson's construction.
 */
import { ANY, type CharacterSet } from '../../mapping/character-set.ts'
import type { Language } from './language.ts'

/** No character: the end of the string. */
export const END = -1

interface State {
  readonly owner: number
  /** Where to go without reading. */
  readonly free: number[]
  /** As before, where the next character is not of the set. */
  readonly guarded?: { readonly set: CharacterSet; readonly to: number }
  /** Where to go with a character. */
  readonly reads?: { readonly by: number | CharacterSet; readonly to: number }
}

export class Automaton {
  readonly #states: { -readonly [K in keyof State]: State[K] }[] = []
  readonly #ends: number[] = []
  readonly #starts: number[] = []
  /** States from which every rest of a string belongs to the language. */
  readonly #all = new Set<number>()

  constructor(languages: readonly Language[]) {
    for (const [owner, language] of languages.entries()) {
      const end = this.#state(owner)
      this.#ends.push(end)
      this.#starts.push(this.#build(language, end, owner))
    }
    for (const [i, state] of this.#states.entries())
      if (state.reads?.by === ANY && state.reads.to === i + 1 && this.#isEnd(state.free)) this.#all.add(i)
  }

  get size(): number {
    return this.#states.length
  }

  start(): readonly number[] {
    return this.#starts
  }

  ownerOf(state: number): number {
    return this.#states[state]?.owner ?? -1
  }

  takesAll(state: number): boolean {
    return this.#all.has(state)
  }

  /** Everything reachable before `next` is read; `END` at the end of the string. */
  before(states: readonly number[], next: number): readonly number[] {
    const seen = new Set(states)
    const open = [...states]
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      const state = this.#states[at]
      if (state === undefined) continue
      const more =
        state.guarded !== undefined && (next === END || !state.guarded.set.has(next))
          ? [...state.free, state.guarded.to]
          : state.free
      for (const to of more)
        if (!seen.has(to)) {
          seen.add(to)
          open.push(to)
        }
    }
    return [...seen]
  }

  /** After `unit` was read. */
  read(states: readonly number[], unit: number): readonly number[] {
    const after = new Set<number>()
    for (const at of this.before(states, unit)) {
      const reads = this.#states[at]?.reads
      if (reads !== undefined && (typeof reads.by === 'number' ? reads.by === unit : reads.by.has(unit)))
        after.add(reads.to)
    }
    return [...after].sort((a, b) => a - b)
  }

  /** The languages that the string which led to these states belongs to. */
  accepted(states: readonly number[]): ReadonlySet<number> {
    const reached = new Set(this.before(states, END))
    return new Set(this.#ends.flatMap((end, owner) => (reached.has(end) ? [owner] : [])))
  }

  /** One character of each kind that no state tells apart, the most ordinary first. */
  alphabet(): readonly number[] {
    const written = new Set<number>()
    const sets = new Set<CharacterSet>()
    for (const { reads, guarded } of this.#states) {
      if (guarded !== undefined) sets.add(guarded.set)
      if (reads === undefined) continue
      if (typeof reads.by === 'number') written.add(reads.by)
      else if (reads.by !== ANY) sets.add(reads.by)
    }
    const kinds = new Map<string, number>()
    for (const unit of ordinaryFirst()) {
      if (written.has(unit) || (unit >= 0x41 && unit <= 0x5a)) continue
      let kind = ''
      for (const set of sets) kind += set.has(unit) ? '1' : '0'
      if (!kinds.has(kind)) kinds.set(kind, unit)
    }
    return [...kinds.values(), ...written]
  }

  #state(owner: number): number {
    this.#states.push({ owner, free: [] })
    return this.#states.length - 1
  }

  /** The state where the language begins; it goes on at `end`. */
  #build(language: Language, end: number, owner: number): number {
    switch (language.kind) {
      case 'text': {
        let at = end
        for (let i = language.text.length - 1; i >= 0; i--) at = this.#reading(owner, language.text.charCodeAt(i), at)
        return at
      }
      case 'one':
        return this.#reading(owner, language.set, end)
      case 'many': {
        // A pair: one that reads and comes back to itself by the other.
        const loop = this.#state(owner)
        const back = this.#state(owner)
        this.#put(loop, { reads: { by: language.set, to: back }, free: [end] })
        this.#put(back, { free: [loop] })
        return loop
      }
      case 'sequence':
        return language.parts.reduceRight((next, part) => this.#build(part, next, owner), end)
      case 'either': {
        const fork = this.#state(owner)
        for (const each of language.of) this.#states[fork]?.free.push(this.#build(each, end, owner))
        return fork
      }
      case 'repeat': {
        const loop = this.#state(owner)
        this.#states[loop]?.free.push(end, this.#build(language.of, loop, owner))
        return loop
      }
      case 'not-before': {
        const at = this.#state(owner)
        this.#put(at, { guarded: { set: language.set, to: end } })
        return at
      }
      default:
        return language satisfies never
    }
  }

  #reading(owner: number, by: number | CharacterSet, to: number): number {
    const at = this.#state(owner)
    this.#put(at, { reads: { by, to } })
    return at
  }

  #put(at: number, what: Partial<State>): void {
    const state = this.#states[at]
    if (state !== undefined) Object.assign(state, what)
  }

  #isEnd(states: readonly number[]): boolean {
    return states.some((each) => this.#ends.includes(each))
  }
}

function* ordinaryFirst(): Generator<number> {
  for (const c of 'abxyz01-_.@') yield c.charCodeAt(0)
  for (let unit = 0x20; unit < 0x7f; unit++) yield unit
  // A letter beyond ASCII says more than a control character.
  for (let unit = 0xa1; unit <= 0xffff; unit++) yield unit
  for (let unit = 0; unit <= 0xa0; unit++) yield unit
}
