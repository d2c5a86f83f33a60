// SPDX-License-Identifier: Apache-2.0
/** Keeps what cannot be read, in the folder `damaged` of the queue's directory, for people to look at. Never deleted by us. */
import { join } from 'node:path'
import type { Log } from '../../monitor/log.ts'
import { type FileLayer, writeSynced } from '../file-layer.ts'
import type { Finding } from './recovery.ts'

export const DAMAGED = 'damaged'

export class Evidence {
  readonly #files: FileLayer
  readonly #directory: string
  readonly #log: Log

  constructor(files: FileLayer, root: string, log: Log) {
    this.#files = files
    this.#directory = join(root, DAMAGED)
    this.#log = log
  }

  /** Says it, and keeps what lies there. Never rejects: mail that can be read matters more. */
  async keep({ what, where, id, bytes }: Finding): Promise<void> {
    const about = id === undefined ? {} : { id }
    this.#log.error('queue.damaged', { what, where, ...about })
    if (bytes === undefined || bytes.length === 0) return
    const path = join(this.#directory, where.replaceAll(/[/:]/g, '-'))
    try {
      await this.#files.makeDirectory(this.#directory)
      if ((await this.#files.list(this.#directory)).some((name) => path.endsWith(`/${name}`))) return // found before
      await writeSynced(this.#files, path, bytes)
    } catch (error) {
      this.#log.error('queue.evidence-not-kept', { path, err: error })
    }
  }

  /** Moves a file away as it is. */
  async move(path: string, name: string): Promise<void> {
    try {
      await this.#files.makeDirectory(this.#directory)
      await this.#files.rename(path, join(this.#directory, name.replaceAll('/', '-')))
    } catch (error) {
      this.#log.error('queue.evidence-not-kept', { path, err: error })
    }
  }
}
