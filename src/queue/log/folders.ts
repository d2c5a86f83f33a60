// SPDX-License-Identifier: Apache-2.0
/**
 * The folders of the queue's directory that segments and content files are put in: `0001`, and others when that one can
 * no longer be trusted. After a failed sync of a directory nobody knows which of its names are on the disk, and a
 * later sync may say that all is well. So a folder whose sync failed gets no new names any more; a new one is made.
 * Names that were synced before stay good.
 */
import { dirname, join, resolve } from 'node:path'
import type { Log } from '../../monitor/log.ts'
import type { FileLayer } from '../file-layer.ts'
import { shareSyncs } from '../shared-sync.ts'

const FOLDER = /^\d{4}$/

export class Folders {
  readonly root: string
  readonly #files: FileLayer
  readonly #log: Log
  readonly #sync: (path: string) => Promise<void>
  readonly #condemned = new Set<string>()
  /** Name of the newest folder. */
  #last = '0000'
  #making: Promise<string> | undefined

  constructor(root: string, files: FileLayer, log: Log) {
    this.root = resolve(root)
    this.#files = files
    this.#log = log
    this.#sync = shareSyncs((path) => this.#syncOnce(path))
  }

  /** Names of the folders that are there, oldest first. */
  async list(): Promise<readonly string[]> {
    return (await this.#files.list(this.root)).filter((name) => FOLDER.test(name)).sort()
  }

  /** What is in the folders is there for good after this, or the promise is rejected. */
  async settle(): Promise<void> {
    for (let above = dirname(this.root); ; above = dirname(above)) {
      await this.#files.syncDirectory(above).catch((error: unknown) => {
        if (!isForbidden(error)) throw error // where nothing may be done, we made no names
      })
      if (above === dirname(above)) break
    }
    await this.#files.syncDirectory(this.root)
    for (const name of await this.list()) {
      await this.#files.syncDirectory(join(this.root, name))
      this.#last = name
    }
  }

  /** The folder in which new names may be made now. */
  async current(): Promise<string> {
    if (this.#last !== '0000' && !this.#condemned.has(this.#last)) return this.#last
    this.#making ??= this.#make().finally(() => {
      this.#making = undefined
    })
    return await this.#making
  }

  path(relative: string): string {
    return join(this.root, relative)
  }

  /** Resolves when the names that are in the folder at the call are durable. */
  sync(folder: string): Promise<void> {
    return this.#sync(folder)
  }

  async #make(): Promise<string> {
    const name = String(Number(this.#last) + 1).padStart(4, '0')
    this.#last = name
    try {
      await this.#files.makeDirectory(join(this.root, name))
      await this.#sync('')
    } catch (error) {
      this.#condemned.add(name)
      throw error
    }
    return name
  }

  async #syncOnce(folder: string): Promise<void> {
    const condemned = () => new Error(`the folder ${join(this.root, folder)} failed a sync before`)
    if (this.#condemned.has(folder)) throw condemned()
    try {
      await this.#files.syncDirectory(join(this.root, folder))
    } catch (error) {
      this.#condemned.add(folder)
      this.#log.error('queue.folder-not-synced', { folder: join(this.root, folder), err: error })
      throw error
    }
  }
}

const isForbidden = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'EACCES' || error.code === 'EPERM')
