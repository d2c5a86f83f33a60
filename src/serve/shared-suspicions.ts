// SPDX-License-Identifier: Apache-2.0
/** What all workers know of messages that were being received at a crash (suspects.ts), gathered by the dispatcher. */
import type { Crash } from '../ask/crash.ts'
import { withCrashes, worthKeeping } from '../queue/suspects.ts'
import type { Worker } from './calls.ts'
import type { Suspicions } from './suspects.ts'

type Listener = { readonly link: Pick<Worker['link'], 'notify'> }

export class SharedSuspicions {
  readonly #now: () => number
  #known: ReadonlyMap<string, readonly Crash[]> = new Map()

  /** @param now wall-clock milliseconds */
  constructor(now: () => number) {
    this.#now = now
  }

  /** For a worker that starts. */
  all(): Suspicions {
    return Object.fromEntries(this.#known)
  }

  /** What a worker found in its shards; the others are told. */
  found(suspicions: Suspicions, others: readonly Listener[]): void {
    const crashes = Object.entries(suspicions).flatMap(([key, all]) => all.map((crash) => ({ key, crash })))
    if (crashes.length === 0) return
    this.#known = worthKeeping(withCrashes(this.#known, crashes), this.#now())
    for (const { link } of others) link.notify('learn', suspicions)
  }

  cleared(key: string, others: readonly Listener[]): undefined {
    const known = new Map(this.#known)
    known.delete(key)
    this.#known = known
    for (const { link } of others) link.notify('clear', key)
  }
}
