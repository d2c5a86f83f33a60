// SPDX-License-Identifier: Apache-2.0
/**
 * A draft whose writes are counted against the free space, and that ends when there is too little: a message that was
 * let in while there was room does not use up what is kept for deliveries. A disk that fails is looked at once.
 */
import type { Draft } from './store.ts'

export interface SpaceGuard {
  wrote(octets: number): void
  look(): Promise<void>
  readonly low: boolean
}

/** What a message takes besides its content: envelope, trace, their index, and the blocks they begin. */
const OVERHEAD_BYTES = 16 * 1024

export function guardedDraft(draft: Draft, space: SpaceGuard): Draft {
  const looking = async (run: Promise<void>): Promise<void> => {
    try {
      await run
    } catch (error) {
      await space.look()
      throw error
    }
  }
  return {
    async write(chunk) {
      if (space.low) throw new Error('the disk is nearly full (limits.freeSpace, limits.freeInodes)')
      await looking(draft.write(chunk))
      space.wrote(chunk.length)
    },
    beginning: (most) => draft.beginning(most),
    async commit(envelope) {
      await looking(draft.commit(envelope))
      space.wrote(OVERHEAD_BYTES)
    },
    abort: () => draft.abort(),
    [Symbol.asyncDispose]: () => draft[Symbol.asyncDispose](),
  }
}
