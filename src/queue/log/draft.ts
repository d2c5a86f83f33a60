// SPDX-License-Identifier: Apache-2.0
/**
 * A message on its way into the log. Small content waits in memory and is written with its record; larger content goes
 * to a file of its own, which is synced, and its name with it, before the record is written.
 */
import { crc32 } from 'node:zlib'
import type { Envelope } from '../../envelope/envelope.ts'
import { type FileLayer, type OpenFile, removeFile, writeAll } from '../file-layer.ts'
import type { Draft } from '../store.ts'
import type { ContentFile } from './change.ts'
import type { Folders } from './folders.ts'
import { RefusedUncertainly } from './writer.ts'

/** Content up to this lies in the log. */
const MAX_INLINE = 64 * 1024
/** All drafts together hold as much in memory; those that come then go to files however small they are. */
const MAX_BUFFERED = 32 << 20

export interface Content {
  readonly inline: readonly Uint8Array[]
  readonly file?: ContentFile
}

export interface DraftParts {
  readonly files: FileLayer
  readonly folders: Folders
  readonly random: (octets: number) => Uint8Array
  /** Octets that drafts hold in memory. */
  readonly buffered: { octets: number }
  /** Writes the record; rejects or throws when nothing was kept. */
  readonly place: (envelope: Envelope, content: Content) => Promise<void>
}

interface Spilled {
  readonly file: OpenFile
  readonly folder: string
  readonly path: string
  bytes: number
  crc: number
}

export class LogDraft implements Draft {
  readonly #parts: DraftParts
  #chunks: Uint8Array[] = []
  #octets = 0
  #spilled: Spilled | undefined
  #state: 'open' | 'failed' | 'over' = 'open'

  constructor(parts: DraftParts) {
    this.#parts = parts
  }

  write(chunk: Uint8Array): Promise<void> | undefined {
    this.#mustBeOpen()
    const { buffered } = this.#parts
    const fits = this.#octets + chunk.length <= MAX_INLINE && buffered.octets + chunk.length <= MAX_BUFFERED
    if (this.#spilled !== undefined || !fits) return this.#writeToFile(chunk)
    this.#chunks.push(new Uint8Array(chunk)) // the caller may reuse its own
    this.#octets += chunk.length
    buffered.octets += chunk.length
    return undefined
  }

  async beginning(most: number): Promise<Uint8Array> {
    this.#mustBeOpen()
    const spilled = this.#spilled
    if (spilled === undefined) return Buffer.concat(this.#chunks).subarray(0, most)
    const { files, folders } = this.#parts
    const into = Buffer.alloc(Math.min(most, spilled.bytes))
    // A handle of its own: the one that writes may not be open for reading.
    const file = await files.open(folders.path(spilled.path), 'read')
    try {
      let length = 0
      while (length < into.length) {
        const read = await file.read(into.subarray(length), length)
        if (read === 0) throw new Error(`${spilled.path} has fewer octets than were written`)
        length += read
      }
      return into
    } finally {
      await file.close()
    }
  }

  async commit(envelope: Envelope): Promise<void> {
    this.#mustBeOpen()
    this.#state = 'over'
    const spilled = this.#spilled
    this.#spilled = undefined
    const inline = this.#forget()
    if (spilled === undefined) return await this.#parts.place(envelope, { inline })
    const { files, folders, place } = this.#parts
    try {
      try {
        await spilled.file.datasync()
      } finally {
        await spilled.file.close()
      }
      await folders.sync(spilled.folder)
      const { path, bytes, crc } = spilled
      await place(envelope, { inline: [], file: { path, bytes, crc } })
    } catch (error) {
      // Where a record may be found after all, so must the content; a file of nobody is removed at the next start.
      if (!(error instanceof RefusedUncertainly)) await removeFile(files, folders.path(spilled.path)).catch(() => {})
      throw error
    }
  }

  async abort(): Promise<void> {
    this.#state = 'over'
    this.#forget()
    const spilled = this.#spilled
    this.#spilled = undefined
    if (spilled === undefined) return
    await spilled.file.close().catch(() => {}) // nothing of it is wanted
    await removeFile(this.#parts.files, this.#parts.folders.path(spilled.path)).catch(() => {}) // removed at the next start
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.abort()
  }

  async #writeToFile(chunk: Uint8Array): Promise<void> {
    try {
      this.#spilled ??= await this.#spill()
      await this.#append(this.#spilled, chunk)
    } catch (error) {
      this.#state = 'failed' // a part of the chunk may be there
      throw error
    }
  }

  async #spill(): Promise<Spilled> {
    const { files, folders, random } = this.#parts
    const folder = await folders.current()
    const path = `${folder}/${Buffer.from(random(8)).toString('hex')}.content`
    const file = await files.open(folders.path(path), 'create')
    const spilled = { file, folder, path, bytes: 0, crc: 0 }
    this.#spilled = spilled
    for (const chunk of this.#forget()) await this.#append(spilled, chunk)
    return spilled
  }

  async #append(spilled: Spilled, chunk: Uint8Array): Promise<void> {
    await writeAll(spilled.file, chunk, spilled.bytes)
    spilled.bytes += chunk.length
    spilled.crc = crc32(chunk, spilled.crc)
  }

  /** What was in memory. */
  #forget(): readonly Uint8Array[] {
    const chunks = this.#chunks
    this.#chunks = []
    this.#parts.buffered.octets -= this.#octets
    this.#octets = 0
    return chunks
  }

  #mustBeOpen(): void {
    if (this.#state === 'failed') throw new Error('the disk refused a part of this message')
    if (this.#state === 'over') throw new Error('this draft was committed or aborted')
  }
}
