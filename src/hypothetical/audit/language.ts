// SPDX-License-Identifier: Apache-2.0
/**
 * Sets of strings, to reason about mapping tables without trying every string: what a pattern matches, and what probes
 * look like. Strings are folded (ASCII letters in lower case), characters are UTF-16 units, as in the language itself.
 */
import { ANY, type CharacterSet } from '../../mapping/character-set.ts'
import { IN_IPV4, IN_IPV6 } from '../../mapping/covers.ts'
import type { AddressNetwork } from '../../mapping/network.ts'
import type { Pattern } from '../../mapping/pattern.ts'

export type Language =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'one'; readonly set: CharacterSet }
  /** None or more. */
  | { readonly kind: 'many'; readonly set: CharacterSet }
  | { readonly kind: 'sequence'; readonly parts: readonly Language[] }
  | { readonly kind: 'either'; readonly of: readonly Language[] }
  /** None or more times. */
  | { readonly kind: 'repeat'; readonly of: Language }
  /** The next character, if there is one, is not of the set. */
  | { readonly kind: 'not-before'; readonly set: CharacterSet }

export const text = (of: string): Language => ({ kind: 'text', text: of })
export const one = (set: CharacterSet): Language => ({ kind: 'one', set })
export const many = (set: CharacterSet): Language => ({ kind: 'many', set })
export const sequence = (...parts: readonly Language[]): Language => ({ kind: 'sequence', parts })
export const either = (...of: readonly Language[]): Language => ({ kind: 'either', of })
export const repeat = (of: Language): Language => ({ kind: 'repeat', of })
export const NOTHING: Language = either()

/**
 * What a pattern matches. `over`: perhaps more than that, `under`: perhaps less; both are exact but for back matches and
 * IPv6 networks.
 */
export function languageOf(pattern: Pattern, side: 'over' | 'under'): Language {
  if (pattern.never !== undefined) return NOTHING
  if (side === 'under' && pattern.hasBackMatch) return NOTHING
  return sequence(
    ...pattern.elements.map((element): Language => {
      switch (element.kind) {
        case 'literal':
          return text(element.text)
        case 'one':
          return one(element.set)
        case 'many':
          return many(element.set)
        case 'network':
          return networkLanguage(element.network, side)
        case 'again':
          return many(ANY)
        default:
          return element satisfies never
      }
    }),
  )
}

/** An address takes all characters that could belong to it (mapping/ip-text.ts). */
function networkLanguage(network: AddressNetwork, side: 'over' | 'under'): Language {
  if (network.family === 4) return sequence(dotted(network.value, network.bits), { kind: 'not-before', set: IN_IPV4 })
  if (side === 'under') return NOTHING
  return sequence(one(IN_IPV6), many(IN_IPV6), { kind: 'not-before', set: IN_IPV6 })
}

/** Four octets with up to three digits each, whose first `bits` bits are those of `value`. */
function dotted(value: number, bits: number): Language {
  const octets = [24, 16, 8, 0].map((shift, i) => {
    const fixed = Math.max(0, Math.min(8, bits - 8 * i))
    const least = (value >>> shift) & 0xff
    return octet(least, least + 2 ** (8 - fixed) - 1)
  })
  return sequence(...octets.flatMap((each, i) => (i === 0 ? [each] : [text('.'), each])))
}

/** As a tree, digit by digit, so that few ways are open at a time. */
function octet(from: number, to: number, widths: readonly number[] = [1, 2, 3]): Language {
  const written = new Set<string>()
  for (let n = from; n <= to; n++) for (const width of widths) written.add(String(n).padStart(width, '0'))
  return treeOf([...written])
}

function treeOf(words: readonly string[]): Language {
  const byFirst = new Map<string, string[]>()
  let ends = false
  for (const word of words) {
    const first = word[0]
    if (first === undefined) ends = true
    else byFirst.set(first, [...(byFirst.get(first) ?? []), word.slice(1)])
  }
  const ways = [...byFirst].map(([first, rest]) => sequence(text(first), treeOf(rest)))
  return either(...(ends ? [text('')] : []), ...ways)
}

const OCTET = octet(0, 255, [1])

/** Any IPv4 address, as a socket gives it. */
export const IPV4: Language = sequence(OCTET, text('.'), OCTET, text('.'), OCTET, text('.'), OCTET)

/** Any IPv6 address, with its zone where it has one (RFC 4007 §11), and more than that. */
export const IPV6: Language = sequence(
  many(IN_IPV6),
  text(':'),
  many(IN_IPV6),
  either(text(''), sequence(text('%'), many(ANY))),
)
