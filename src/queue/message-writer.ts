// SPDX-License-Identifier: Apache-2.0
/**
 * A message on its way into the file store: its content grows in a temporary file, which has been synced before the
 * store is asked to put it in its place.
 */
import type { Envelope } from '../envelope/envelope.ts'
import { type FileLayer, type OpenFile, removeFile, writeAll } from './file-layer.ts'
import type { Draft } from './store.ts'

/** Puts a synced content file into its place, with the envelope; rejects when nothing was kept. */
export type Place = (envelope: Envelope, contentPath: string) => Promise<void>

export class FileDraft implements Draft {
  readonly #files: FileLayer
  readonly #path: string
  readonly #place: Place
  #file: OpenFile | undefined
  #length = 0
  #failed = false

  private constructor(files: FileLayer, path: string, file: OpenFile, place: Place) {
    this.#files = files
    this.#path = path
    this.#file = file
    this.#place = place
  }

  static async begin(files: FileLayer, path: string, place: Place): Promise<FileDraft> {
    return new FileDraft(files, path, await files.open(path, 'create'), place)
  }

  async write(chunk: Uint8Array): Promise<void> {
    const file = this.#open()
    try {
      await writeAll(file, chunk, this.#length)
      this.#length += chunk.length
    } catch (error) {
      this.#failed = true // a part of the chunk may be there
      throw error
    }
  }

  async commit(envelope: Envelope): Promise<void> {
    const file = this.#open()
    this.#file = undefined
    try {
      try {
        await file.datasync()
      } finally {
        await file.close()
      }
      await this.#place(envelope, this.#path)
    } catch (error) {
      await removeFile(this.#files, this.#path).catch(() => {}) // removed at the next start
      throw error
    }
  }

  async abort(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    if (file === undefined) return
    await file.close().catch(() => {}) // nothing of it is wanted
    await removeFile(this.#files, this.#path).catch(() => {}) // removed at the next start
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.abort()
  }

  #open(): OpenFile {
    if (this.#failed) throw new Error('the disk refused a part of this message')
    if (this.#file === undefined) throw new Error('this draft was committed or aborted')
    return this.#file
  }
}
