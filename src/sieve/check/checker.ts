// SPDX-License-Identifier: Apache-2.0
/**
 * Makes a syntax tree into a program: finds what each name means among the extensions that are required, binds arguments,
 * and lets every definition look at its words. All that is wrong is told of in one go; what has mistakes never runs.
 */
import { type CompiledBlock, type CompiledValue, CompiledWord, type WordShape } from '../compiled.ts'
import { Diagnostics } from '../diagnostic.ts'
import type { SieveLimits } from '../limits.ts'
import type { Span } from '../place.ts'
import type {
  ConfigKey,
  EnvelopePartDef,
  EnvItemDef,
  NamespaceDef,
  NotifyMethodDef,
  ValidateContext,
  WordDef,
} from '../plugin.ts'
import { allowedAt, type Owned, type Registry } from '../registry.ts'
import {
  type BlockNode,
  type CommandNode,
  nameSpan,
  type ScriptNode,
  type TestNode,
  type WordNode,
} from '../syntax/tree.ts'
import { type Binding, bindArguments } from './bind.ts'
import { Constants } from './constants.ts'
import { Requires } from './requires.ts'
import { Shapes } from './shapes.ts'
import { suggest } from './suggest.ts'

export interface CheckOptions {
  readonly registry: Registry
  readonly limits: SieveLimits
  readonly config: <T>(key: ConfigKey<T>) => T
  /** `WordDef.levels`; a script without a level may use everything. */
  readonly level?: string
  /** Extensions required from the beginning: those of scripts that plug-ins make. */
  readonly enabled?: readonly string[]
}

export interface Checked {
  readonly block: CompiledBlock
  readonly enabled: ReadonlySet<string>
  readonly perRecipient: boolean
}

/** Stands for a word that is not there, behind an `ihave` that said so. Reaching it is an error. */
const ABSENT: WordDef = {
  name: 'absent',
  kind: 'both',
  execute: (ctx, args) => ctx.fail('absent', `${args.word.node.name} is not there`, args),
  evaluate: (ctx, args) => ctx.fail('absent', `${args.word.node.name} is not there`, args),
}

const NO_VALUES: readonly CompiledValue[] = []

export class Checker implements ValidateContext {
  readonly #options: CheckOptions
  readonly #requires: Requires
  readonly #words: CompiledWord[] = []
  readonly #constants = new Constants()
  readonly #shapes: Shapes
  #report: Diagnostics
  #lenient = false
  #perRecipient = false
  #begun = false
  readonly inside: CompiledWord[] = []

  constructor(report: Diagnostics, options: CheckOptions) {
    this.#report = report
    this.#options = options
    this.#shapes = new Shapes(report.script)
    this.#requires = new Requires(options.registry, options.level, options.enabled ?? [])
  }

