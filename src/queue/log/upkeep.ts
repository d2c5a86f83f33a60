// SPDX-License-Identifier: Apache-2.0
/** When a checkpoint is due and when space is looked at: by how much was appended, once for each group of the log. */
import type { Log } from '../../monitor/log.ts'

export interface UpkeepParts {
  readonly log: Log
  readonly segmentBytes: number
  /** Whether anything is done of itself. */
  readonly background: boolean
  /** Writes a checkpoint; gives its octets, 0 when there was nothing to write. */
  readonly writeCheckpoint: () => Promise<number>
  /** Looks whether there is too much that is not needed any more. */
  readonly considerSpace: () => void
}

/** Segments of log after which a checkpoint is due; more when writing one costs more than that. */
const CHECKPOINT_SEGMENTS = 4

export class Upkeep {
  readonly #parts: UpkeepParts
  #background: boolean
  /** Octets appended since the last checkpoint, and how many make the next one due. */
  #sinceCheckpoint = 0
  #checkpointDue: number
  /** Octets appended since space was looked at, and octets not needed any more: a short record ends a long message. */
  #sinceConsidered = Number.POSITIVE_INFINITY
  #checkpointing: Promise<void> | undefined

  constructor(parts: UpkeepParts) {
    this.#parts = parts
    this.#background = parts.background
    this.#checkpointDue = CHECKPOINT_SEGMENTS * parts.segmentBytes
  }

  /** Nothing is done of itself any more. */
  stop(): void {
    this.#background = false
  }

  /** So many octets are not needed any more. */
  freed(octets: number): void {
    this.#sinceConsidered += octets
  }

  /** So many octets were appended, and all that they changed has been applied. */
  appended(octets: number): void {
    this.#sinceCheckpoint += octets
    this.#sinceConsidered += octets
    if (!this.#background) return
    const { segmentBytes, considerSpace, log } = this.#parts
    if (this.#sinceConsidered >= segmentBytes / 8) {
      this.#sinceConsidered = 0
      considerSpace()
    }
    if (this.#sinceCheckpoint < this.#checkpointDue || this.#checkpointing !== undefined) return
    this.checkpoint().catch((error: unknown) => log.warn('queue.checkpoint-not-written', { err: error }))
  }

  /** Writes one now, when one that is under way has been written. */
  async checkpoint(): Promise<void> {
    while (this.#checkpointing !== undefined) await this.#checkpointing
    this.#checkpointing = this.#write().finally(() => {
      this.#checkpointing = undefined
    })
    await this.#checkpointing
  }

  async #write(): Promise<void> {
    this.#sinceCheckpoint = 0
    const { segmentBytes, writeCheckpoint } = this.#parts
    const length = await writeCheckpoint()
    this.#checkpointDue = Math.max(CHECKPOINT_SEGMENTS * segmentBytes, length)
  }
}
