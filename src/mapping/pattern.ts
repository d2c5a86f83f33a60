// SPDX-License-Identifier: Apache-2.0
/** What a pattern is made of. spec mapping-tables.md 3. */
import type { CharacterSet } from './character-set.ts'
import type { AddressNetwork } from './network.ts'

/** Where an element stands in the pattern as written. */
interface Written {
  readonly from: number
  readonly to: number
}

/** `saved`: the text it matches is a field; fields are numbered from 0 in the order of the pattern. */
export type PatternElement = Written &
  (
    | { readonly kind: 'literal' /** Folded. */; readonly text: string }
    /** `%` or a class with `%`. */
    | { readonly kind: 'one'; readonly set: CharacterSet; readonly saved: boolean }
    /** `*` or a class with `*`. `lazy`: as little as lets the rest match, else as much. */
    | { readonly kind: 'many'; readonly set: CharacterSet; readonly lazy: boolean; readonly saved: boolean }
    | { readonly kind: 'network'; readonly network: AddressNetwork; readonly saved: boolean }
    /** The text of an earlier field again. */
    | { readonly kind: 'again'; readonly field: number; readonly saved: boolean }
  )

export interface Pattern {
  readonly elements: readonly PatternElement[]
  /** How many fields it has. Only the first ten have names. */
  readonly fields: number
  readonly hasBackMatch: boolean
  /** Characters that any text it matches has at least. */
  readonly minLength: number
  /** Why it can match nothing, where that is so: it was reported at load. */
  readonly never?: string
}
