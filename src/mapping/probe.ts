// SPDX-License-Identifier: Apache-2.0
/** A string that is tried against patterns, with what is worth working out once. */
import { fold } from './character-set.ts'
import { inAddress } from './ip-text.ts'

export class Probe {
  readonly text: string
  /** ASCII letters in lower case; as long as the text. */
  readonly folded: string
  #runEnds4: Int32Array | undefined
  #runEnds6: Int32Array | undefined

  constructor(text: string) {
    this.text = text
    this.folded = fold(text)
  }

  get length(): number {
    return this.text.length
  }

  /** For each place, where the longest run of characters of an address that begins there ends. */
  runEnds(family: 4 | 6): Int32Array {
    if (family === 4) {
      this.#runEnds4 ??= runEnds(this.folded, 4)
      return this.#runEnds4
    }
    this.#runEnds6 ??= runEnds(this.folded, 6)
    return this.#runEnds6
  }
}

function runEnds(folded: string, family: 4 | 6): Int32Array {
  const ends = new Int32Array(folded.length + 1)
  let end = folded.length
  ends[end] = end
  for (let at = folded.length - 1; at >= 0; at--) {
    if (!inAddress(family, folded.charCodeAt(at))) end = at
    ends[at] = end
    if (end === at) end = at
  }
  return ends
}