  /** `script`: all of it, for those who look at it as a whole. */
  check(commands: Iterable<CommandNode>, script: () => ScriptNode): Checked {
    const block = this.#commands(commands, true)
    if (this.#report.errors === 0)
      for (const [name, extension] of this.#options.registry.extensions)
        if (this.#requires.enabled.has(name)) extension.afterCheck?.(script(), this.#words, this)
    if (this.#report.errors === 0) this.#requires.reportIdle(this.#report)
    return { block, enabled: this.#requires.enabled, perRecipient: this.#perRecipient }
  }

  readonly #isEnabled = (extension: string): boolean => this.#requires.enabled.has(extension)

  get report(): Diagnostics {
    return this.#report
  }

  get limits(): SieveLimits {
    return this.#options.limits
  }

  enabled(extension: string): boolean {
    return this.#requires.has(extension)
  }

  enable(extension: string, span: Span, required = false): boolean {
    return this.#requires.add(extension, span, required, this.#report)
  }

  /** A script without a level may use everything. */
  #allowed(levels: readonly string[] | undefined): boolean {
    return allowedAt(levels, this.#options.level)
  }

  lenient(): void {
    this.#lenient = true
  }

  supports(extension: string): boolean {
    return this.#requires.supports(extension)
  }

  config<T>(key: ConfigKey<T>): T {
    return this.#options.config(key)
  }

  error(span: Span, code: string, message: string): void {
    this.#report.error('validate', code, span, message)
  }

  warning(span: Span, code: string, message: string): void {
    this.#report.warning('validate', code, span, message)
  }

  notifyMethod(scheme: string): NotifyMethodDef | undefined {
    return this.#options.registry.notifyMethods.get(scheme)?.def
  }

  envelopePart(name: string): EnvelopePartDef | undefined {
    return this.#options.registry.envelopePart(name, this.#options.level)
  }

  environmentItem(name: string): EnvItemDef | undefined {
    return this.#options.registry.environmentItems.get(name)?.def
  }

  namespace(name: string): NamespaceDef | undefined {
    const found = this.#options.registry.namespaces.get(name)
    return found !== undefined && this.enabled(found.extension) ? found.def : undefined
  }

  #commands(nodes: Iterable<CommandNode>, top: boolean): CompiledBlock {
    const compiled: CompiledWord[] = []
    let before: WordDef | undefined
    const lenientOutside = this.#lenient
    let told = false
    for (const node of nodes) {
      const found = this.#options.registry.commands.meant(node.name, this.#isEnabled)
      const follows = found?.def.follows
      const chained = follows !== undefined && before !== undefined && follows.includes(before.name)
      // What an `ihave` allowed ends with the chain of if, elsif and else it stands in.
      if (!chained) this.#lenient = lenientOutside
      if (follows !== undefined && !chained)
        this.error(nameSpan(node), 'misplaced', `${node.name} must stand directly behind ${follows.join(' or ')}`)
      const word = this.#tolerant(node, () => this.#word(node, found, 'command', top))
      if (before?.ends === true && !told) {
        told = true
        this.warning(nameSpan(node), 'unreachable', `nothing behind ${before.name} is reached`)
      }
      if (word !== undefined) compiled.push(word)
      before = found?.def
      if (found?.def.first !== true) this.#begun = true
    }
    this.#lenient = lenientOutside
    // Without the room that `push` makes: programs are kept.
    return compiled.slice()
  }

  /** Behind an `ihave` that said no, what cannot be compiled becomes a word that must not be reached. */
  #tolerant(node: WordNode, compile: () => CompiledWord | undefined): CompiledWord | undefined {
    if (!this.#lenient) return compile()
    const report = this.#report
    const scratch = new Diagnostics(report.script, this.limits)
    this.#report = scratch
    const words = this.#words.length
    try {
      const word = compile()
      if (scratch.errors === 0 && word !== undefined) return word
    } finally {
      this.#report = report
    }
    this.#words.length = words
    return this.#absent(node)
  }

  #absent(node: WordNode): CompiledWord {
    return new CompiledWord(this.#shapes.plain(ABSENT), node.start, [])
  }

  #test(node: TestNode): CompiledWord {
    const compile = (): CompiledWord | undefined =>
      this.#word(node, this.#options.registry.tests.meant(node.name, this.#isEnabled), 'test', false)
    return this.#tolerant(node, compile) ?? this.#absent(node)
  }

  #word(
    node: WordNode & { readonly block?: BlockNode | undefined },
    found: Owned<WordDef> | undefined,
    kind: 'command' | 'test',
    top: boolean,
  ): CompiledWord | undefined {
    if (found === undefined) {
      this.#unknown(node, kind)
      this.#inner(node)
      return undefined
    }
    const { def, extension } = found
    const level = this.#options.registry.extensions.get(extension)?.levels
    if (!this.#allowed(def.levels) || !this.#allowed(level))
      this.error(nameSpan(node), 'not-allowed', `${def.name} is not allowed in a ${this.#options.level} script`)
    else if (!this.enabled(extension))
      this.error(nameSpan(node), 'missing-require', `${def.name} needs require "${extension}"`)
    if (kind === 'command' && def.topLevel === true && !top)
      this.error(nameSpan(node), 'misplaced', `${def.name} must stand outside of any block`)
    if (def.first === true && (this.#begun || !top))
      this.error(nameSpan(node), 'misplaced', `${def.name} must stand before all other commands`)
    const errors = this.#report.errors
    const { registry } = this.#options
    const binding = bindArguments(node, def, extension, registry, this.#constants, this, (test) => this.#test(test))
    const match = this.#match(def, binding, node)
    const part = def.addressPart === true ? registry.addressParts.get(binding.addressPart ?? 'all')?.def : undefined
    const shape = this.#shapes.of(def, binding.names, match, part)
    const word = new CompiledWord(shape, node.start, binding.values.length === 0 ? NO_VALUES : binding.values)
    if (this.#report.errors === errors) {
      this.#keys(word)
      def.validate?.(word, this)
      if (typeof def.perRecipient === 'function' ? def.perRecipient(word) : def.perRecipient) this.#perRecipient = true
    }
    this.#words.push(word)
    return kind === 'command' ? this.#withBlock(word, node) : word
  }

  #withBlock(word: CompiledWord, node: WordNode & { readonly block?: BlockNode | undefined }): CompiledWord {
    const { name, block: wanted } = word.def
    const { block } = node
    if (block === undefined) {
      if (wanted === 'required') this.error(nameSpan(node), 'missing-block', `${name} needs a block: { … }`)
      return word
    }
    if (wanted === undefined)
      this.error({ start: block.start, end: block.start + 1 }, 'block', `${name} takes no block`)
    this.inside.push(word)
    word.block = this.#commands(block.commands, false)
    this.inside.pop()
    return word
  }

  /** Looks at what stands within a word that nobody knows. */
  #inner(node: WordNode & { readonly block?: BlockNode | undefined }): void {
    for (const argument of node.arguments) {
      if (argument.node === 'test') this.#test(argument)
      if (argument.node === 'test-list') for (const test of argument.tests) this.#test(test)
    }
    if (node.block !== undefined) this.#commands(node.block.commands, false)
  }

  #unknown(node: WordNode, kind: 'command' | 'test'): void {
    const { commands, tests } = this.#options.registry
    const [these, others] = kind === 'command' ? [commands, tests] : [tests, commands]
    if (others.get(node.name) !== undefined) {
      const other = kind === 'command' ? 'a test, not a command' : 'a command, not a test'
      this.error(nameSpan(node), `unknown-${kind}`, `${node.name} is ${other}`)
      return
    }
    this.error(nameSpan(node), `unknown-${kind}`, `unknown ${kind} "${node.name}"${suggest(node.name, these.names())}`)
  }

  /** Match type and comparator, with what holds where the script names none. */
  #match(def: WordDef, binding: Binding, node: WordNode): WordShape['match'] {
    const { registry } = this.#options
    if (def.match === undefined) return undefined
    const type = registry.matchTypes.get(binding.matchType ?? 'is')
    const name = binding.comparator ?? def.match.comparator ?? 'i;ascii-casemap'
    const span = binding.comparatorSpan ?? nameSpan(node)
    const comparator = registry.comparators.get(name)
    if (comparator === undefined) {
      this.error(span, 'unknown-comparator', `there is no comparator ${JSON.stringify(name.slice(0, 80))}`)
      return undefined
    }
    if (!this.enabled(comparator.extension))
      this.error(span, 'missing-require', `the comparator ${name} needs require "${comparator.extension}"`)
    if (type === undefined) return undefined
    if (type.def.substring === true && !comparator.def.substring)
      this.error(span, 'comparator', `${name} cannot look for parts of a text: no :${type.def.name} with it`)
    return { type: type.def, comparator: comparator.def, relation: binding.relation ?? '' }
  }

  #keys(word: CompiledWord): void {
    const { keys } = word.def.match ?? {}
    const type = word.shape.match?.type
    if (keys === undefined || type?.checkKey === undefined) return
    for (const [i, constant] of word.constants(keys).entries())
      if (constant !== undefined) type.checkKey(constant, () => word.spanOf(keys, i), this)
  }
}
