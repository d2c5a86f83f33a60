// SPDX-License-Identifier: Apache-2.0
/**
 * The plug-in API: what an extension of the language is (spec sieve-engine.md 1). The core is written on it: `if`,
 * `header` and `keep` are definitions like those of any plug-in, and no name is known to the engine otherwise. What a
 * word can see and do while it runs: run-context.ts.
 */
import type { ActionDef } from './action.ts'
import type { CompiledWord } from './compiled.ts'
import type { Diagnostics } from './diagnostic.ts'
import type { SieveEnvelope, SplitAddress } from './envelope.ts'
import type { SieveLimits } from './limits.ts'
import type { TextList } from './match/text-list.ts'
import type { Place, Span } from './place.ts'
import type { Maybe } from './questions.ts'
import type { Ended } from './run/ended.ts'
import type { RunContext } from './run-context.ts'
import type { SmallMap } from './small-map.ts'
import type { ScriptNode } from './syntax/tree.ts'

export type ValueType = 'string' | 'string-list' | 'number'

export interface PositionalDef {
  readonly name: string
  readonly type: ValueType | 'test' | 'test-list'
  /** No variables: the value must be known when the script is compiled. */
  readonly literal?: boolean
  /** May be left out; such a one stands before those that must be there (RFC 5232 §3). */
  readonly optional?: boolean
}

export interface TagDef {
  /** Without the colon. */
  readonly name: string
  readonly value?: ValueType
  readonly literal?: boolean
  /** Tags of one group exclude each other. */
  readonly group?: string
  /** Only together with this other tag, RFC 5260 §6 (`:last` with `:index`). */
  readonly needs?: string
}

/** A tag that an extension adds to words of others. */
export interface AddedTagDef extends TagDef {
  /** Names of commands and tests; those that are not there are passed over. */
  readonly on: readonly string[]
}

/** A command, a test, or both. */
export interface WordDef {
  /** In any case. */
  readonly name: string
  readonly kind: 'command' | 'test' | 'both'
  readonly positional?: readonly PositionalDef[]
  readonly tags?: readonly TagDef[]
  /** Groups of tags of which exactly one must be there. */
  readonly oneOf?: readonly string[]
  /** Takes match type and comparator; `keys` names the positional argument with the keys. */
  readonly match?: {
    readonly keys: string
    /** Where the script names none; `i;ascii-casemap` otherwise. */
    readonly comparator?: string
    /** Never sets match variables (RFC 5173 §6). */
    readonly noCaptures?: boolean
  }
  /** Takes an address part; `:all` when the script names none. */
  readonly addressPart?: boolean
  /** Takes `:index` and `:last`, RFC 5260 §6, without its `require`. */
  readonly index?: boolean
  readonly block?: 'required' | 'optional'
  readonly topLevel?: boolean
  /** Nothing behind it in its block is reached. */
  readonly ends?: boolean
  /** Only directly behind one of these commands. */
  readonly follows?: readonly string[]
  /** Only before any command but its own kind (RFC 5228 §3.2). */
  readonly first?: boolean
  /** Where a script may use it; everywhere when absent. */
  readonly levels?: readonly string[]
  /** Its result differs between recipients of one message. */
  readonly perRecipient?: boolean | ((word: CompiledWord) => boolean)
  /** Looks at a word that was bound without mistake. May report, and keep things for the run in `word.data`. */
  validate?(word: CompiledWord, ctx: ValidateContext): void
  /** What it does. A `Promise` is waited for where the host lets plug-ins wait; questions need a generator. */
  execute?(ctx: RunContext, args: Args): Maybe<Ended | undefined> | Promise<Ended | undefined>
  evaluate?(ctx: RunContext, args: Args): Maybe<boolean> | Promise<boolean>
}

export interface ValidateContext {
  readonly report: Diagnostics
  readonly limits: SieveLimits
  /** Is this extension required where the word stands? Who asks needs it: its `require` is not idle. */
  enabled(extension: string): boolean
  /**
   * Makes an extension known from here on. False: there is no such. `required`: told of when nothing needs it.
   */
  enable(extension: string, span: Span, required?: boolean): boolean
  /** What comes from here to the end of the enclosing `if` may use names that are not there (RFC 5463 §4). */
  lenient(): void
  supports(extension: string): boolean
  config<T>(key: ConfigKey<T>): T
  error(span: Span, code: string, message: string): void
  warning(span: Span, code: string, message: string): void
  /** The blocks this word stands in, innermost last. */
  readonly inside: readonly CompiledWord[]
  notifyMethod(scheme: string): NotifyMethodDef | undefined
  envelopePart(name: string): EnvelopePartDef | undefined
  namespace(name: string): NamespaceDef | undefined
  environmentItem(name: string): EnvItemDef | undefined
}

/** The arguments of a word in a run, variables in place. Asking for what the definition does not have is a bug. */
export interface Args {
  readonly place: Place
  readonly word: CompiledWord
  /** Is this tag or positional argument there? */
  has(name: string): boolean
  string(name: string): string
  strings(name: string): readonly string[]
  /** The same, with what is kept of them: of constants the same object in each run. */
  list(name: string): TextList
  number(name: string): number
  test(name: string): Maybe<boolean>
  /** Is there a test in this list that comes to that? From left to right, no further than needed. */
  someTest(name: string, wanted: boolean): Maybe<boolean>
  /** Runs the block behind the word; how that ended. Without a block nothing happens. */
  runBlock(): Maybe<Ended>
  /** Compares these values with the keys, by match type and comparator. */
  match(values: TextList): Maybe<boolean>
  /** The part of an address that is meant; `undefined`: it has no such part. */
  addressPart(address: SplitAddress): string | undefined
  /** What `:index` and `:last` leave of a list. */
  indexed<T>(items: readonly T[]): readonly T[]
}

