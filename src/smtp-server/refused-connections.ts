// SPDX-License-Identifier: Apache-2.0
/**
 * Refused connections of one address are traced ten times a minute; further ones are summed into one record when the
 * minute is over (design 2.2). A stranger must not be able to write our disk full.
 */
import type { DecidedBy } from '../ask/decided-by.ts'
import type { Clock } from '../clock/clock.ts'
import type { Trace, TraceRecord, TraceSink } from '../policy/trace.ts'

/** Traced one by one in a minute, for one address. */
const TRACED = 10
const WINDOW_MS = 60_000
/** Addresses watched at one time; the rest of a larger flood is summed as one. */
const MAX_ADDRESSES = 10_000
const ALL_OTHERS = '*'

interface Window {
  seen: number
  summed: number
  reply: string
  by: DecidedBy
}

export class RefusedConnections implements TraceSink {
  readonly #sink: TraceSink
  readonly #clock: Clock
  readonly #windows = new Map<string, Window>()
  readonly #timers = new Set<() => void>()

  constructor(sink: TraceSink, clock: Clock) {
    this.#sink = sink
    this.#clock = clock
  }

  append(record: TraceRecord): void {
    if (record.record === 'trace' && record.id === record.session) this.#refused(record)
    else this.#sink.append(record)
  }

  #refused(record: Trace): void {
    const known = this.#windows.has(record.client.address) || this.#windows.size < MAX_ADDRESSES
    const address = known ? record.client.address : ALL_OTHERS
    const window = this.#windows.get(address) ?? this.#open(address)
    window.seen++
    if (window.seen <= TRACED) this.#sink.append(record)
    else {
      window.summed++
      Object.assign(window, reasonOf(record))
    }
  }

  /** Writes what is summed so far. */
  close(): void {
    for (const cancel of this.#timers) cancel()
    this.#timers.clear()
    for (const address of [...this.#windows.keys()]) this.#end(address)
  }

  #open(address: string): Window {
    const window: Window = { seen: 0, summed: 0, reply: '', by: { by: 'built-in', rule: 'connection refused' } }
    this.#windows.set(address, window)
    const cancel = this.#clock.after(WINDOW_MS, () => {
      this.#timers.delete(cancel)
      this.#end(address)
    })
    this.#timers.add(cancel)
    return window
  }

  #end(address: string): void {
    const window = this.#windows.get(address)
    this.#windows.delete(address)
    if (window === undefined || window.summed === 0) return
    const { summed: count, reply, by } = window
    this.#sink.append({ record: 'flood', version: 1, at: this.#clock.now(), address, count, reply, by })
  }
}

function reasonOf({ steps }: Trace): Partial<Window> {
  const step = steps.findLast(({ result }) => result === 'refuse' || result === 'defer')
  return step === undefined ? {} : { by: step.by, reply: step.reply ?? '' }
}
