// SPDX-License-Identifier: Apache-2.0
/**
 * A draft whose writes are counted against the free space, and that ends when there is too little: a message that was
 * let in while there was room does not use up what is kept for deliveries. A disk that fails is looked at once.
 */
import type { Envelope } from '../envelope/envelope.ts'
import type { Draft } from './store.ts'

export interface SpaceGuard {
  wrote(octets: number): void
  look(): Promise<void>
  readonly low: boolean
}

/** What a message takes besides its content: envelope, trace, their index, and the blocks they begin. */
const OVERHEAD_BYTES = 16 * 1024

export class GuardedDraft implements Draft {
  readonly #draft: Draft
  readonly #space: SpaceGuard

  constructor(draft: Draft, space: SpaceGuard) {
    this.#draft = draft
    this.#space = space
  }

  write(chunk: Uint8Array): Promise<void> | undefined {
    if (this.#space.low) throw new Error('the disk is nearly full (limits.freeSpace, limits.freeInodes)')
    const written = this.#draft.write(chunk)
    if (written !== undefined) return this.#written(written, chunk.length)
    this.#space.wrote(chunk.length)
    return undefined
  }

  beginning(most: number): Promise<Uint8Array> {
    return this.#draft.beginning(most)
  }

  async commit(envelope: Envelope): Promise<void> {
    try {
      await this.#draft.commit(envelope)
    } catch (error) {
      await this.#space.look()
      throw error
    }
    this.#space.wrote(OVERHEAD_BYTES)
  }

  abort(): Promise<void> {
    return this.#draft.abort()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#draft[Symbol.asyncDispose]()
  }

  async #written(written: Promise<void>, octets: number): Promise<void> {
    try {
      await written
    } catch (error) {
      await this.#space.look()
      throw error
    }
    this.#space.wrote(octets)
  }
}
