// SPDX-License-Identifier: Apache-2.0
/**
 * Binds the arguments of a word to what its definition takes, RFC 5228 §2.6 and §2.7: tags first, then what is
 * positional. Everything that is wrong with the word is told of, not the first thing alone.
 */
import { type CompiledValue, type CompiledWord, type VariableString, VariableTexts } from '../compiled.ts'
import { TextList } from '../match/text-list.ts'
import type { Span } from '../place.ts'
import type { PositionalDef, TagDef, ValidateContext, WordDef } from '../plugin.ts'
import type { Registry } from '../registry.ts'
import { SmallMap } from '../small-map.ts'
import { type ArgumentNode, nameSpan, type TestNode, type WordNode } from '../syntax/tree.ts'
import type { Constants } from './constants.ts'
import { compileString } from './strings.ts'
import { suggest } from './suggest.ts'
import { findTag, type KnownTag, tagNames } from './tags.ts'

/** What stands in a word, `names` and `values` side by side. */
export interface Binding {
  readonly names: string[]
  readonly values: CompiledValue[]
  matchType: string | undefined
  relation: string | undefined
  comparator: string | undefined
  comparatorSpan: Span | undefined
  addressPart: string | undefined
}

/** How tests among the arguments are compiled. */
export type CompileTest = (node: TestNode) => CompiledWord

export function bindArguments(
  node: WordNode,
  word: WordDef,
  owner: string,
  registry: Registry,
  constants: Constants,
  ctx: ValidateContext,
  compileTest: CompileTest,
): Binding {
  return new Binder(node, word, owner, registry, constants, ctx, compileTest).bind()
}

const NO_POSITIONAL: readonly PositionalDef[] = []

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'a string',
  'string-list': 'a list of strings',
  number: 'a number',
  tag: 'a tag',
  test: 'a test',
  'test-list': 'a list of tests',
}

