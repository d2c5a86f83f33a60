// SPDX-License-Identifier: Apache-2.0
/** The extensions of one engine, and everything they define, by name. Two registries share nothing. */
import type { ActionDef } from './action.ts'
import type {
  AddedTagDef,
  AddressPartDef,
  ComparatorDef,
  EnvelopePartDef,
  EnvItemDef,
  MatchTypeDef,
  ModifierDef,
  NamespaceDef,
  NotifyMethodDef,
  SieveExtension,
  WordDef,
} from './plugin.ts'

/** A definition with the extension it came with. */
export interface Owned<D> {
  readonly def: D
  readonly extension: string
}

/** May a script of this level use what has these levels? One without a level may use everything. */
export const allowedAt = (levels: readonly string[] | undefined, level: string | undefined): boolean =>
  levels === undefined || level === undefined || levels.includes(level)

/** Definitions of one sort, by lower-case name. */
class Shelf<D> {
  readonly #known = new Map<string, Owned<D>>()
  /** Other meanings, of extensions beside the one that has the name. */
  readonly #beside = new Map<string, Owned<D>[]>()

  add(name: string, def: D, extension: string, beside?: string): void {
    const key = name.toLowerCase()
    const known = this.#known.get(key)
    if (known !== undefined && known.extension === beside) {
      this.#beside.set(key, [...(this.#beside.get(key) ?? []), { def, extension }])
      return
    }
    if (known !== undefined)
      throw new Error(`${name} is defined by ${known.extension || 'the core'} and by ${extension}`)
    this.#known.set(key, { def, extension })
  }

  get(name: string): Owned<D> | undefined {
    return this.#known.get(name) ?? this.#known.get(name.toLowerCase())
  }

  /** What the name means where these extensions are required. */
  meant(name: string, required: (extension: string) => boolean): Owned<D> | undefined {
    return this.#beside.get(name.toLowerCase())?.find(({ extension }) => required(extension)) ?? this.get(name)
  }

  names(): readonly string[] {
    return [...this.#known.keys()]
  }
}

export class Registry {
  readonly extensions = new Map<string, SieveExtension>()
  readonly commands = new Shelf<WordDef>()
  readonly tests = new Shelf<WordDef>()
  readonly matchTypes = new Shelf<MatchTypeDef>()
  readonly comparators = new Shelf<ComparatorDef>()
  readonly addressParts = new Shelf<AddressPartDef>()
  readonly namespaces = new Shelf<NamespaceDef>()
  readonly modifiers: ModifierDef[] = []
  readonly environmentItems = new Shelf<EnvItemDef>()
  readonly envelopeParts = new Shelf<EnvelopePartDef>()
  readonly notifyMethods = new Shelf<NotifyMethodDef>()
  readonly actions = new Shelf<ActionDef>()
  readonly #tags = new Map<string, Owned<AddedTagDef>[]>()

  /** @throws Error when two extensions define one name: a bug of who put them together */
  constructor(extensions: readonly SieveExtension[]) {
    for (const extension of extensions) this.#add(extension)
    this.modifiers.sort((a, b) => b.precedence - a.precedence)
  }

  #add(extension: SieveExtension): void {
    const { name, beside } = extension
    if (name !== '') {
      if (this.extensions.has(name)) throw new Error(`two extensions ${name}`)
      this.extensions.set(name, extension)
    }
    for (const word of extension.words ?? []) {
      if (word.kind !== 'test') this.commands.add(word.name, word, name, beside)
      if (word.kind !== 'command') this.tests.add(word.name, word, name, beside)
    }
    for (const tag of extension.tags ?? []) for (const word of tag.on) this.#addTag(word, tag, name)
    for (const def of extension.matchTypes ?? []) this.matchTypes.add(def.name, def, name)
    for (const def of extension.comparators ?? []) this.comparators.add(def.name, def, name)
    for (const def of extension.addressParts ?? []) this.addressParts.add(def.name, def, name)
    for (const def of extension.namespaces ?? []) this.namespaces.add(def.name, def, name)
    for (const def of extension.modifiers ?? []) {
      this.modifiers.push(def)
      const tag = { name: def.name, group: `precedence ${def.precedence}`, on: ['set', 'extracttext'] }
      for (const word of tag.on) this.#addTag(word, tag, name)
    }
    for (const def of extension.environmentItems ?? []) this.environmentItems.add(def.name, def, name)
    for (const def of extension.envelopeParts ?? []) this.envelopeParts.add(def.name, def, name)
    for (const def of extension.notifyMethods ?? []) this.notifyMethods.add(def.scheme, def, name)
    for (const def of extension.actions ?? []) this.actions.add(def.name, def, name)
  }

  #addTag(word: string, def: AddedTagDef, extension: string): void {
    const key = word.toLowerCase()
    const known = this.#tags.get(key)
    if (known === undefined) this.#tags.set(key, [{ def, extension }])
    else known.push({ def, extension })
  }

  tagsOf(word: string): readonly Owned<AddedTagDef>[] {
    return this.#tags.get(word.toLowerCase()) ?? []
  }

  /** Extensions that cannot be required with this one. */
  besides(name: string): readonly string[] {
    const own = this.extensions.get(name)?.beside
    const others = [...this.extensions.values()].flatMap((other) => (other.beside === name ? other.name : []))
    return own === undefined ? others : [own, ...others]
  }

  /** The extension and all it implies, itself first. */
  withImplied(name: string): readonly string[] {
    const found: string[] = []
    const wanted = [name]
    for (let next = wanted.pop(); next !== undefined; next = wanted.pop()) {
      if (found.includes(next)) continue
      found.push(next)
      wanted.push(...(this.extensions.get(next)?.implies ?? []))
    }
    return found
  }

  envelopePart(name: string, level: string | undefined): EnvelopePartDef | undefined {
    const part = this.envelopeParts.get(name)?.def
    return part !== undefined && allowedAt(part.levels, level) ? part : undefined
  }

  /** Capability strings of a level, in the order they were given. */
  capabilities(level?: string): readonly string[] {
    return [...this.extensions.values()]
      .filter(({ hidden, levels }) => hidden !== true && allowedAt(levels, level))
      .map(({ name }) => name)
  }

  /** Changes when the extensions do: compiled programs of another registry are stale. */
  fingerprint(): string {
    return [...this.extensions.keys()].toSorted().join(' ')
  }
}
