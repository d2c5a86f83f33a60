// SPDX-License-Identifier: Apache-2.0
/**
 * Sets of characters for wildcards and classes (spec mapping-tables.md 3.2, 3.5). ASCII letters are held in lower case:
 * probes are folded before they are compared. A character is a UTF-16 unit.
 */

export class CharacterSet {
  /** One octet for each ASCII character. */
  readonly #ascii = new Uint8Array(128)
  readonly #ranges: { readonly from: number; readonly to: number }[] = []

  has(unit: number): boolean {
    if (unit < 128) return this.#ascii[unit] === 1
    return this.#ranges.some(({ from, to }) => unit >= from && unit <= to)
  }

  /** Both ends belong to it; a range turned round adds nothing. */
  addRange(from: number, to: number): this {
    for (let unit = from; unit <= Math.min(to, 127); unit++) this.#ascii[foldUnit(unit)] = 1
    if (to >= 128 && to >= from) this.#ranges.push({ from: Math.max(from, 128), to })
    return this
  }

  addAll(characters: string): this {
    for (let i = 0; i < characters.length; i++) this.addRange(characters.charCodeAt(i), characters.charCodeAt(i))
    return this
  }

  /** Does it have every character of `other`? May say no where the truth is yes, never the other way round. */
  includes(other: CharacterSet): boolean {
    return (
      this.#ascii.every((has, unit) => has === 1 || other.#ascii[unit] === 0) &&
      other.#ranges.every((theirs) => this.#ranges.some(({ from, to }) => from <= theirs.from && to >= theirs.to))
    )
  }

  get isEmpty(): boolean {
    return this.#ranges.length === 0 && this.#ascii.every((has) => has === 0)
  }

  /** Some character of it, the most ordinary one; `undefined` where it has none. */
  sample(): string | undefined {
    const ascii = [...'ax01-_.', ...Array.from({ length: 128 }, (_, unit) => String.fromCharCode(unit))]
    const range = this.#ranges[0]
    return (
      ascii.find((c) => this.#ascii[c.charCodeAt(0)] === 1) ??
      (range === undefined ? undefined : String.fromCharCode(range.from))
    )
  }
}

/** ASCII letters in lower case, everything else as it is. spec mapping-tables.md 2, step 3. */
export const foldUnit = (unit: number): number => (unit >= 0x41 && unit <= 0x5a ? unit + 0x20 : unit)

export const fold = (text: string): string =>
  /[A-Z]/.test(text) ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text

const set = (...ranges: readonly string[]): CharacterSet => {
  const made = new CharacterSet()
  for (const range of ranges) made.addRange(range.charCodeAt(0), range.charCodeAt(range.length - 1))
  return made
}

/** Every character: `%` and `*` without a class. */
export const ANY: CharacterSet = new CharacterSet().addRange(0, 0xffff)

/** The classes by their letter, spec mapping-tables.md 3.5. */
export const CLASSES: Readonly<Record<string, CharacterSet>> = {
  A: set('AZ', 'az'),
  B: set('01'),
  D: set('09'),
  H: set('09', 'AF', 'af'),
  O: set('07'),
  S: set('09', 'AZ', 'az', '_', '$'),
  T: set('\t', '\v', ' '),
  X: set('09', 'AF', 'af'),
}
