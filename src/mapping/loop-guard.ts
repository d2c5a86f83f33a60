// SPDX-License-Identifier: Apache-2.0
/** Ends passes that do not get anywhere. spec mapping-tables.md 5, loop guard. */
import { MAX_GROWING_RESTARTS } from './unsure.ts'

export class LoopGuard {
  /** Length of the string the current pass began with. */
  #length: number
  /** Restarts in a row whose string did not shrink. */
  #grown = 0

  constructor(length: number) {
    this.#length = length
  }

  /** May another pass begin, with a string of this length? */
  mayRestart(length: number): boolean {
    this.#grown = length >= this.#length ? this.#grown + 1 : 0
    this.#length = length
    return this.#grown <= MAX_GROWING_RESTARTS
  }
}
