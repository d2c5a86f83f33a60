// SPDX-License-Identifier: Apache-2.0
/** Those who follow the history. Workers send their records only while there is somebody. */
import type { TraceRecord } from '../policy/trace.ts'

export class Followers {
  readonly #change: (on: boolean) => void
  readonly #followers = new Set<(record: TraceRecord) => void>()

  /** @param change called when the first comes and when the last goes */
  constructor(change: (on: boolean) => void) {
    this.#change = change
  }

  get any(): boolean {
    return this.#followers.size > 0
  }

  /** @returns a function that ends it */
  add(follower: (record: TraceRecord) => void): () => void {
    // One of its own, so that the same function may follow twice.
    const own = (record: TraceRecord): void => follower(record)
    this.#followers.add(own)
    if (this.#followers.size === 1) this.#change(true)
    return () => {
      if (this.#followers.delete(own) && this.#followers.size === 0) this.#change(false)
    }
  }

  told(record: TraceRecord): undefined {
    for (const follower of this.#followers) follower(record)
  }
}
