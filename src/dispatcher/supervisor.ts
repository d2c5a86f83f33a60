// SPDX-License-Identifier: Apache-2.0
/**
 * Keeps a number of workers running (design 2.4): starts them, replaces one that ended after a wait that grows while
 * it keeps ending, and kills one that no longer answers. Knows nothing of mail.
 */
import type { Clock } from '../clock/clock.ts'
import type { Log } from '../monitor/log.ts'

/** A process that was started. */
export interface Process {
  readonly pid: number
  /** Resolves when it has ended, to how: `exit code 1`, `signal SIGKILL`. */
  readonly ended: Promise<string>
  /** Rejects or never resolves when it does not answer. */
  ping(): Promise<unknown>
  kill(): void
}

export interface WorkerStatus {
  readonly index: number
  readonly state: 'starting' | 'serving' | 'waiting'
  readonly pid?: number
  /** Wall-clock milliseconds. */
  readonly startedAt?: number
  /** Times it was replaced. */
  readonly replaced: number
}

export interface SupervisorOptions<P extends Process> {
  readonly count: number
  /** May throw when the system has no room for one more: tried again like one that ended. */
  readonly spawn: (index: number) => P
  /** Makes it ready to serve; a rejection counts as its end. */
  readonly prepare: (worker: P, index: number) => Promise<void>
  /** It was serving, or starting, and is gone. */
  readonly gone: (index: number, worker: P) => void
  readonly clock: Clock
  readonly log: Log
  /** One that has left a question a second unanswered for so long is killed. */
  readonly hungAfterMs: number
}

/** Wait before a successor starts: the first, and the longest. */
const FIRST_WAIT_MS = 200
const LONGEST_WAIT_MS = 30_000
/** One that lived so long has done nothing wrong: its successor starts after the first wait again. */
const LIVED_WELL_MS = 60_000
const PING_EVERY_MS = 1000
/** One that starts reads its shards and compiles a policy, on a machine that may be busy with nothing else. */
const STARTS_WITHIN_MS = 120_000

interface Place<P> {
  readonly index: number
  state: WorkerStatus['state']
  worker: P | undefined
  startedAt: number | undefined
  replaced: number
  waitMs: number
  cancel: () => void
}

export class Supervisor<P extends Process> {
  readonly #options: SupervisorOptions<P>
  readonly #places: readonly Place<P>[]
  #stopping = false

  constructor(options: SupervisorOptions<P>) {
    this.#options = options
    this.#places = Array.from({ length: options.count }, (_, index) => ({
      index,
      state: 'waiting',
      worker: undefined,
      startedAt: undefined,
      replaced: 0,
      waitMs: FIRST_WAIT_MS,
      cancel: () => {},
    }))
  }

  /** Resolves when all serve. Rejects when one cannot: that is the configuration's or the system's fault, not a crash. */
  async start(): Promise<void> {
    await Promise.all(this.#places.map((place) => this.#launch(place)))
  }

  /** Those that serve. */
  serving(): readonly { readonly index: number; readonly worker: P }[] {
    return this.#places.flatMap(({ index, state, worker }) =>
      state === 'serving' && worker !== undefined ? [{ index, worker }] : [],
    )
  }

  status(): readonly WorkerStatus[] {
    return this.#places.map(({ index, state, worker, startedAt, replaced }) => ({
      index,
      state,
      replaced,
      ...(worker === undefined ? {} : { pid: worker.pid }),
      ...(startedAt === undefined ? {} : { startedAt }),
    }))
  }

  /**
   * Replaces nobody any more, lets `end` ask each worker to end, and kills those that have not after `deadlineMs`.
   * Resolves when all have ended.
   */
  async stop(deadlineMs: number, end: (worker: P) => void): Promise<void> {
    this.#stopping = true
    const workers = this.#places.flatMap(({ worker }) => worker ?? [])
    for (const place of this.#places) if (place.worker === undefined) place.cancel()
    for (const worker of workers) end(worker)
    const cancel = this.#options.clock.after(deadlineMs, () => {
      for (const worker of workers) worker.kill()
    })
    await Promise.all(workers.map(({ ended }) => ended))
    cancel()
  }

  async #launch(place: Place<P>): Promise<void> {
    const { spawn, prepare, clock, log } = this.#options
    const { index } = place
    let worker: P
    try {
      worker = spawn(index)
    } catch (cause) {
      if (!this.#stopping) this.#replaceLater(place)
      throw notStarted(index, cause)
    }
    place.worker = worker
    place.state = 'starting'
    place.startedAt = clock.now()
    const started = clock.monotonic()
    const ended = worker.ended.then((how) => {
      place.cancel()
      place.worker = undefined
      place.startedAt = undefined
      this.#options.gone(index, worker)
      if (this.#stopping) return
      log.error('worker.ended', { worker: index, pid: worker.pid, how })
      if (clock.monotonic() - started >= LIVED_WELL_MS) place.waitMs = FIRST_WAIT_MS
      this.#replaceLater(place)
    })
    this.#watch(place, worker)
    try {
      await Promise.race([prepare(worker, index), ended.then(() => Promise.reject(new Error('it ended')))])
    } catch (cause) {
      worker.kill()
      throw notStarted(index, cause)
    }
    place.state = 'serving'
    log.info('worker.serving', { worker: index, pid: worker.pid })
  }

  #replaceLater(place: Place<P>): void {
    place.state = 'waiting'
    const wait = place.waitMs
    place.waitMs = Math.min(2 * wait, LONGEST_WAIT_MS)
    place.cancel = this.#options.clock.after(wait, () => {
      place.replaced++
      this.#launch(place).catch((err: unknown) => this.#options.log.error('worker.not-started', { err }))
    })
  }

  /**
   * Asks again and again, and kills one that leaves too many questions unanswered. Questions are counted, not time: a
   * dispatcher that was held up itself must not blame its workers.
   */
  #watch(place: Place<P>, worker: P): void {
    const { clock, log, hungAfterMs } = this.#options
    let unanswered = 0
    const look = (): void => {
      place.cancel = clock.after(PING_EVERY_MS, () => {
        const patienceMs = place.state === 'starting' ? Math.max(hungAfterMs, STARTS_WITHIN_MS) : hungAfterMs
        if (unanswered * PING_EVERY_MS >= patienceMs) {
          log.error('worker.hung', { worker: place.index, pid: worker.pid, unanswered })
          worker.kill()
          return
        }
        unanswered++
        worker.ping().then(
          () => {
            unanswered = 0
          },
          () => {}, // gone; that is told elsewhere
        )
        look()
      })
    }
    look()
  }
}

const notStarted = (index: number, cause: unknown): Error =>
  new Error(`worker ${index} does not start: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
