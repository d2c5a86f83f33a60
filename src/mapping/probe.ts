// SPDX-License-Identifier: Apache-2.0
/** A string that is tried against patterns. */
import { fold } from './character-set.ts'

export class Probe {
  readonly text: string
  /** ASCII letters in lower case; as long as the text. */
  readonly folded: string

  constructor(text: string) {
    this.text = text
    this.folded = fold(text)
  }

  get length(): number {
    return this.text.length
  }
}
