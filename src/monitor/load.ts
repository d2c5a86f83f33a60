// SPDX-License-Identifier: Apache-2.0
/**
 * How busy the process is: how late the event loop comes to what is due, and how much of its memory is taken. Three
 * levels with hysteresis; the stage policy/stages/overload.ts refuses new connections by them. One alarm for each rise.
 */
import { totalmem } from 'node:os'
import { getHeapStatistics } from 'node:v8'
import { LOAD_LEVELS, type LoadLevel, type Pressure } from '../ask/pressure.ts'
import type { Clock } from '../clock/clock.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'

export interface LoadSettings {
  /** Milliseconds that the event loop may be late; four times that is full. */
  readonly loopDelay: number
  /** Octets of resident memory; absent: AUTO_MEMORY_SHARE of what the process may have. */
  readonly memory?: number | undefined
}

/** Octets taken, and how many there may be. */
export interface Taken {
  readonly used: number
  readonly limit: number
}

export interface MemoryReading {
  readonly heap: Taken
  /** Resident; `limit` is what the machine or the container has. */
  readonly resident: Taken
}

export interface LoadOptions {
  readonly settings: () => LoadSettings
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly memory?: () => MemoryReading
}

/** Of the memory that the machine or the container has: the rest is the page cache's, which the queue lives on. */
export const AUTO_MEMORY_SHARE = 0.8
/** From these shares of its bound on, memory is busy and full: V8 spends its time collecting beyond. */
export const MEMORY_BUSY = 0.8
export const MEMORY_FULL = 0.9
/** The loop is full at so many times the delay at which it is busy. */
export const LOOP_FULL = 4
/** A level is left when the value is under this share of what made it. */
const EASED = 0.8

const INTERVAL_MS = 500
/** The median of so many samples counts: one long pause of the collector, or a machine that slept, is no load. */
const SAMPLES = 5

export class Load implements Disposable {
  readonly #options: LoadOptions
  readonly #memory: () => MemoryReading
  readonly #late: number[] = []
  #loop: LoadLevel = 'fine'
  #room: LoadLevel = 'fine'
  #lateMs = 0
  #share = 0
  #load: Pressure['load'] | undefined
  #cancel: (() => void) | undefined

  constructor(options: LoadOptions) {
    this.#options = options
    this.#memory = options.memory ?? readMemory
    const { metrics } = options
    metrics.gauge('postern_load_level', '0 fine, 1 busy, 2 full', () => LOAD_LEVELS.indexOf(this.level), 'max')
    metrics.gauge('postern_loop_late_seconds', 'How late the event loop is, median', () => this.#lateMs / 1000, 'max')
    metrics.gauge('postern_memory_share', 'Memory taken, of what there may be', () => this.#share, 'max')
  }

  start(): void {
    const { clock } = this.#options
    const due = clock.monotonic() + INTERVAL_MS
    this.#cancel = clock.after(INTERVAL_MS, () => {
      this.sample(Math.max(0, clock.monotonic() - due))
      this.start()
    })
  }

  /** Takes in one measurement of the loop, and measures memory. */
  sample(lateMs: number): void {
    const { loopDelay, memory } = this.#options.settings()
    this.#late.push(lateMs)
    if (this.#late.length > SAMPLES) this.#late.shift()
    const { heap, resident } = this.#memory()
    const bound = memory ?? resident.limit * AUTO_MEMORY_SHARE
    this.#lateMs = median(this.#late)
    this.#share = Math.max(heap.used / heap.limit, resident.used / bound)
    const before = this.level
    this.#load = undefined
    this.#loop = nextLevel(this.#loop, this.#lateMs, { busy: loopDelay, full: loopDelay * LOOP_FULL })
    this.#room = nextLevel(this.#room, this.#share, { busy: MEMORY_BUSY, full: MEMORY_FULL })
    this.#tell(before)
  }

  get level(): LoadLevel {
    return rank(this.#loop) > rank(this.#room) ? this.#loop : this.#room
  }

  /** The same object until the next measurement. */
  get load(): Pressure['load'] {
    this.#load ??= this.#describe()
    return this.#load
  }

  #describe(): Pressure['load'] {
    const cause = rank(this.#room) > rank(this.#loop) ? 'memory' : 'event loop'
    const percent = Math.round(this.#share * 100)
    return {
      level: this.level,
      cause,
      detail: `event loop ${Math.round(this.#lateMs)} ms late, ${percent} % of memory taken`,
    }
  }

  get health(): { readonly ok: boolean; readonly detail: string } {
    const { level, detail } = this.load
    return { ok: level === 'fine', detail: `${level}: ${detail}` }
  }

  [Symbol.dispose](): void {
    this.#cancel?.()
  }

  #tell(before: LoadLevel): void {
    const { log } = this.#options
    const { level, cause, detail } = this.load
    if (rank(level) > rank(before)) log.error('alarm.load', { level, cause, detail, what: REFUSED[level] })
    else if (level === 'fine' && before !== 'fine')
      log.warn('alarm.load.over', { detail, what: 'all clients are taken again' })
  }
}

const REFUSED = {
  fine: '',
  busy: 'new connections of unknown clients are refused',
  full: 'new connections are refused but those of known good clients',
} as const satisfies Record<LoadLevel, string>

/** Rises at once, falls when clearly under what made it rise. */
export function nextLevel(
  before: LoadLevel,
  value: number,
  bounds: { readonly busy: number; readonly full: number },
): LoadLevel {
  const from = (level: 'busy' | 'full'): number => bounds[level] * (rank(before) >= rank(level) ? EASED : 1)
  if (value >= from('full')) return 'full'
  return value >= from('busy') ? 'busy' : 'fine'
}

const rank = (level: LoadLevel): number => LOAD_LEVELS.indexOf(level)

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0
}

function readMemory(): MemoryReading {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics()
  // Of no container: 0, or more than there is.
  const constrained = process.constrainedMemory()
  const whole = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem()
  return { heap: { used, limit }, resident: { used: process.memoryUsage.rss(), limit: whole } }
}
