// SPDX-License-Identifier: Apache-2.0
/**
 * Refused connections of one address are traced ten times a minute, and transactions that brought no message a hundred
 * times; further ones are summed into one record when the minute is over (design 2.2). A stranger must not be able to
 * write our disk full.
 */
import type { DecidedBy } from '../ask/decided-by.ts'
import type { Clock } from '../clock/clock.ts'
import type { FloodRecord, Trace, TraceRecord, TraceSink } from '../policy/trace.ts'

/** Traced one by one in a minute, for one address. A large site's refused mail is a few a minute. */
const TRACED = { connections: 10, transactions: 100 } as const
type What = keyof typeof TRACED
const WINDOW_MS = 60_000
/** Addresses watched at one time; the rest of a larger flood is summed as one. */
const MAX_ADDRESSES = 10_000
const ALL_OTHERS = '*'

interface Window {
  readonly of: What
  readonly address: string
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

  /** @returns whether the record stands by itself; else it is summed */
  append(record: TraceRecord): boolean {
    const what = record.record === 'trace' ? cameToNothing(record) : undefined
    if (record.record === 'trace' && what !== undefined && this.#summed(record, what)) return false
    this.#sink.append(record)
    return true
  }

  #summed(record: Trace, of: What): boolean {
    const own = `${of} ${record.client.address}`
    const known = this.#windows.has(own) || this.#windows.size < MAX_ADDRESSES
    const address = known ? record.client.address : ALL_OTHERS
    const window = this.#windows.get(`${of} ${address}`) ?? this.#open(of, address)
    window.seen++
    if (window.seen <= TRACED[of]) return false
    window.summed++
    Object.assign(window, reasonOf(record))
    return true
  }

  /** Writes what is summed so far. */
  close(): void {
    for (const cancel of this.#timers) cancel()
    this.#timers.clear()
    for (const window of [...this.#windows.values()]) this.#end(window)
  }

  #open(of: What, address: string): Window {
    const rule = of === 'connections' ? 'connection refused' : 'transaction without a message'
    const window: Window = { of, address, seen: 0, summed: 0, reply: '', by: { by: 'built-in', rule } }
    this.#windows.set(`${of} ${address}`, window)
    const cancel = this.#clock.after(WINDOW_MS, () => {
      this.#timers.delete(cancel)
      this.#end(window)
    })
    this.#timers.add(cancel)
    return window
  }

  #end({ of, address, summed: count, reply, by }: Window): void {
    this.#windows.delete(`${of} ${address}`)
    if (count === 0) return
    const flood: FloodRecord = { record: 'flood', version: 1, at: this.#clock.now(), address, count, reply, by }
    this.#sink.append(of === 'connections' ? flood : { ...flood, of })
  }
}

function cameToNothing({ id, session, outcome }: Trace): What | undefined {
  if (id === session) return 'connections'
  return outcome === 'refused' || outcome === 'deferred' || outcome === 'abandoned' ? 'transactions' : undefined
}

function reasonOf({ steps }: Trace): Partial<Window> {
  const step = steps.findLast(({ result }) => result === 'refuse' || result === 'defer')
  return step === undefined ? {} : { by: step.by, reply: step.reply ?? '' }
}
