// SPDX-License-Identifier: Apache-2.0
/**
 * Files for the segments to come. A file whose content counts no more keeps its blocks and waits under the name
 * `spare-NUMBER` to become another segment: to write where a file does not grow takes a sync half as long, and neither
 * frees blocks nor takes new ones. Where none waits, a new file is made, its first part written with zeros.
 *
 * Nothing needs to be blank: a file whose header names another number has not been begun, and the groups of the segment
 * it was before have another salt (group.ts). A spare is nobody's: the next start removes it.
 */
import { dirname } from 'node:path'
import { type FileLayer, type OpenFile, removeFile, writeAll } from '../file-layer.ts'
import type { Folders } from './folders.ts'
import { HEADER_BYTES } from './segment-header.ts'
import { type Segment, type Segments, segmentName } from './segments.ts'

export interface SparesParts {
  readonly files: FileLayer
  readonly folders: Folders
  readonly segments: Segments
  readonly random: (octets: number) => Uint8Array
  /** Octets that each of them holds at least: room for what becomes of accepted mail when the disk is full. */
  readonly spareBytes: number
}

export interface Spare {
  readonly segment: Segment
  readonly file: OpenFile
}

/** Files that wait at most. */
const MAX_WAITING = 2

export class Spares {
  readonly #parts: SparesParts
  /** Paths, seen from the queue's directory. */
  #waiting: string[] = []

  constructor(parts: SparesParts) {
    this.#parts = parts
  }

  /** A log segment that may be begun, open for writing; its name is durable. Rejects when the disk will not have it. */
  async take(): Promise<Spare> {
    const { files, folders, segments, random } = this.#parts
    const number = segments.takeNumber()
    const folder = await folders.current()
    const path = `${folder}/${segmentName('log', number)}`
    const before = await this.#from(folder)
    let file: OpenFile | undefined
    try {
      if (before === undefined) file = await this.#create(path)
      else {
        await files.rename(folders.path(before), folders.path(path))
        file = await files.open(folders.path(path), 'write')
      }
      await folders.sync(folder)
      const segment = { number, kind: 'log', path, salt: Buffer.from(random(8)), end: HEADER_BYTES } as const
      return { segment: before === undefined ? segment : { ...segment, reused: true }, file }
    } catch (error) {
      await file?.close().catch(() => {}) // nothing of it counts
      await this.#remove(path).catch(() => {}) // one that was not begun is removed at the next start
      throw error
    }
  }

  /** The segment counts no more. Its file waits for use, or is removed. Rejects when neither can be done. */
  async giveBack({ number, path, end, failed }: Segment): Promise<void> {
    const { files, folders, spareBytes } = this.#parts
    const fit = failed === undefined && end >= spareBytes
    if (!fit || this.#waiting.length >= MAX_WAITING) return await this.#remove(path)
    const spare = `${dirname(path)}/${segmentName('spare', number)}`
    await files.rename(folders.path(path), folders.path(spare))
    this.#waiting.push(spare)
  }

  /** One that waits in this folder; others may lie in a folder that nobody trusts any more. */
  async #from(folder: string): Promise<string | undefined> {
    for (let path = this.#waiting.shift(); path !== undefined; path = this.#waiting.shift()) {
      if (dirname(path) === folder) return path
      await this.#remove(path)
    }
    return undefined
  }

  async #create(path: string): Promise<OpenFile> {
    const { files, folders, spareBytes } = this.#parts
    const file = await files.open(folders.path(path), 'create')
    try {
      await writeAll(file, Buffer.alloc(Math.max(spareBytes, HEADER_BYTES)), 0)
      await file.datasync()
      return file
    } catch (error) {
      await file.close().catch(() => {}) // nothing of it counts
      throw error
    }
  }

  #remove(path: string): Promise<void> {
    return removeFile(this.#parts.files, this.#parts.folders.path(path))
  }
}
