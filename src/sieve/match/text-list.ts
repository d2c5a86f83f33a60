// SPDX-License-Identifier: Apache-2.0
/** Texts that tests look at, with what comparators make of them kept, so that fifty rules on Subject fold it once. */

/** What is kept of a comparator: its normal form of a text. */
export interface Folding {
  fold(text: string): string
}

export class TextList {
  readonly texts: readonly string[]
  #folding: Folding | undefined
  #folded: readonly string[] = []
  #key: string | undefined

  constructor(texts: readonly string[]) {
    this.texts = texts
  }

  static of(texts: readonly string[]): TextList {
    return new TextList(texts)
  }

  /** One text for the whole list, to keep things by: names of fields have no line ends. */
  get key(): string {
    this.#key ??= this.texts.join('\n')
    return this.#key
  }

  /** The normal forms; kept for the comparator asked for last. */
  folded(folding: Folding): readonly string[] {
    if (this.#folding !== folding) {
      this.#folded = this.texts.map((text) => folding.fold(text))
      this.#folding = folding
    }
    return this.#folded
  }
}
