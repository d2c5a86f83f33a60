// SPDX-License-Identifier: Apache-2.0
/**
 * The revision that counts, and which worker has which (design 2.3). A new one is for all workers or for none: all
 * make it ready, then all change; one failure changes nothing. A worker that starts meanwhile catches up before it
 * counts as serving, and one that cannot follow is ended: its successor starts with what counts then.
 */
import { basename } from 'node:path'
import { removeRevisions, saveRevision } from '../config/saved-revision.ts'
import type { LoadedRevision } from '../config/where.ts'
import { LinkClosed } from '../dispatcher/link.ts'
import type { Log } from '../monitor/log.ts'
import type { Worker } from './calls.ts'

/** What is asked of a worker here. */
export type Follower = Pick<Worker, 'kill'> & { readonly link: Pick<Worker['link'], 'call'> }

export class Revisions {
  readonly #directory: string
  readonly #log: Log
  /** By worker, the folder of the revision it starts with or has. */
  readonly #has = new Map<Follower, string>()
  readonly #serving = new Set<Follower>()
  #current: LoadedRevision
  #folder: string
  #tail: Promise<unknown> = Promise.resolve()

  private constructor(first: LoadedRevision, folder: string, directory: string, log: Log) {
    this.#current = first
    this.#folder = folder
    this.#directory = directory
    this.#log = log
  }

  /** @param directory where revisions are saved; what earlier runs left there goes */
  static async open(first: LoadedRevision, directory: string, log: Log): Promise<Revisions> {
    const revisions = new Revisions(first, await saveRevision(first, directory), directory, log)
    await revisions.#tidy()
    return revisions
  }

  current(): LoadedRevision {
    return this.#current
  }

  /** A worker is going to start: the folder to start from. */
  starts(worker: Follower): string {
    this.#has.set(worker, this.#folder)
    return this.#folder
  }

  /** It has started. Resolves when it has what counts. @throws Error when it cannot follow */
  async started(worker: Follower): Promise<void> {
    while (this.#has.get(worker) !== this.#folder) {
      const folder = this.#folder
      await worker.link.call('prepare', { folder })
      await worker.link.call('use', { folder })
      this.#has.set(worker, folder)
    }
    this.#serving.add(worker)
  }

  gone(worker: Follower): void {
    this.#serving.delete(worker)
    this.#has.delete(worker)
  }

  /** Puts a new one to use, after those handed in before. @throws Error, the first that a worker gave; nothing has changed */
  use(next: LoadedRevision): Promise<void> {
    const used = this.#tail.then(() => this.#use(next))
    this.#tail = used.catch(() => {})
    return used
  }

  async #use(next: LoadedRevision): Promise<void> {
    const folder = await saveRevision(next, this.#directory)
    const ready = new Set<Follower>()
    const asked = new Set<Follower>()
    // Who begins to serve while others make it ready is asked too.
    for (;;) {
      const more = [...this.#serving].filter((worker) => !asked.has(worker))
      if (more.length === 0) break
      for (const worker of more) asked.add(worker)
      const answers = await Promise.allSettled(
        more.map(async (worker) => {
          await worker.link.call('prepare', { folder })
          ready.add(worker)
        }),
      )
      for (const answer of answers) {
        // One that died meanwhile is no objection.
        if (answer.status === 'rejected' && !(answer.reason instanceof LinkClosed)) throw answer.reason
      }
    }
    this.#folder = folder
    this.#current = next
    await Promise.all([...ready].map((worker) => this.#change(worker, folder)))
    await this.#tidy().catch((err: unknown) => this.#log.warn('revisions.not-removed', { err }))
  }

  async #change(worker: Follower, folder: string): Promise<void> {
    try {
      await worker.link.call('use', { folder })
      this.#has.set(worker, folder)
    } catch (err) {
      if (err instanceof LinkClosed) return
      this.#log.error('worker.not-changed', { folder, err })
      worker.kill()
    }
  }

  /** Folders that somebody may still read stay. */
  async #tidy(): Promise<void> {
    await removeRevisions(this.#directory, new Set([this.#folder, ...this.#has.values()].map((path) => basename(path))))
  }
}
