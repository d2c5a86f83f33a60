// SPDX-License-Identifier: Apache-2.0
/**
 * Watches what is left of the spool's file system: octets and inodes, every second and whenever much was written.
 * Under what `limits.freeSpace` and `limits.freeInodes` keep free no new mail is taken in (policy/stages/free-space.ts),
 * so that deliveries can go on writing down what became of the mail that is here. One alarm for each crossing.
 */
import { statfs } from 'node:fs/promises'
import type { Left, Pressure } from '../ask/pressure.ts'
import type { Clock } from '../clock/clock.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'

/** What a file system says of itself. */
export interface FileSystem {
  readonly bytes: { readonly free: number; readonly total: number }
  /** Absent where the file system makes inodes as it needs them. */
  readonly inodes?: { readonly free: number; readonly total: number }
}

export interface FreeSpaceSettings {
  /** Octets; absent: AUTO_BYTES, or AUTO_SHARE of a small file system. 0 for none. */
  readonly freeSpace?: number | undefined
  readonly freeInodes?: number | undefined
}

export interface FreeSpaceOptions {
  /** A folder of the file system. */
  readonly path: string
  readonly settings: () => FreeSpaceSettings
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly read?: (path: string) => Promise<FileSystem>
}

export const AUTO_BYTES = 100 * 1024 * 1024
export const AUTO_INODES = 1000
/** Of the whole file system, where that is less. */
export const AUTO_SHARE = 0.1
/** It is over when this much more than what is to be kept is free: mail that comes and goes at the edge rings once. */
const OVER = 1.1
const INTERVAL_MS = 1000
/** Octets written since the last look after which it looks again; a quarter of what is kept, where that is less. */
const LARGE_BYTES = 8 * 1024 * 1024

export class FreeSpace implements Disposable {
  readonly #options: FreeSpaceOptions
  readonly #read: (path: string) => Promise<FileSystem>
  #now: FileSystem | undefined
  #left: Pick<Pressure, 'bytes' | 'inodes'> = {}
  #problem: string | undefined
  #written = 0
  #looking: Promise<void> | undefined
  #cancel: (() => void) | undefined
  #ended = false

  constructor(options: FreeSpaceOptions) {
    this.#options = options
    this.#read = options.read ?? readFileSystem
    const { metrics } = options
    // Of one file system, however many processes look at it.
    const gauge = (name: string, help: string, of: () => number | undefined): void =>
      metrics.gauge(name, help, () => of() ?? Number.NaN, 'min')
    gauge('postern_spool_free_bytes', 'Octets free in the spool’s file system', () => this.#now?.bytes.free)
    gauge('postern_spool_free_inodes', 'Inodes free in the spool’s file system', () => this.#now?.inodes?.free)
    metrics.gauge(
      'postern_alarm_free_space',
      '1 while new mail is refused for want of space',
      () => Number(this.low),
      'max',
    )
  }

  /** Looks once, then goes on looking. */
  async start(): Promise<void> {
    await this.look()
    this.#arm()
  }

  /** What is left; empty when that could not be found out. The same object until the next look. */
  get left(): Pick<Pressure, 'bytes' | 'inodes'> {
    return this.#left
  }

  /** Nothing more is to be taken in. */
  get low(): boolean {
    return this.#left.bytes?.low === true || this.#left.inodes?.low === true
  }

  get health(): { readonly ok: boolean; readonly detail: string } {
    if (this.#problem !== undefined) return { ok: false, detail: this.#problem }
    return { ok: !this.low, detail: describe(this.#left) }
  }

  /** Told of octets written to the spool; many of them are a reason to look at once. */
  wrote(octets: number): void {
    this.#written += octets
    const keep = this.#left.bytes?.keep ?? 0
    if (this.#written >= Math.min(LARGE_BYTES, keep === 0 ? LARGE_BYTES : keep / 4)) void this.look()
  }

  /** Looks now; several who ask at one time share one look. Never rejects. */
  look(): Promise<void> {
    this.#written = 0
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }

  [Symbol.dispose](): void {
    this.#ended = true
    this.#cancel?.()
  }

  #arm(): void {
    if (this.#ended) return
    this.#cancel = this.#options.clock.after(INTERVAL_MS, () => {
      void this.look().then(() => this.#arm())
    })
  }

  async #look(): Promise<void> {
    const { path, settings, log } = this.#options
    try {
      const now = await this.#read(path)
      const { freeSpace, freeInodes } = settings()
      const wasLow = this.low
      this.#now = now
      const { bytes, inodes } = this.#left
      this.#left = {
        bytes: left(now.bytes, freeSpace, AUTO_BYTES, bytes),
        ...(now.inodes === undefined ? {} : { inodes: left(now.inodes, freeInodes, AUTO_INODES, inodes) }),
      }
      this.#problem = undefined
      if (this.low === wasLow) return
      const fields = { path, ...this.#left }
      if (this.low) log.error('alarm.free-space', { ...fields, what: 'no new mail is taken in; deliveries go on' })
      else log.warn('alarm.free-space.over', { ...fields, what: 'new mail is taken in again' })
    } catch (err) {
      // Not knowing is no reason to refuse: the write will say. It is a reason to tell somebody, once.
      if (this.#problem === undefined) log.error('alarm.free-space-unknown', { path, err })
      this.#problem = `the free space of ${path} cannot be read: ${String(err)}`
    }
  }
}

function left(
  { free, total }: { readonly free: number; readonly total: number },
  setting: number | undefined,
  auto: number,
  before: Left | undefined,
): Left {
  const keep = setting ?? Math.min(auto, Math.floor(total * AUTO_SHARE))
  return { free, keep, low: free < (before?.low === true ? keep * OVER : keep) }
}

function describe({ bytes, inodes }: FreeSpace['left']): string {
  const octets = bytes === undefined ? 'not looked at yet' : `${mib(bytes.free)} free, ${mib(bytes.keep)} kept free`
  return inodes === undefined ? octets : `${octets}; ${inodes.free} inodes free, ${inodes.keep} kept free`
}

const mib = (octets: number): string => `${(octets / 1024 / 1024).toFixed(1)} MiB`

async function readFileSystem(path: string): Promise<FileSystem> {
  const { bavail, blocks, bsize, ffree, files } = await statfs(path)
  const bytes = { free: bavail * bsize, total: blocks * bsize }
  return files === 0 ? { bytes } : { bytes, inodes: { free: ffree, total: files } }
}
