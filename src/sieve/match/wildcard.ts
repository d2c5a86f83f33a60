// SPDX-License-Identifier: Apache-2.0
/**
 * The wildcards of `:matches`, RFC 5228 §2.7.1: `*` any run, `?` one character, `\` quotes the next. Each `*` takes as
 * little as it can (RFC 5229 §3.2). Never turned into a regular expression: pieces between stars are searched one after
 * the other, from left to right, and none is searched again; at most value × piece steps, counted.
 */

/** Text between stars: its characters, `undefined` for `?`. */
interface Piece {
  readonly units: readonly (string | undefined)[]
  /** The whole piece, where it has no `?`. */
  readonly literal: string | undefined
}

export interface WildcardPattern {
  readonly pieces: readonly Piece[]
  /** For each `*` and `?` in order: the piece it stands behind or in, and where. */
  readonly slots: readonly { readonly piece: number; readonly unit: number }[]
  readonly hasQuestion: boolean
}

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
    pieces.push({ units: current, literal: current.includes(undefined) ? undefined : current.join('') })
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
  return { pieces, slots, hasQuestion: slots.some(({ unit }) => unit >= 0) }
}

/**
 * Where each piece begins in the value, or `undefined` when it does not match. Without `?` the values are plain folded
 * texts and the offsets count UTF-16 units.
 */
export function matchLiteral(pattern: WildcardPattern, value: string): readonly number[] | undefined {
  const { pieces } = pattern
  const first = pieces[0]?.literal ?? ''
  const last = pieces.length - 1
  if (last === 0) return value === first ? [0] : undefined
  if (!value.startsWith(first)) return undefined
  const starts = [0]
  let at = first.length
  for (let i = 1; i < last; i++) {
    const literal = pieces[i]?.literal ?? ''
    const found = value.indexOf(literal, at)
    if (found < 0) return undefined
    starts.push(found)
    at = found + literal.length
  }
  const end = pieces[last]?.literal ?? ''
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
  const fits = (piece: Piece | undefined, at: number): boolean => {
    const wanted = piece?.units ?? []
    if (at + wanted.length > value.length) return false
    for (let i = 0; i < wanted.length; i++) if (wanted[i] !== undefined && wanted[i] !== value[at + i]) return false
    return true
  }
  if (!fits(pieces[0], 0)) return undefined
  const first = pieces[0]?.units.length ?? 0
  if (last === 0) return value.length === first ? [0] : undefined
  const starts = [0]
  let at = first
  for (let i = 1; i < last; i++) {
    const piece = pieces[i]
    const length = piece?.units.length ?? 0
    const from = at
    while (at + length <= value.length && !fits(piece, at)) at++
    spend(((at - from) * (length + 1)) >> 6)
    if (at + length > value.length) return undefined
    starts.push(at)
    at += length
  }
  const end = value.length - (pieces[last]?.units.length ?? 0)
  if (end < at || !fits(pieces[last], end)) return undefined
  starts.push(end)
  return starts
}

/** What each `*` and `?` took, as `[from, to]` in units. */
export function slotRanges(
  { pieces, slots }: WildcardPattern,
  starts: readonly number[],
  lengthOf: (piece: number) => number,
): readonly (readonly [number, number])[] {
  return slots.map(({ piece, unit }) => {
    const start = starts[piece] ?? 0
    if (unit >= 0) return [start + unit, start + unit + 1]
    const next = piece + 1 < pieces.length ? (starts[piece + 1] ?? 0) : start
    return [start + lengthOf(piece), next]
  })
}
