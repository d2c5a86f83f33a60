// SPDX-License-Identifier: Apache-2.0
/**
 * Shards that nobody owns are taken up by a worker that serves, when their own worker's successor does not come soon
 * (design 2.5). Adoption is ordinary recovery.
 */
import type { Clock } from '../clock/clock.ts'
import type { ShardTable } from '../dispatcher/shards.ts'
import type { Supervisor } from '../dispatcher/supervisor.ts'
import type { Log } from '../monitor/log.ts'
import type { Worker } from './calls.ts'
import type { Suspicions } from './suspects.ts'

/** A successor usually serves again within a second. */
const PATIENCE_MS = 5000

export class Adoption {
  readonly #shards: ShardTable
  readonly #supervisor: Supervisor<Worker>
  readonly #clock: Clock
  readonly #log: Log
  readonly #adopted: (suspicions: Suspicions) => void
  #cancel: (() => void) | undefined
  #ended = false

  constructor(parts: {
    readonly shards: ShardTable
    readonly supervisor: Supervisor<Worker>
    readonly clock: Clock
    readonly log: Log
    /** Told what the shard knows of crashes. */
    readonly adopted: (suspicions: Suspicions) => void
  }) {
    this.#shards = parts.shards
    this.#supervisor = parts.supervisor
    this.#clock = parts.clock
    this.#log = parts.log
    this.#adopted = parts.adopted
  }

  /** A worker is gone: in a while, what is still without an owner finds one. */
  soon(): void {
    if (this.#ended || this.#cancel !== undefined) return
    this.#cancel = this.#clock.after(PATIENCE_MS, () => {
      this.#cancel = undefined
      this.#adopt()
    })
  }

  end(): void {
    this.#ended = true
    this.#cancel?.()
  }

  #adopt(): void {
    for (const shard of this.#shards.orphans()) {
      const [least] = this.#supervisor
        .serving()
        .map(({ index, worker }) => ({ index, worker, shards: this.#shards.of(index).length }))
        .sort((a, b) => a.shards - b.shards)
      if (least === undefined) {
        this.soon()
        return
      }
      this.#shards.adopt(shard, least.index)
      least.worker.link.call('adopt', { shard }).then(
        (suspicions) => {
          this.#log.warn('worker.shard-adopted', { shard, worker: least.index })
          this.#adopted(suspicions)
        },
        (err: unknown) => {
          this.#log.error('worker.shard-not-adopted', { shard, worker: least.index, err })
          if (this.#shards.of(least.index).includes(shard)) this.#shards.disown(shard)
          this.soon()
        },
      )
    }
  }
}
