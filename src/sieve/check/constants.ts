// SPDX-License-Identifier: Apache-2.0
/** Strings of a script that come again and again, names of fields above all: those of late are kept once. */
import { TextList } from '../match/text-list.ts'

/** A power of two. */
const KEPT = 64

export class Constants {
  readonly #kept: (TextList | undefined)[] = Array.from({ length: KEPT })

  one(text: string): TextList {
    const slot = slotOf(text, 1)
    const known = this.#kept[slot]
    if (known !== undefined && known.length === 1 && known.at(0) === text) return known
    const made = TextList.one(text)
    this.#kept[slot] = made
    return made
  }

  list(texts: readonly string[]): TextList {
    const slot = slotOf(texts[0] ?? '', texts.length)
    const known = this.#kept[slot]
    if (known?.equals(texts) === true) return known
    const made = TextList.of(texts)
    this.#kept[slot] = made
    return made
  }
}

const slotOf = (text: string, count: number): number =>
  (text.charCodeAt(0) + 7 * text.charCodeAt(text.length - 1) + 13 * text.length + count) & (KEPT - 1)
