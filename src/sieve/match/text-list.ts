// SPDX-License-Identifier: Apache-2.0
/**
 * Texts that tests look at, with what comparators make of them kept, so that fifty rules on Subject fold it once. Most
 * lists are one text, and a script has thousands of them: one alone stands without an array round it.
 */

/** What is kept of a comparator: its normal form of a text. */
export interface Folding {
  fold(text: string): string
}

export class TextList {
  readonly #texts: string | readonly string[]
  #folded: string | readonly string[] = ''
  #folding: Folding | undefined
  #key: string | undefined

  private constructor(texts: string | readonly string[]) {
    this.#texts = texts
  }

  static of(texts: readonly string[]): TextList {
    return new TextList(texts.length === 1 ? (texts[0] as string) : texts)
  }

  static one(text: string): TextList {
    return new TextList(text)
  }

  get length(): number {
    return typeof this.#texts === 'string' ? 1 : this.#texts.length
  }

  get texts(): readonly string[] {
    return typeof this.#texts === 'string' ? [this.#texts] : this.#texts
  }

  /** `''` where there is none. */
  at(index: number): string {
    return (typeof this.#texts === 'string' ? this.#texts : this.#texts[index]) ?? ''
  }

  /** One text for the whole list, to keep things by: names of fields have no line ends. */
  get key(): string {
    if (typeof this.#texts === 'string') return this.#texts
    this.#key ??= this.#texts.join('\n')
    return this.#key
  }

  /** The normal form of one of them; all are kept for the comparator asked for last. */
  folded(folding: Folding, index: number): string {
    if (this.#folding !== folding) {
      this.#folded =
        typeof this.#texts === 'string' ? folding.fold(this.#texts) : this.#texts.map((text) => folding.fold(text))
      this.#folding = folding
    }
    return (typeof this.#folded === 'string' ? this.#folded : this.#folded[index]) ?? ''
  }

  equals(texts: readonly string[]): boolean {
    return this.length === texts.length && texts.every((text, i) => text === this.at(i))
  }
}
