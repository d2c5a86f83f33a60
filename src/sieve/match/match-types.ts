// SPDX-License-Identifier: Apache-2.0
/** `:is`, `:contains` and `:matches`, RFC 5228 §2.7.1. */
import type { ComparatorDef, Matching, MatchTypeDef } from '../plugin.ts'
import type { RunContext } from '../run-context.ts'
import type { SmallMap } from '../small-map.ts'
import { isAscii, octetsToText, shown, textToOctets } from '../text.ts'
import type { TextList } from './text-list.ts'
import {
  type LiteralPattern,
  literalOf,
  matchLiteral,
  matchUnits,
  parseWildcards,
  slotRanges,
  starRanges,
  type Units,
  type WildcardPattern,
} from './wildcard.ts'

/** Comparisons kept of one test in a trace. */
const MAX_COMPARED = 16
/** From so many constant keys on, `:is` looks them up. */
const MANY_KEYS = 6

export function traceCompared(ctx: RunContext, value: string, key?: string): void {
  const { compared } = ctx
  if (compared === undefined || compared.length >= MAX_COMPARED) return
  // What did not fit is of interest where the test did not hold.
  if (key === undefined && ctx.environment.traceHeld === true) return
  compared.push(key === undefined ? { value: shown(value) } : { value: shown(value), key: shown(key) })
}

export const IS: MatchTypeDef = {
  name: 'is',
  match(ctx, values, { keys, constant, comparator, data }) {
    if (keys.length >= MANY_KEYS && constant) return isOneOf(ctx, values, keys, comparator, data)
    for (let v = 0; v < values.length; v++) {
      const value = values.folded(comparator, v)
      for (let k = 0; k < keys.length; k++) {
        const key = keys.folded(comparator, k)
        ctx.spend(searchCost(value.length, key.length))
        if (value === key) return holds(ctx, values, v, keys, k)
      }
      if (ctx.compared !== undefined) traceCompared(ctx, values.at(v))
    }
    return false
  },
}

function isOneOf(
  ctx: RunContext,
  values: TextList,
  keys: TextList,
  comparator: ComparatorDef,
  data: SmallMap<unknown>,
): boolean {
  let places = data.get('keys') as ReadonlyMap<string, number> | undefined
  if (places === undefined) {
    places = new Map(keys.texts.map((_key, k) => [keys.folded(comparator, k), k]))
    data.set('keys', places)
  }
  for (let v = 0; v < values.length; v++) {
    ctx.spend(1)
    const k = places.get(values.folded(comparator, v))
    if (k !== undefined) return holds(ctx, values, v, keys, k)
    if (ctx.compared !== undefined) traceCompared(ctx, values.at(v))
  }
  return false
}

function holds(ctx: RunContext, values: TextList, v: number, keys: TextList, k: number): true {
  if (ctx.compared !== undefined) traceCompared(ctx, values.at(v), keys.at(k))
  return true
}

export const CONTAINS: MatchTypeDef = {
  name: 'contains',
  substring: true,
  match(ctx, values, { keys, comparator }) {
    for (let v = 0; v < values.length; v++) {
      const value = values.folded(comparator, v)
      for (let k = 0; k < keys.length; k++) {
        const key = keys.folded(comparator, k)
        ctx.spend(searchCost(value.length, key.length))
        if (value.includes(key)) return holds(ctx, values, v, keys, k)
      }
      if (ctx.compared !== undefined) traceCompared(ctx, values.at(v))
    }
    return false
  },
}

/** Searching a text is text × key at worst (`ba…a` in `a…a`); most keys are short. */
const searchCost = (value: number, key: number): number => 1 + (value >> 8) * (1 + (key >> 5))

export const MATCHES: MatchTypeDef = {
  name: 'matches',
  substring: true,
  match(ctx, values, matching) {
    const { keys, comparator } = matching
    const patterns = patternsOf(keys, matching)
    for (let v = 0; v < values.length; v++) {
      const value = values.at(v)
      for (let k = 0; k < patterns.length; k++) {
        const pattern = patterns[k] as Pattern
        ctx.spend(searchCost(value.length, keys.at(k).length))
        const captures = matchOne(ctx, pattern, keys.at(k), value, values.folded(comparator, v), matching)
        if (captures === undefined) continue
        if (ctx.compared !== undefined) traceCompared(ctx, value, keys.at(k))
        if (captures !== NO_CAPTURES) ctx.variables.setMatched(captures)
        return true
      }
      if (ctx.compared !== undefined) traceCompared(ctx, value)
    }
    return false
  },
}

const NO_CAPTURES: readonly string[] = []

type Pattern = LiteralPattern | WildcardPattern

const isLiteral = (pattern: Pattern): pattern is LiteralPattern => Array.isArray(pattern)

const CHARACTERS: Units = (text) => [...text]
/** Octets of UTF-8, each as the character of its number. */
const OCTETS: Units = (text) => (isAscii(text) ? text.split('') : textToOctets(text).toString('latin1').split(''))

const unitsOf = (comparator: ComparatorDef): Units => (comparator.unit === 'octet' ? OCTETS : CHARACTERS)

function patternsOf(keys: TextList, { constant, comparator, data }: Matching): readonly Pattern[] {
  const known = data.get('patterns') as readonly Pattern[] | undefined
  if (known !== undefined) return known
  const { fold } = comparator
  const patterns = keys.texts.map((key) => {
    // Pieces without `?` are searched as texts; cutting them into octets would only slow that down.
    return literalOf(parseWildcards(key, fold, CHARACTERS)) ?? parseWildcards(key, fold, unitsOf(comparator))
  })
  if (constant) data.set('patterns', patterns)
  return patterns
}

/** What `${0}` and on are after a match; NO_CAPTURES when nobody wants them. */
function matchOne(
  ctx: RunContext,
  pattern: Pattern,
  key: string,
  value: string,
  folded: string,
  { comparator, captures }: Matching,
): readonly string[] | undefined {
  // Offsets of a folded text are those of the text itself, unless characters change their length.
  const aligned = folded.length === value.length
  const literal = isLiteral(pattern)
  if (literal && (aligned || !captures)) {
    const starts = matchLiteral(pattern, folded)
    if (starts === undefined || !captures) return starts === undefined ? undefined : NO_CAPTURES
    return [value, ...starRanges(pattern, starts).map(([from, to]) => value.slice(from, to))]
  }
  const units = literal ? CHARACTERS(value) : unitsOf(comparator)(value)
  ctx.spend((units.length + (literal ? key.length : 0)) >> 6)
  const wildcards = literal ? parseWildcards(key, comparator.fold, CHARACTERS) : pattern
  const starts = matchUnits(wildcards, units.map(comparator.fold), (steps) => ctx.spend(steps))
  if (starts === undefined || !captures) return starts === undefined ? undefined : NO_CAPTURES
  const ranges = slotRanges(wildcards, starts)
  const octets = comparator.unit === 'octet' && !isAscii(value) && !literal
  return [
    value,
    ...ranges.map(([from, to]) => {
      const text = units.slice(from, to).join('')
      return octets ? octetsToText(Buffer.from(text, 'latin1')) : text
    }),
  ]
}
