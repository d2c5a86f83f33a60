// SPDX-License-Identifier: Apache-2.0
/** The arguments of a word in a run: see `Args` of plugin.ts. One object for each word that is reached, so it is small. */
import { type CompiledValue, CompiledWord, VariableTexts, type WordShape } from '../compiled.ts'
import type { SplitAddress } from '../envelope.ts'
import { TextList } from '../match/text-list.ts'
import type { Place } from '../place.ts'
import type { Args, ComparatorDef, Matching } from '../plugin.ts'
import { firstOf, isAsking, type Maybe, then } from '../questions.ts'
import type { RunContext } from '../run-context.ts'
import type { SmallMap } from '../small-map.ts'
import type { Ended } from './ended.ts'

/** What arguments need of the interpreter. */
export interface Interpreter {
  evaluate(ctx: RunContext, word: CompiledWord): Maybe<boolean>
  runBlock(ctx: RunContext, word: CompiledWord): Maybe<Ended>
}

export class RunArgs implements Args, Matching {
  readonly word: CompiledWord
  readonly #ctx: RunContext
  readonly #interpreter: Interpreter

  constructor(word: CompiledWord, ctx: RunContext, interpreter: Interpreter) {
    this.word = word
    this.#ctx = ctx
    this.#interpreter = interpreter
  }

  get place(): Place {
    return this.word.place
  }

  runBlock(): Maybe<Ended> {
    return this.#interpreter.runBlock(this.#ctx, this.word)
  }

  has(name: string): boolean {
    return this.word.has(name)
  }

  /** The checker let nothing else pass: a definition asks for what it does not have. */
  #bug(name: string): never {
    throw new Error(`${this.word.def.name} has no ${name} of this type`)
  }

  string(name: string): string {
    return this.list(name).at(0)
  }

  strings(name: string): readonly string[] {
    return this.list(name).texts
  }

  list(name: string): TextList {
    const value = this.word.value(name)
    if (value instanceof TextList) return value
    return value instanceof VariableTexts ? value.expand(this.#ctx) : this.#bug(name)
  }

  number(name: string): number {
    const value = this.word.value(name)
    return typeof value === 'number' ? value : this.#bug(name)
  }

  test(name: string): Maybe<boolean> {
    const value = this.word.value(name)
    return value instanceof CompiledWord ? this.#interpreter.evaluate(this.#ctx, value) : this.#bug(name)
  }

  someTest(name: string, wanted: boolean): Maybe<boolean> {
    const tests = this.word.value(name)
    if (!isList(tests)) return this.#bug(name)
    for (let i = 0; i < tests.length; i++) {
      const holds = this.#interpreter.evaluate(this.#ctx, tests[i] as CompiledWord)
      if (isAsking(holds)) return then(holds, (held) => held === wanted || this.#someOf(tests.slice(i + 1), wanted))
      if (holds === wanted) return true
    }
    return false
  }

  #someOf(tests: readonly CompiledWord[], wanted: boolean): Maybe<boolean> {
    const look = (test: CompiledWord): Maybe<true | undefined> =>
      then(this.#interpreter.evaluate(this.#ctx, test), (holds) => (holds === wanted ? true : undefined))
    return then(firstOf(tests, look), (found) => found === true)
  }

  match(values: TextList): Maybe<boolean> {
    return this.#match.type.match(this.#ctx, values, this)
  }

  get #match(): NonNullable<WordShape['match']> {
    return this.word.shape.match ?? this.#bug('match type')
  }

  get keys(): TextList {
    return this.list(this.word.def.match?.keys ?? '')
  }

  get constant(): boolean {
    return this.word.value(this.word.def.match?.keys ?? '') instanceof TextList
  }

  get comparator(): ComparatorDef {
    return this.#match.comparator
  }

  get relation(): string {
    return this.#match.relation
  }

  get captures(): boolean {
    return this.word.def.match?.noCaptures !== true && this.#ctx.enabled('variables')
  }

  get data(): SmallMap<unknown> {
    return this.word.data
  }

  addressPart(address: SplitAddress): string | undefined {
    const { addressPart } = this.word.shape
    return addressPart === undefined ? this.#bug('address part') : addressPart.part(address, this.#ctx)
  }

  /** RFC 5260 §6: counts from 1, with `:last` from the end. */
  indexed<T>(items: readonly T[]): readonly T[] {
    if (!this.has('index')) return items
    const index = this.number('index')
    const item = this.has('last') ? items[items.length - index] : items[index - 1]
    return index === 0 || item === undefined ? [] : [item]
  }
}

const isList = (value: CompiledValue | undefined): value is readonly CompiledWord[] => Array.isArray(value)
