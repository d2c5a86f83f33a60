// SPDX-License-Identifier: Apache-2.0
/**
 * A checked script: words with their arguments bound, ready to run. A script of thousands of rules has to stay small:
 * where its words stand is found again in its text when somebody asks, and what words have in common they share.
 */
import type { ScriptText } from './diagnostic.ts'
import { SIEVE_LIMITS } from './limits.ts'
import { TextList } from './match/text-list.ts'
import type { Place, Span } from './place.ts'
import type { AddressPartDef, ComparatorDef, MatchTypeDef, WordDef } from './plugin.ts'
import type { RunContext } from './run-context.ts'
import { SmallMap } from './small-map.ts'
import { parseWordAt } from './syntax/parse.ts'
import { type ArgumentNode, nameSpan, type WordNode } from './syntax/tree.ts'

/** A string with variables in it. */
export interface VariableString {
  expand(ctx: RunContext): string
}

/** Strings of which one at least has variables; the others are themselves. */
export class VariableTexts {
  readonly strings: readonly (string | VariableString)[]

  constructor(strings: readonly (string | VariableString)[]) {
    this.strings = strings
  }

  expand(ctx: RunContext): TextList {
    return TextList.of(this.strings.map((string) => (typeof string === 'string' ? string : string.expand(ctx))))
  }
}

/** The value of an argument; `true` of a tag without one. */
export type CompiledValue = TextList | VariableTexts | number | true | CompiledWord | readonly CompiledWord[]

export type CompiledBlock = readonly CompiledWord[]

/** What the words of a script that are alike share. */
export interface WordShape {
  readonly def: WordDef
  readonly script: ScriptText
  /** Tags and positional arguments that are there, tags first. */
  readonly names: readonly string[]
  readonly match:
    | { readonly type: MatchTypeDef; readonly comparator: ComparatorDef; readonly relation: string }
    | undefined
  readonly addressPart: AddressPartDef | undefined
}

export class CompiledWord {
  readonly shape: WordShape
  /** Where it begins in the script. */
  readonly start: number
  /** In the order of `shape.names`. */
  readonly values: readonly CompiledValue[]
  /** Put in place once, when what stands in it is compiled. */
  block: CompiledBlock | undefined = undefined
  #data: SmallMap<unknown> | undefined

  constructor(shape: WordShape, start: number, values: readonly CompiledValue[]) {
    this.shape = shape
    this.start = start
    this.values = values
  }

  get def(): WordDef {
    return this.shape.def
  }

  get place(): Place {
    return this.shape.script.placeAt(this.start)
  }

  /** As it was written, read again. */
  get node(): WordNode {
    return parseWordAt(this.shape.script, this.start, SIEVE_LIMITS)
  }

  /** What `validate` keeps for the run, and a match type of its keys. */
  get data(): SmallMap<unknown> {
    this.#data ??= new SmallMap()
    return this.#data
  }

  has(name: string): boolean {
    return this.#indexOf(name) >= 0
  }

  value(name: string): CompiledValue | undefined {
    return this.values[this.#indexOf(name)]
  }

  /** The strings of an argument as far as they are known beforehand; empty when it has none. */
  constants(name: string): readonly (string | undefined)[] {
    const value = this.value(name)
    if (value instanceof TextList) return value.texts
    if (!(value instanceof VariableTexts)) return []
    return value.strings.map((string) => (typeof string === 'string' ? string : undefined))
  }

  /** The string of an argument that has one, where it is known beforehand. */
  constant(name: string): string | undefined {
    return this.constants(name)[0]
  }

  get nameSpan(): Span {
    return nameSpan(this.node)
  }

  /** Where an argument stands, or one string of its list; the name of the word where the argument is not there. */
  spanOf(name: string, index?: number): Span {
    const node = this.argumentNode(name)
    if (node === undefined) return this.nameSpan
    return (node.node === 'string-list' && index !== undefined ? node.strings[index] : undefined) ?? node
  }

  argumentNode(name: string): ArgumentNode | undefined {
    const args = this.node.arguments
    // What is positional stands behind all tags, and is all there.
    const positional = this.shape.names.filter((other) => this.def.positional?.some((def) => def.name === other))
    const at = positional.indexOf(name)
    if (at >= 0) return args[args.length - positional.length + at]
    const tag = args.findIndex((argument) => argument.node === 'tag' && argument.name === name)
    return tag < 0 ? undefined : args[this.value(name) === true ? tag : tag + 1]
  }

  #indexOf(name: string): number {
    const { names } = this.shape
    for (let i = 0; i < names.length; i++) if (names[i] === name) return i
    return -1
  }
}
