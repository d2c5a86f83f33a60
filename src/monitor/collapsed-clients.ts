// SPDX-License-Identifier: Apache-2.0
/**
 * Notices when clients that came from many addresses suddenly all come from one private address: a NAT or a load
 * balancer without PROXY headers has got in between (spec access-control.md 6). Then every list and limit about clients
 * counts for nothing, and where that address counts as inside, every stranger may relay.
 *
 * Time is looked at in windows, so memory is a few addresses. One alarm for each time it begins.
 */
import { isLoopback, isPrivate } from '../address/network.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'

/** Long enough that somebody else would have come. */
const WINDOW_MS = 5 * 60_000
/** Connections from the one address in a window: fewer say nothing. */
const LEAST = 50
/** Different addresses of strangers in an ordinary window, to call what follows sudden. */
const VARIED = 5

interface Window {
  /** Since the one before it ended. */
  connections: number
  /** The address of all of them, as long as it is one. */
  only: string | undefined
  /** Some of the public addresses, at most VARIED. */
  readonly strangers: Set<string>
}

const emptyWindow = (): Window => ({ connections: 0, only: undefined, strangers: new Set() })

export class CollapsedClients {
  readonly #monotonic: () => number
  readonly #log: Log
  #window = emptyWindow()
  #windowEnds: number
  /** Strangers came from many addresses in the last window that had any. */
  #varied = false
  /** While the alarm lasts. */
  #all: string | undefined

  /** @param monotonic milliseconds that never run backwards */
  constructor({
    monotonic,
    log,
    metrics,
  }: {
    readonly monotonic: () => number
    readonly log: Log
    readonly metrics: Metrics
  }) {
    this.#monotonic = monotonic
    this.#log = log
    this.#windowEnds = monotonic() + WINDOW_MS
    const help = '1 while all clients come from one private address'
    metrics.gauge('postern_alarm_collapsed_clients', help, () => Number(this.#all !== undefined), 'max')
  }

  /** Clients connect from this address. This machine itself does not count. */
  came(address: string, times = 1): void {
    if (isLoopback(address)) return
    const now = this.#monotonic()
    if (now >= this.#windowEnds) this.#endWindow(now)
    const { strangers } = this.#window
    if (this.#window.connections === 0) this.#window.only = address
    else if (this.#window.only !== address) this.#window.only = undefined
    this.#window.connections += times
    if (strangers.size < VARIED && !isPrivate(address)) strangers.add(address)
    if (this.#all !== undefined && address !== this.#all) this.#over()
  }

  get health(): { readonly ok: boolean; readonly detail: string } {
    return this.#all === undefined
      ? { ok: true, detail: 'from several addresses, or too few to tell' }
      : { ok: false, detail: describe(this.#all) }
  }

  #endWindow(now: number): void {
    const { connections, only, strangers } = this.#window
    const collapsed = only !== undefined && isPrivate(only) && connections >= LEAST
    if (collapsed && this.#varied && this.#all === undefined) this.#begin(only)
    // A window without strangers may be the quiet beginning of it; after a silence nothing is sudden.
    if (strangers.size > 0) this.#varied = strangers.size >= VARIED
    if (now >= this.#windowEnds + WINDOW_MS) this.#varied = false
    this.#window = emptyWindow()
    this.#windowEnds = now + WINDOW_MS
  }

  #begin(address: string): void {
    this.#all = address
    this.#log.error('alarm.collapsed-clients', { address, what: describe(address) })
  }

  #over(): void {
    this.#log.warn('alarm.collapsed-clients.over', {
      address: this.#all,
      what: 'clients come from other addresses again',
    })
    this.#all = undefined
  }
}

const describe = (address: string): string =>
  `all clients come from ${address}, and came from many addresses before: does a NAT or a load balancer hide them? Lists and limits see one client then`
