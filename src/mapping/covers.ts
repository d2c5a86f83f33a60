// SPDX-License-Identifier: Apache-2.0
/**
 * Does one pattern match everything another one does? Answers yes only where that is certain: the elements of the wider
 * pattern are laid over those of the narrower one, each taking whole elements, or whole characters of literal text.
 */
import { ANY, CharacterSet } from './character-set.ts'
import { inAddress, LONGEST } from './ip-text.ts'
import { holdsNetwork, isInNetwork } from './network.ts'
import type { Pattern, PatternElement } from './pattern.ts'

/** A character or an element of the narrower pattern. */
type Symbol =
  | { readonly kind: 'character'; readonly text: string }
  | Exclude<PatternElement, { readonly kind: 'literal' | 'again' }>

/** Pairs of elements and symbols looked at: beyond that the answer is no. */
const MOST_CELLS = 100_000

export function covers(wider: Pattern, narrower: Pattern): boolean {
  // What matches nothing is covered by anything, and reported by itself.
  if (wider.never !== undefined || narrower.never !== undefined) return false
  if (wider.hasBackMatch) return false
  const symbols = symbolsOf(narrower)
  const { elements } = wider
  const width = symbols.length + 1
  if ((elements.length + 1) * width > MOST_CELLS) return false
  /** Do the elements from i on cover the symbols from j on? */
  let next = new Uint8Array(width)
  next[width - 1] = 1
  for (let i = elements.length - 1; i >= 0; i--) {
    const row = new Uint8Array(width)
    const element = elements[i]
    for (let j = width - 1; j >= 0 && element !== undefined; j--) row[j] = layOver(element, symbols, j, row, next)
    next = row
  }
  return next[0] === 1
}

function layOver(
  element: PatternElement,
  symbols: readonly Symbol[],
  j: number,
  row: Uint8Array,
  next: Uint8Array,
): number {
  const symbol = symbols[j]
  switch (element.kind) {
    case 'literal': {
      const end = j + element.text.length
      for (let k = j; k < end; k++) {
        const each = symbols[k]
        if (each?.kind !== 'character' || each.text !== element.text[k - j]) return 0
      }
      return next[end] ?? 0
    }
    case 'one':
      return (symbol?.kind === 'character' || symbol?.kind === 'one') && within(symbol, element.set)
        ? (next[j + 1] ?? 0)
        : 0
    case 'many':
      if (next[j] === 1) return 1
      return symbol !== undefined && within(symbol, element.set) ? (row[j + 1] ?? 0) : 0
    case 'network':
      if (symbol?.kind === 'network') return holdsNetwork(element.network, symbol.network) ? (next[j + 1] ?? 0) : 0
      return writtenAddress(element, symbols, j, next)
    case 'again':
      return 0
    default:
      return element satisfies never
  }
}

/** Is every text of the symbol made of characters of the set? */
function within(symbol: Symbol, set: CharacterSet): boolean {
  if (set === ANY) return true
  switch (symbol.kind) {
    case 'character':
      return set.has(symbol.text.charCodeAt(0))
    case 'one':
    case 'many':
      return set.includes(symbol.set)
    case 'network':
      return set.includes(symbol.network.family === 4 ? IN_IPV4 : IN_IPV6)
    default:
      return symbol satisfies never
  }
}

/** An address written out in the narrower pattern, with nothing behind it that could belong to the address. */
function writtenAddress(
  { network }: Extract<PatternElement, { readonly kind: 'network' }>,
  symbols: readonly Symbol[],
  j: number,
  next: Uint8Array,
): number {
  let text = ''
  let end = j
  for (let symbol = symbols[end]; symbol?.kind === 'character' && text.length <= LONGEST[6]; symbol = symbols[++end]) {
    if (!inAddress(network.family, symbol.text.charCodeAt(0))) break
    text += symbol.text
  }
  const behind = symbols[end]
  if (behind !== undefined && behind.kind !== 'character') return 0
  return isInNetwork(network, text, 0, text.length, new Uint32Array(4)) ? (next[end] ?? 0) : 0
}

/** A back match counts as any text: that makes the narrower pattern wider, which is safe. */
const symbolsOf = ({ elements }: Pattern): readonly Symbol[] =>
  elements.flatMap((element): readonly Symbol[] => {
    if (element.kind === 'literal') return [...Array(element.text.length).keys()].map((i) => character(element.text[i]))
    if (element.kind !== 'again') return [element]
    return [{ kind: 'many', set: ANY, lazy: false, saved: false, from: element.from, to: element.to }]
  })

const character = (text = ''): Symbol => ({ kind: 'character', text })

export const IN_IPV4 = new CharacterSet().addAll('0123456789.')
export const IN_IPV6 = new CharacterSet().addAll('0123456789abcdef:.')
