// SPDX-License-Identifier: Apache-2.0
/**
 * The wildcards of `:matches`, RFC 5228 §2.7.1: `*` any run, `?` one character, `\` quotes the next. Each `*` takes as
 * little as it can (RFC 5229 §3.2). Never turned into a regular expression: pieces between stars are searched one after
 * the other, from left to right, and none is searched again; at most value × piece steps, counted.
 */

/** Text between stars: its characters, `undefined` for `?`. */
type Piece = readonly (string | undefined)[]

export interface WildcardPattern {
  readonly pieces: readonly Piece[]
  /** For each `*` and `?` in order: the piece it stands behind or in, and where. */
  readonly slots: readonly { readonly piece: number; readonly unit: number }[]
}

/** A pattern without `?`: the texts between its stars. Most patterns are such, and they are searched as texts. */
export type LiteralPattern = readonly string[]

/** How a text is cut into what `?` matches. */
export type Units = (text: string) => readonly string[]

export function parseWildcards(key: string, fold: (text: string) => string, units: Units): WildcardPattern {
  const pieces: Piece[] = []
  const slots: { piece: number; unit: number }[] = []
  let current: (string | undefined)[] = []
  let text = ''
  const flushText = (): void => {
    if (text !== '') current.push(...units(text).map(fold))
    text = ''
  }
  const flush = (): void => {
    flushText()
    pieces.push(current)
    current = []
  }
  for (let at = 0; at < key.length; at++) {
    const character = key[at] ?? ''
    if (character === '*') {
      flush()
      slots.push({ piece: pieces.length - 1, unit: -1 })
    } else if (character === '?') {
      flushText()
      slots.push({ piece: pieces.length, unit: current.length })
      current.push(undefined)
    } else if (character === '\\' && at + 1 < key.length) text += key[++at] ?? ''
    else text += character
  }
  flush()
  return { pieces, slots }
}

/** The same pattern as texts; `undefined` where it has a `?`. */
export const literalOf = ({ pieces, slots }: WildcardPattern): LiteralPattern | undefined =>
  slots.some(({ unit }) => unit >= 0) ? undefined : pieces.map((units) => units.join(''))

/** Where each piece begins in a folded text, or `undefined` when it does not match; offsets count UTF-16 units. */
export function matchLiteral(pieces: LiteralPattern, value: string): readonly number[] | undefined {
  const first = pieces[0] ?? ''
  const last = pieces.length - 1
  if (last === 0) return value === first ? [0] : undefined
  if (!value.startsWith(first)) return undefined
  const starts = [0]
  let at = first.length
  for (let i = 1; i < last; i++) {
    const literal = pieces[i] ?? ''
    const found = value.indexOf(literal, at)
    if (found < 0) return undefined
    starts.push(found)
    at = found + literal.length
  }
  const end = pieces[last] ?? ''
  if (value.length - end.length < at || !value.endsWith(end)) return undefined
  starts.push(value.length - end.length)
  return starts
}

/** The same for patterns with `?`, over a value cut into units. */
export function matchUnits(
  { pieces }: WildcardPattern,
  value: readonly string[],
  spend: (steps: number) => void,
): readonly number[] | undefined {
  const last = pieces.length - 1
  const fits = (wanted: Piece = [], at: number): boolean => {
    if (at + wanted.length > value.length) return false
    for (let i = 0; i < wanted.length; i++) if (wanted[i] !== undefined && wanted[i] !== value[at + i]) return false
    return true
  }
  if (!fits(pieces[0], 0)) return undefined
  const first = pieces[0]?.length ?? 0
  if (last === 0) return value.length === first ? [0] : undefined
  const starts = [0]
  let at = first
  for (let i = 1; i < last; i++) {
    const piece = pieces[i]
    const length = piece?.length ?? 0
    const from = at
    while (at + length <= value.length && !fits(piece, at)) at++
    spend(((at - from) * (length + 1)) >> 6)
    if (at + length > value.length) return undefined
    starts.push(at)
    at += length
  }
  const end = value.length - (pieces[last]?.length ?? 0)
  if (end < at || !fits(pieces[last], end)) return undefined
  starts.push(end)
  return starts
}

/** What each `*` took, as `[from, to]` in UTF-16 units. */
export const starRanges = (pieces: LiteralPattern, starts: readonly number[]): readonly (readonly [number, number])[] =>
  pieces.slice(1).map((_next, star) => [(starts[star] ?? 0) + (pieces[star]?.length ?? 0), starts[star + 1] ?? 0])

/** What each `*` and `?` took, as `[from, to]` in units. */
export function slotRanges(
  { pieces, slots }: WildcardPattern,
  starts: readonly number[],
): readonly (readonly [number, number])[] {
  return slots.map(({ piece, unit }) => {
    const start = starts[piece] ?? 0
    if (unit >= 0) return [start + unit, start + unit + 1]
    const next = piece + 1 < pieces.length ? (starts[piece + 1] ?? 0) : start
    return [start + (pieces[piece]?.length ?? 0), next]
  })
}
