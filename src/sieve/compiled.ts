// SPDX-License-Identifier: Apache-2.0
/** A checked script: words with their arguments bound, ready to run. Nothing in it changes in a run. */

import type { TextList } from './match/text-list.ts'
import type { Place, Span } from './place.ts'
import type { AddressPartDef, ComparatorDef, MatchTypeDef, WordDef } from './plugin.ts'
import type { RunContext } from './run-context.ts'
import type { SmallMap } from './small-map.ts'
import type { WordNode } from './syntax/tree.ts'

/** A string of the script: the same in each run, or made of variables. */
export interface CompiledString extends Span {
  /** Absent where it has variables. */
  readonly constant?: string
  expand(ctx: RunContext): string
}

export type CompiledValue =
  | {
      readonly type: 'strings'
      /** One string, not a list. */
      readonly single: boolean
      readonly strings: readonly CompiledString[]
      /** Where none has variables. */
      readonly constant?: TextList
      readonly span: Span
    }
  | { readonly type: 'number'; readonly value: number; readonly span: Span }
  | { readonly type: 'test'; readonly test: CompiledWord; readonly span: Span }
  | { readonly type: 'tests'; readonly tests: readonly CompiledWord[]; readonly span: Span }
  /** A tag without value. */
  | { readonly type: 'set'; readonly span: Span }

export interface CompiledBlock {
  readonly commands: readonly CompiledWord[]
}

export interface CompiledWord {
  readonly def: WordDef
  /** The extension that defines it; `''` for the core. */
  readonly extension: string
  readonly node: WordNode
  readonly place: Place
  /** Positional arguments by their names, tags by theirs. */
  readonly values: Pick<SmallMap<CompiledValue>, 'get' | 'has'>
  readonly match?:
    | { readonly type: MatchTypeDef; readonly comparator: ComparatorDef; readonly relation: string }
    | undefined
  readonly addressPart?: AddressPartDef | undefined
  readonly block?: CompiledBlock | undefined
  /** What `validate` keeps for the run. */
  readonly data: SmallMap<unknown>
}
