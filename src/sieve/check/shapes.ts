// SPDX-License-Identifier: Apache-2.0
/** The shapes of the words of one script. Thousands of words have a dozen; of one definition those of late are found again. */
import type { WordShape } from '../compiled.ts'
import type { ScriptText } from '../diagnostic.ts'
import type { AddressPartDef, WordDef } from '../plugin.ts'

/** Shapes of one definition that are compared. */
const KEPT = 16

const NO_NAMES: readonly string[] = []

export class Shapes {
  readonly #script: ScriptText
  readonly #known = new Map<WordDef, WordShape[]>()

  constructor(script: ScriptText) {
    this.#script = script
  }

  of(
    def: WordDef,
    names: readonly string[],
    match: WordShape['match'],
    addressPart: AddressPartDef | undefined,
  ): WordShape {
    let known = this.#known.get(def)
    if (known === undefined) {
      known = []
      this.#known.set(def, known)
    }
    for (const shape of known)
      if (shape.addressPart === addressPart && sameMatch(shape.match, match) && sameNames(shape.names, names))
        return shape
    const made = { def, script: this.#script, names: names.length === 0 ? NO_NAMES : names, match, addressPart }
    if (known.length >= KEPT) known.shift()
    known.push(made)
    return made
  }

  /** Of a word without arguments. */
  plain(def: WordDef): WordShape {
    return this.of(def, NO_NAMES, undefined, undefined)
  }
}

const sameMatch = (a: WordShape['match'], b: WordShape['match']): boolean =>
  a === undefined || b === undefined
    ? a === b
    : a.type === b.type && a.comparator === b.comparator && a.relation === b.relation

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
