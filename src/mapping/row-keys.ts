// SPDX-License-Identifier: Apache-2.0
/**
 * What a probe must show for a pattern to have a chance: literal text at its beginning, at its end or somewhere, or an
 * address of a network. Any one of these can file a row in the index; `row-index.ts` takes the rarest.
 */

import { inAddress } from './ip-text.ts'
import { hashText, type KeyKind, keyOf } from './key-hash.ts'
import { hashNetwork } from './network.ts'
import type { Pattern, PatternElement } from './pattern.ts'

export interface RowKey {
  readonly key: number
  readonly kind: KeyKind
  /** Length of the piece of text, or bits of the prefix. */
  readonly length: number
  /** An address that can only begin where a run of address characters begins: there are fewer places to look. */
  readonly runStart: boolean
}

/** Pieces from the middle are looked for at every place, so they come in few lengths. The longest that fits is taken. */
export const INNER_LENGTHS: readonly number[] = [64, 32, 16, 8, 4, 2]

/** Empty: nothing in the pattern helps to find it. The most telling kinds come first. */
export function keysOf({ elements }: Pattern): RowKey[] {
  const first = elements[0]
  if (elements.length === 1 && first?.kind === 'literal') return [textKey('whole', first.text)]
  const keys: RowKey[] = []
  for (const [i, element] of elements.entries())
    if (element.kind === 'network') keys.push(networkKey(element, elements[i - 1]))
  for (const [i, element] of elements.entries()) {
    if (element.kind !== 'literal') continue
    if (i === 0) keys.push(textKey('prefix', element.text))
    if (i === elements.length - 1) keys.push(textKey('suffix', element.text))
    if (i > 0 && i < elements.length - 1) keys.push(...innerKeys(element.text))
  }
  return keys
}

/** Three pieces of the text: what its neighbours share with it is often at one end only. */
function innerKeys(text: string): RowKey[] {
  const length = INNER_LENGTHS.find((fits) => fits <= text.length)
  if (length === undefined) return []
  const spare = text.length - length
  return [...new Set([0, spare >> 1, spare])].map((from) => textKey('inner', text.slice(from, from + length)))
}

const textKey = (kind: KeyKind, text: string): RowKey => ({
  kind,
  key: keyOf(kind, text.length, hashText(text)),
  length: text.length,
  runStart: false,
})

function networkKey(
  { network }: Extract<PatternElement, { readonly kind: 'network' }>,
  before: PatternElement | undefined,
): RowKey {
  const { family, bits } = network
  const runStart =
    before === undefined ||
    (before.kind === 'literal' && !inAddress(family, before.text.charCodeAt(before.text.length - 1)))
  const kind = family === 4 ? 'ipv4' : 'ipv6'
  return { kind, key: keyOf(kind, bits, hashNetwork(network)), length: bits, runStart }
}
