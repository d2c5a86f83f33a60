// SPDX-License-Identifier: Apache-2.0
/** The arguments of a word in a run: see `Args` of plugin.ts. */
import type { CompiledBlock, CompiledValue, CompiledWord } from '../compiled.ts'
import type { SplitAddress } from '../envelope.ts'
import { TextList } from '../match/text-list.ts'
import type { Place } from '../place.ts'
import type { Args } from '../plugin.ts'
import type { Maybe } from '../questions.ts'
import type { RunContext } from '../run-context.ts'

export type EvaluateTest = (ctx: RunContext, word: CompiledWord) => Maybe<boolean>

export class RunArgs implements Args {
  readonly word: CompiledWord
  readonly #ctx: RunContext
  readonly #evaluate: EvaluateTest

  constructor(word: CompiledWord, ctx: RunContext, evaluate: EvaluateTest) {
    this.word = word
    this.#ctx = ctx
    this.#evaluate = evaluate
  }

  get place(): Place {
    return this.word.place
  }

  get block(): CompiledBlock | undefined {
    return this.word.block
  }

  has(name: string): boolean {
    return this.word.values.has(name)
  }

  #value<T extends CompiledValue['type']>(name: string, type: T): Extract<CompiledValue, { type: T }> {
    const value = this.word.values.get(name)
    // The checker let nothing else pass; a definition asks for what it does not have.
    if (value === undefined || value.type !== type) throw new Error(`${this.word.def.name} has no ${type} ${name}`)
    return value as Extract<CompiledValue, { type: T }>
  }

  string(name: string): string {
    const [string] = this.#value(name, 'strings').strings
    return string?.constant ?? string?.expand(this.#ctx) ?? ''
  }

  strings(name: string): readonly string[] {
    return this.list(name).texts
  }

  list(name: string): TextList {
    const { constant, strings } = this.#value(name, 'strings')
    return constant ?? TextList.of(strings.map((string) => string.expand(this.#ctx)))
  }

  number(name: string): number {
    return this.#value(name, 'number').value
  }

  test(name: string): Maybe<boolean> {
    return this.#evaluate(this.#ctx, this.#value(name, 'test').test)
  }

  tests(name: string): readonly (() => Maybe<boolean>)[] {
    return this.#value(name, 'tests').tests.map((test) => () => this.#evaluate(this.#ctx, test))
  }

  match(values: TextList): Maybe<boolean> {
    const { match, def, data, values: bound } = this.word
    if (match === undefined || def.match === undefined) throw new Error(`${def.name} takes no match type`)
    const keys = bound.get(def.match.keys)
    return match.type.match(this.#ctx, {
      values,
      keys: this.list(def.match.keys),
      constant: keys?.type === 'strings' && keys.constant !== undefined,
      comparator: match.comparator,
      relation: match.relation,
      captures: def.match.noCaptures !== true && this.#ctx.enabled('variables'),
      data,
    })
  }

  addressPart(address: SplitAddress): string | undefined {
    const { addressPart, def } = this.word
    if (addressPart === undefined) throw new Error(`${def.name} takes no address part`)
    return addressPart.part(address, this.#ctx)
  }

  /** RFC 5260 §6: counts from 1, with `:last` from the end. */
  indexed<T>(items: readonly T[]): readonly T[] {
    if (!this.has('index')) return items
    const index = this.number('index')
    const item = this.has('last') ? items[items.length - index] : items[index - 1]
    return index === 0 || item === undefined ? [] : [item]
  }
}
