// SPDX-License-Identifier: Apache-2.0
/** Which tags a word takes: its own, those other extensions add, and the shared groups it asks for by name. */
import type { TagDef, WordDef } from '../plugin.ts'
import type { Registry } from '../registry.ts'

/** A tag with the extension it needs, and what it means. */
export interface KnownTag {
  readonly def: TagDef
  readonly extension: string
  readonly sort: 'plain' | 'match-type' | 'comparator' | 'address-part'
}

/** RFC 5260 §6, for words that take it of themselves. */
export const INDEX_TAGS: readonly TagDef[] = [
  { name: 'index', value: 'number' },
  { name: 'last', needs: 'index' },
]

/** What was found before, by registry, word and name; only names that are there. */
const FOUND = new WeakMap<Registry, Map<WordDef, Map<string, KnownTag>>>()

export function findTag(registry: Registry, word: WordDef, owner: string, name: string): KnownTag | undefined {
  let words = FOUND.get(registry)
  if (words === undefined) {
    words = new Map()
    FOUND.set(registry, words)
  }
  let tags = words.get(word)
  if (tags === undefined) {
    tags = new Map()
    words.set(word, tags)
  }
  const known = tags.get(name)
  if (known !== undefined) return known
  const found = lookForTag(registry, word, owner, name)
  if (found !== undefined) tags.set(name, found)
  return found
}

function lookForTag(registry: Registry, word: WordDef, owner: string, name: string): KnownTag | undefined {
  const own = word.tags?.find((tag) => tag.name === name)
  if (own !== undefined) return { def: own, extension: owner, sort: 'plain' }
  const added = registry.tagsOf(word.name).find(({ def }) => def.name === name)
  if (added !== undefined) return { ...added, sort: 'plain' }
  if (word.index === true) {
    const index = INDEX_TAGS.find((tag) => tag.name === name)
    if (index !== undefined) return { def: index, extension: owner, sort: 'plain' }
  }
  if (word.match !== undefined) {
    if (name === 'comparator')
      return { def: { name, value: 'string', literal: true }, extension: '', sort: 'comparator' }
    const type = registry.matchTypes.get(name)
    if (type !== undefined) {
      const def: TagDef = {
        name,
        group: 'match-type',
        ...(type.def.relation === true ? { value: 'string', literal: true } : {}),
      }
      return { def, extension: type.extension, sort: 'match-type' }
    }
  }
  if (word.addressPart === true) {
    const part = registry.addressParts.get(name)
    if (part !== undefined)
      return { def: { name, group: 'address-part' }, extension: part.extension, sort: 'address-part' }
  }
  return undefined
}

/** For "did you mean". */
export function* tagNames(registry: Registry, word: WordDef): Iterable<string> {
  for (const { name } of word.tags ?? []) yield name
  for (const { def } of registry.tagsOf(word.name)) yield def.name
  if (word.match !== undefined) yield* [...registry.matchTypes.names(), 'comparator']
  if (word.addressPart === true) yield* registry.addressParts.names()
  if (word.index === true) yield* ['index', 'last']
}
