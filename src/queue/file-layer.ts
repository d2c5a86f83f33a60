// SPDX-License-Identifier: Apache-2.0
/**
 * The few things the queue asks of a file system, so that tests can fill the disk, fail a sync or count them. No
 * policy: what to do about a failure is the store's matter.
 */
import { fdatasync, write } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, rename, unlink } from 'node:fs/promises'

export interface OpenFile {
  /** Writes at `position`; resolves to the octets written, which may be fewer. Then `bytes` may be used for others. */
  write(bytes: Uint8Array, position: number): Promise<number>
  /** Fills `into` from `position`; resolves to the octets read, 0 at the end. */
  read(into: Uint8Array, position: number): Promise<number>
  size(): Promise<number>
  /** Resolves when what was written survives a power cut. After a rejection nothing is known of this file. */
  datasync(): Promise<void>
  close(): Promise<void>
}

/** `create`: a new file, rejects when there is one. `read`, `write`: one that is there. */
export type OpenMode = 'create' | 'read' | 'write'

export interface FileLayer {
  open(path: string, mode: OpenMode): Promise<OpenFile>
  rename(from: string, to: string): Promise<void>
  unlink(path: string): Promise<void>
  /** The names in a directory. */
  list(directory: string): Promise<string[]>
  /** Makes a directory and those above it, where missing. */
  makeDirectory(path: string): Promise<void>
  /** Makes the names in a directory survive a power cut. */
  syncDirectory(path: string): Promise<void>
}

const FLAGS: Record<OpenMode, string> = { create: 'wx+', read: 'r', write: 'r+' }

export const diskFiles: FileLayer = {
  open: async (path, mode) => {
    const handle = await open(path, FLAGS[mode], 0o600) // mail is nobody else's business
    return new DiskFile(handle)
  },
  rename,
  unlink,
  list: (directory) => readdir(directory),
  makeDirectory: async (path) => {
    await mkdir(path, { recursive: true, mode: 0o700 })
  },
  syncDirectory: async (path) => {
    const handle = await open(path, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  },
}

/** Each group of the log is written and synced: with callbacks, which cost half of what a handle's promises do. */
class DiskFile implements OpenFile {
  readonly #handle: FileHandle
  #underWay = 0
  #quiet: (() => void)[] = []

  constructor(handle: FileHandle) {
    this.#handle = handle
  }

  write(bytes: Uint8Array, position: number): Promise<number> {
    return this.#run((done) => write(this.#handle.fd, bytes, 0, bytes.length, position, done))
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    return (await this.#handle.read(into, 0, into.length, position)).bytesRead
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size
  }

  datasync(): Promise<void> {
    return this.#run((done) => fdatasync(this.#handle.fd, done))
  }

  /** The number of a file that is closed may be another one's at once, so nothing may be under way with it. */
  async close(): Promise<void> {
    while (this.#underWay > 0) await new Promise<void>((resolve) => this.#quiet.push(resolve))
    await this.#handle.close()
  }

  #run<T>(start: (done: (error: Error | null, result?: T) => void) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      start((error, result) => {
        this.#underWay--
        if (this.#underWay === 0) for (const goOn of this.#quiet.splice(0)) goOn()
        if (error === null) resolve(result as T)
        else reject(error)
      })
      this.#underWay++
    })
  }
}

/** Writes all of it, or rejects; a part of it may stand there then. */
export async function writeAll(file: OpenFile, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const written = await file.write(done === 0 ? bytes : bytes.subarray(done), position + done)
    done += written
  }
}

/** Up to `length` octets from `position`; fewer at the end of the file. */
export async function readSome(file: OpenFile, position: number, length: number): Promise<Buffer> {
  const into = Buffer.alloc(length)
  let done = 0
  while (done < length) {
    const read = await file.read(into.subarray(done), position + done)
    if (read === 0) break
    done += read
  }
  return into.subarray(0, done)
}

export async function readWhole(files: FileLayer, path: string): Promise<Buffer> {
  const file = await files.open(path, 'read')
  try {
    return await readSome(file, 0, await file.size())
  } finally {
    await file.close()
  }
}

/** A new file with these octets, synced. Its name is not yet durable. */
export async function writeSynced(files: FileLayer, path: string, bytes: Uint8Array): Promise<void> {
  const file = await files.open(path, 'create')
  try {
    await writeAll(file, bytes, 0)
    await file.datasync()
  } finally {
    await file.close()
  }
}

/** Removes a file; one that is not there is removed already. */
export async function removeFile(files: FileLayer, path: string): Promise<void> {
  try {
    await files.unlink(path)
  } catch (error) {
    if (!isMissing(error)) throw error
  }
}

export const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT'