export interface ComparatorDef {
  /** `i;octet` */
  readonly name: string
  /** The normal form: equal texts have the same one. */
  fold(text: string): string
  /** Orders normal forms. */
  compare(a: string, b: string): number
  /** Has the substring operation of RFC 4790 §4.2.3: `:contains` and `:matches` may be used. */
  readonly substring: boolean
  /** What `?` matches: an octet of UTF-8 or a character (RFC 5228 §2.7.1). */
  readonly unit: 'octet' | 'character'
}

export interface MatchTypeDef {
  /** Without the colon. */
  readonly name: string
  /** Takes a relation behind it (RFC 5231). */
  readonly relation?: boolean
  /** Needs the substring operation of the comparator. */
  readonly substring?: boolean
  /** Looks at a key when the script is compiled; `span` finds out where it stands. */
  checkKey?(key: string, span: () => Span, ctx: ValidateContext): void
  match(ctx: RunContext, values: TextList, matching: Matching): Maybe<boolean>
}

/** What a match type compares with. */
export interface Matching {
  readonly keys: TextList
  /** The keys are the same in each run. */
  readonly constant: boolean
  readonly comparator: ComparatorDef
  readonly relation: string
  readonly captures: boolean
  /** Kept with the word, for what is made of constant keys. */
  readonly data: SmallMap<unknown>
}

export interface AddressPartDef {
  readonly name: string
  part(address: SplitAddress, ctx: RunContext): string | undefined
}

export interface NamespaceDef {
  readonly name: string
  /** Is this a name of it? Asked when the script is compiled. */
  valid?(path: string): boolean
  get(ctx: RunContext, path: string): string
  /** Absent: read only, and assigning is an error of the script. */
  set?(ctx: RunContext, path: string, value: string): void
}

export interface ModifierDef {
  readonly name: string
  /** RFC 5229 §4.1: the higher one is applied first; two of one precedence exclude each other. */
  readonly precedence: number
  apply(value: string): string
}

export interface EnvItemDef {
  readonly name: string
  readonly perRecipient?: boolean
  value(ctx: RunContext): string | undefined
}

export interface EnvelopePartDef {
  readonly name: string
  /** The extension that must be required for it; none for those of RFC 5228. */
  readonly extension?: string
  readonly perRecipient?: boolean
  /** Where a script may use it; everywhere when absent. */
  readonly levels?: readonly string[]
  /** Values are addresses; address parts apply. */
  readonly isAddress?: boolean
  /** `offset`: minutes east of Greenwich at a time, as `:zone` and the server say. */
  values(envelope: SieveEnvelope, offset: (ms: number) => number): string | readonly string[]
}

export interface NotifyMethodDef {
  /** The scheme of its URIs, lower case. */
  readonly scheme: string
  /** What is wrong with this URI, if anything. */
  problem(uri: string): string | undefined
  /** The options it takes (`:options "name=value"`); others are ignored, RFC 5435 §3.5. */
  readonly options?: readonly string[]
  /** It can keep a copy with `:fcc`, RFC 8580. */
  readonly fcc?: boolean
  capability?(uri: string, name: string): string | undefined
  /** Why nothing is sent for this message, if so: RFC 5436 §2.7.1. */
  suppressed?(ctx: RunContext): string | undefined
}

/** The configuration of an extension: its name, what holds by default, and how a host's value is read. */
export interface ConfigKey<T> {
  readonly extension: string
  readonly defaults: T
  /** @throws when the value cannot be used */
  read(value: unknown): T
}

export interface SieveExtension {
  /** The capability string. `''` for what needs no `require`. */
  readonly name: string
  readonly implies?: readonly string[]
  /** Not among the capabilities told of. */
  readonly hidden?: boolean
  /**
   * Defines words of this other one in its own way: a script has those of the one it requires, and cannot require both.
   * The other comes first.
   */
  readonly beside?: string
  /** Another one has taken its place: what to write instead. */
  readonly deprecated?: string
  /** Its words may be used without `require`, which is welcome all the same. */
  readonly always?: boolean
  /** Where a script may require it and use its words; everywhere when absent. */
  readonly levels?: readonly string[]
  /** False: `ihave` answers no (RFC 5463 §4). */
  readonly ihave?: boolean
  readonly words?: readonly WordDef[]
  readonly tags?: readonly AddedTagDef[]
  readonly matchTypes?: readonly MatchTypeDef[]
  readonly comparators?: readonly ComparatorDef[]
  readonly addressParts?: readonly AddressPartDef[]
  readonly namespaces?: readonly NamespaceDef[]
  readonly modifiers?: readonly ModifierDef[]
  readonly environmentItems?: readonly EnvItemDef[]
  readonly envelopeParts?: readonly EnvelopePartDef[]
  readonly notifyMethods?: readonly NotifyMethodDef[]
  readonly actions?: readonly ActionDef[]
  readonly config?: ConfigKey<unknown>
  /** Looks at a whole script whose words were bound without mistake. */
  afterCheck?(script: ScriptNode, words: readonly CompiledWord[], ctx: ValidateContext): void
}
