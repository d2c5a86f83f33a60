// SPDX-License-Identifier: Apache-2.0
/** `:is`, `:contains` and `:matches`, RFC 5228 §2.7.1. */
import type { ComparatorDef, Matching, MatchTypeDef } from '../plugin.ts'
import type { RunContext } from '../run-context.ts'
import { isAscii, octetsToText, shown, textToOctets } from '../text.ts'
import { matchLiteral, matchUnits, parseWildcards, slotRanges, type Units, type WildcardPattern } from './wildcard.ts'

/** Comparisons kept of one test in a trace. */
const MAX_COMPARED = 16
/** From so many constant keys on, `:is` looks them up. */
const MANY_KEYS = 6

export function traceCompared(ctx: RunContext, value: string, key?: string): void {
  const { compared } = ctx
  if (compared === undefined || compared.length >= MAX_COMPARED) return
  compared.push(key === undefined ? { value: shown(value) } : { value: shown(value), key: shown(key) })
}

export const IS: MatchTypeDef = {
  name: 'is',
  match(ctx, { values, keys, constant, comparator, data }) {
    const texts = values.folded(comparator)
    const wanted = keys.folded(comparator)
    if (constant && wanted.length >= MANY_KEYS) {
      let set = data.get('keys') as ReadonlySet<string> | undefined
      if (set === undefined) {
        set = new Set(wanted)
        data.set('keys', set)
      }
      for (let v = 0; v < texts.length; v++) {
        ctx.spend(1)
        const text = texts[v] ?? ''
        const hit = set.has(text)
        if (ctx.compared !== undefined)
          traceCompared(ctx, values.texts[v] ?? '', hit ? keys.texts[wanted.indexOf(text)] : undefined)
        if (hit) return true
      }
      return false
    }
    return compareEach(ctx, values.texts, keys.texts, texts, wanted, (text, key) => text === key)
  },
}

export const CONTAINS: MatchTypeDef = {
  name: 'contains',
  substring: true,
  match: (ctx, { values, keys, comparator }) =>
    compareEach(ctx, values.texts, keys.texts, values.folded(comparator), keys.folded(comparator), (text, key) =>
      text.includes(key),
    ),
}

/** Searching a text is text × key at worst (`ba…a` in `a…a`); most keys are short. */
const searchCost = (value: number, key: number): number => 1 + (value >> 8) * (1 + (key >> 5))

function compareEach(
  ctx: RunContext,
  valueTexts: readonly string[],
  keyTexts: readonly string[],
  values: readonly string[],
  keys: readonly string[],
  holds: (value: string, key: string) => boolean,
): boolean {
  for (let v = 0; v < values.length; v++) {
    const value = values[v] ?? ''
    for (let k = 0; k < keys.length; k++) {
      const key = keys[k] ?? ''
      ctx.spend(searchCost(value.length, key.length))
      if (!holds(value, key)) continue
      if (ctx.compared !== undefined) traceCompared(ctx, valueTexts[v] ?? '', keyTexts[k])
      return true
    }
    if (ctx.compared !== undefined) traceCompared(ctx, valueTexts[v] ?? '')
  }
  return false
}

export const MATCHES: MatchTypeDef = {
  name: 'matches',
  substring: true,
  match(ctx, matching) {
    const patterns = patternsOf(matching)
    const { values, keys, comparator } = matching
    const folded = values.folded(comparator)
    for (let v = 0; v < folded.length; v++) {
      const value = values.texts[v] ?? ''
      for (let k = 0; k < patterns.length; k++) {
        ctx.spend(searchCost(value.length, keys.texts[k]?.length ?? 0))
        const pattern = patterns[k]
        if (pattern === undefined) continue
        const captures = matchOne(ctx, pattern, value, folded[v] ?? '', matching)
        if (captures === undefined) continue
        if (ctx.compared !== undefined) traceCompared(ctx, value, keys.texts[k])
        if (captures !== NO_CAPTURES) ctx.variables.setMatched(captures)
        return true
      }
      if (ctx.compared !== undefined) traceCompared(ctx, value)
    }
    return false
  },
}

const NO_CAPTURES: readonly string[] = []

const CHARACTERS: Units = (text) => [...text]
/** Octets of UTF-8, each as the character of its number. */
const OCTETS: Units = (text) => (isAscii(text) ? text.split('') : textToOctets(text).toString('latin1').split(''))

const unitsOf = (comparator: ComparatorDef): Units => (comparator.unit === 'octet' ? OCTETS : CHARACTERS)

function patternsOf({ keys, constant, comparator, data }: Matching): readonly WildcardPattern[] {
  const known = data.get('patterns') as readonly WildcardPattern[] | undefined
  if (known !== undefined) return known
  const { fold } = comparator
  const patterns = keys.texts.map((key) => {
    // Pieces without `?` are searched as texts; cutting them into octets would only slow that down.
    const plain = parseWildcards(key, fold, CHARACTERS)
    return plain.hasQuestion ? parseWildcards(key, fold, unitsOf(comparator)) : plain
  })
  if (constant) data.set('patterns', patterns)
  return patterns
}

/** What `${0}` and on are after a match; NO_CAPTURES when nobody wants them. */
function matchOne(
  ctx: RunContext,
  pattern: WildcardPattern,
  value: string,
  folded: string,
  { comparator, captures }: Matching,
): readonly string[] | undefined {
  // Offsets of a folded text are those of the text itself, unless characters change their length.
  const aligned = folded.length === value.length
  if (!pattern.hasQuestion && (aligned || !captures)) {
    const starts = matchLiteral(pattern, folded)
    if (starts === undefined || !captures) return starts === undefined ? undefined : NO_CAPTURES
    const ranges = slotRanges(pattern, starts, (piece) => pattern.pieces[piece]?.literal?.length ?? 0)
    return [value, ...ranges.map(([from, to]) => value.slice(from, to))]
  }
  const units = pattern.hasQuestion ? unitsOf(comparator)(value) : CHARACTERS(value)
  ctx.spend(units.length >> 6)
  const starts = matchUnits(pattern, units.map(comparator.fold), (steps) => ctx.spend(steps))
  if (starts === undefined || !captures) return starts === undefined ? undefined : NO_CAPTURES
  const ranges = slotRanges(pattern, starts, (piece) => pattern.pieces[piece]?.units.length ?? 0)
  const octets = comparator.unit === 'octet' && !isAscii(value) && pattern.hasQuestion
  return [
    value,
    ...ranges.map(([from, to]) => {
      const text = units.slice(from, to).join('')
      return octets ? octetsToText(Buffer.from(text, 'latin1')) : text
    }),
  ]
}