class Binder {
  readonly #node: WordNode
  readonly #word: WordDef
  readonly #owner: string
  readonly #registry: Registry
  readonly #constants: Constants
  readonly #ctx: ValidateContext
  readonly #compileTest: CompileTest
  readonly #binding: Binding = {
    names: [],
    values: [],
    matchType: undefined,
    relation: undefined,
    comparator: undefined,
    comparatorSpan: undefined,
    addressPart: undefined,
  }
  /** By group, the tag that is there. */
  readonly #groups = new SmallMap<string>()
  /** Tags that stand only beside another. */
  #needing: { readonly name: string; readonly needs: string; readonly span: Span }[] | undefined

  constructor(
    node: WordNode,
    word: WordDef,
    owner: string,
    registry: Registry,
    constants: Constants,
    ctx: ValidateContext,
    compileTest: CompileTest,
  ) {
    this.#node = node
    this.#word = word
    this.#owner = owner
    this.#registry = registry
    this.#constants = constants
    this.#ctx = ctx
    this.#compileTest = compileTest
  }

  bind(): Binding {
    const positional: ArgumentNode[] = []
    const args = this.#node.arguments
    for (let i = 0; i < args.length; i++) {
      const argument = args[i] as ArgumentNode
      if (argument.node !== 'tag') {
        positional.push(argument)
        continue
      }
      // RFC 5228 §2.6.2
      if (positional.length > 0)
        this.#ctx.error(argument, 'tag-position', `:${argument.name} must stand before the positional arguments`)
      const tag = this.#tag(argument.name, argument)
      if (tag?.def.value === undefined) {
        if (tag === undefined && this.#looksLikeValue(args[i + 1], args.length - i - 1)) i++
        continue
      }
      const value = args[i + 1]
      if (value === undefined || value.node === 'tag') {
        this.#ctx.error(argument, 'tag-value', `:${argument.name} needs ${TYPE_NAMES[tag.def.value]}`)
        continue
      }
      i++
      this.#tagValue(tag, value)
    }
    this.#positional(positional)
    this.#afterTags()
    return this.#binding
  }

  /** Behind a tag nobody knows, an argument too many is most likely its value. */
  #looksLikeValue(next: ArgumentNode | undefined, left: number): boolean {
    return next !== undefined && next.node !== 'tag' && left > (this.#word.positional?.length ?? 0)
  }

  #tag(name: string, span: Span): KnownTag | undefined {
    const tag = findTag(this.#registry, this.#word, this.#owner, name)
    if (tag === undefined) {
      const hint = suggest(name, tagNames(this.#registry, this.#word))
      this.#ctx.error(span, 'unknown-tag', `${this.#word.name} takes no :${name}${hint}`)
      return undefined
    }
    if (!this.#ctx.enabled(tag.extension))
      this.#ctx.error(span, 'missing-require', `:${name} needs require "${tag.extension}"`)
    const group = tag.def.group ?? `:${name}`
    const other = this.#groups.get(group)
    if (other === name) this.#ctx.error(span, 'duplicate-tag', `:${name} stands here twice`)
    else if (other !== undefined) this.#ctx.error(span, 'exclusive-tags', `:${name} cannot stand beside :${other}`)
    this.#groups.set(group, name)
    if (tag.sort === 'match-type') this.#binding.matchType = name
    else if (tag.sort === 'address-part') this.#binding.addressPart = name
    else if (tag.def.value === undefined) this.#put(tag.def.name, true)
    if (tag.def.needs !== undefined) {
      this.#needing ??= []
      this.#needing.push({ name, needs: tag.def.needs, span })
    }
    return tag
  }

  #tagValue({ def, sort }: KnownTag, node: ArgumentNode): void {
    const value = this.#value(node, def, def.value)
    if (value === undefined) return
    const text = value instanceof TextList ? value.at(0) : undefined
    if (sort === 'comparator' && text !== undefined) {
      this.#binding.comparator = text
      this.#binding.comparatorSpan = node
    } else if (sort === 'match-type' && text !== undefined) this.#relation(text, node)
    else this.#put(def.name, value)
  }

  #put(name: string, value: CompiledValue): void {
    const { names, values } = this.#binding
    const at = names.indexOf(name)
    if (at >= 0) values[at] = value
    else {
      names.push(name)
      values.push(value)
    }
  }

  /** RFC 5231 §4 */
  #relation(text: string, span: Span): void {
    const relation = text.toLowerCase()
    if (['gt', 'ge', 'lt', 'le', 'eq', 'ne'].includes(relation)) this.#binding.relation = relation
    else this.#ctx.error(span, 'relation', `${JSON.stringify(text.slice(0, 40))} is none of gt, ge, lt, le, eq, ne`)
  }

  #tooMany(node: ArgumentNode): void {
    const isCommand = !('node' in this.#node)
    if (isCommand && node.node === 'test' && this.#registry.commands.get(node.name) !== undefined) {
      // To the grammar the next command is a test of this one.
      const args = this.#node.arguments
      const { end } = args[args.indexOf(node) - 1] ?? nameSpan(this.#node)
      this.#ctx.error({ start: end, end: end + 1 }, 'missing-semicolon', `expected ; behind ${this.#word.name}`)
    } else this.#ctx.error(node, 'too-many-arguments', `${this.#word.name} takes no further argument`)
  }

  #positional(given: readonly ArgumentNode[]): void {
    const defs = this.#word.positional ?? NO_POSITIONAL
    const taken = given.length >= defs.length ? defs : defs.filter(({ optional }) => optional !== true)
    for (let i = 0; i < given.length; i++) {
      const node = given[i] as ArgumentNode
      const def = taken[i]
      if (def === undefined) {
        this.#tooMany(node)
        continue
      }
      const value = this.#value(node, def, def.type)
      if (value !== undefined) this.#put(def.name, value)
    }
    const missing = taken[given.length]
    if (missing !== undefined)
      this.#ctx.error(
        nameSpan(this.#node),
        'missing-argument',
        `${this.#word.name} needs ${TYPE_NAMES[missing.type]}: ${missing.name}`,
      )
  }

  #value(
    node: ArgumentNode,
    def: PositionalDef | TagDef,
    wanted: PositionalDef['type'] | undefined,
  ): CompiledValue | undefined {
    if (wanted === 'number' && node.node === 'number') return node.value
    if (wanted === 'test' && node.node === 'test') return this.#compileTest(node)
    if (wanted === 'test-list' && node.node === 'test-list') return node.tests.map(this.#compileTest)
    if ((wanted === 'string' || wanted === 'string-list') && node.node === 'string') {
      const string = compileString(node, this.#ctx)
      return typeof string === 'string' ? this.#constants.one(string) : this.#variable([string], def, node)
    }
    if (wanted === 'string-list' && node.node === 'string-list') {
      const strings = node.strings.map((string) => compileString(string, this.#ctx))
      return strings.every((string) => typeof string === 'string')
        ? this.#constants.list(strings)
        : this.#variable(strings, def, node)
    }
    // Tests that stand in a wrong place are looked at all the same: one mistake shall not hide others.
    if (node.node === 'test') this.#compileTest(node)
    if (node.node === 'test-list') node.tests.forEach(this.#compileTest)
    const what = 'type' in def ? `${this.#word.name}: ${def.name}` : `:${def.name}`
    this.#ctx.error(node, 'argument-type', `${what} is ${TYPE_NAMES[wanted ?? '']}, not ${TYPE_NAMES[node.node]}`)
    return undefined
  }

  #variable(
    strings: readonly (string | VariableString)[],
    { literal, name }: PositionalDef | TagDef,
    span: Span,
  ): VariableTexts {
    if (literal === true) this.#ctx.error(span, 'not-literal', `${name} must be known beforehand: no variables here`)
    return new VariableTexts(strings)
  }

  #afterTags(): void {
    const { names } = this.#binding
    for (const { name, needs, span } of this.#needing ?? [])
      if (!names.includes(needs)) this.#ctx.error(span, 'tag-needs', `:${name} needs :${needs} beside it`)
    if (this.#word.oneOf === undefined) return
    for (const group of this.#word.oneOf) {
      if (this.#groups.has(group)) continue
      const names = (this.#word.tags ?? []).filter((tag) => (tag.group ?? `:${tag.name}`) === group)
      const list = names.map(({ name }) => `:${name}`).join(', ')
      this.#ctx.error(nameSpan(this.#node), 'missing-tag', `${this.#word.name} needs one of ${list}`)
    }
  }
}
