// SPDX-License-Identifier: Apache-2.0
/**
 * A draft whose writes are counted against the free space, and that ends when there is too little: a message that was
 * let in while there was room does not use up what is kept for deliveries.
 */
import type { Draft } from './store.ts'

export interface SpaceGuard {
  wrote(octets: number): void
  readonly low: boolean
}

export const guardedDraft = (draft: Draft, space: SpaceGuard): Draft => ({
  async write(chunk) {
    if (space.low) throw new Error('the disk is nearly full (limits.freeSpace, limits.freeInodes)')
    await draft.write(chunk)
    space.wrote(chunk.length)
  },
  commit: (envelope) => draft.commit(envelope),
  abort: () => draft.abort(),
  [Symbol.asyncDispose]: () => draft[Symbol.asyncDispose](),
})
