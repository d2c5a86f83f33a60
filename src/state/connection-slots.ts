// SPDX-License-Identifier: Apache-2.0
/**
 * Places for connections: the answer to `slot.claim` (design 2.4). One owner counts for all workers, so the limits are
 * exact: in all, for each address, for each network (/24 of IPv4, /56 of IPv6), and new ones of an address in a
 * minute. Memory is bounded by the connections there are and by those of the last minute.
 */
import { networkOf } from '../address/network.ts'
import type { Answers } from '../ask/questions.ts'
import type { Limits } from '../config/schema.ts'

export type SlotLimits = Pick<
  Limits,
  'connections' | 'connectionsPerAddress' | 'connectionsPerNetwork' | 'connectionsPerMinute'
>

/** A place that was given; it is given back once. */
export interface Slot {
  readonly address: string
  /** That of the address. */
  readonly network: string
  /** Who holds it: all of a worker's places come back when it dies. */
  readonly holder: number
}

/** A claim that was answered. */
export interface Claimed {
  readonly answer: Answers['slot.claim']
  /** Gives the place back, where there is one; a second time changes nothing. */
  release(): void
}

/** Where a server claims places: here, or of the process that counts for all. */
export interface SlotSource {
  claim(address: string): Claimed | Promise<Claimed>
}

/** For a process that is alone. */
export function soleSlots(slots: ConnectionSlots, limits: () => SlotLimits): SlotSource {
  return {
    claim: (address) => {
      const { answer, slot } = slots.claim(address, 0, limits())
      return { answer, release: () => (slot === undefined ? undefined : slots.release(slot)) }
    },
  }
}

const MINUTE_MS = 60_000
/** RFC 6177: a site gets a /56 at most as often as a /48; one customer rarely holds more. */
const NETWORK_BITS = { ipv4: 24, ipv6: 56 } as const

export class ConnectionSlots {
  readonly #monotonic: () => number
  readonly #held = new Set<Slot>()
  readonly #perAddress = new Counts()
  readonly #perNetwork = new Counts()
  /** When the connections of the last minute came, by address, oldest first. */
  readonly #recent = new Map<string, number[]>()
  #lastSweep = 0

  /** @param monotonic milliseconds that never run backwards */
  constructor(monotonic: () => number) {
    this.#monotonic = monotonic
  }

  /** @param holder the worker that asks */
  claim(
    address: string,
    holder: number,
    limits: SlotLimits,
  ): { readonly answer: Answers['slot.claim']; readonly slot?: Slot } {
    const refuse = (limit: keyof SlotLimits) => ({ answer: { granted: false, limit } as const })
    if (this.#held.size >= limits.connections) return refuse('connections')
    if (this.#perAddress.of(address) >= limits.connectionsPerAddress) return refuse('connectionsPerAddress')
    const network = networkOf(address, NETWORK_BITS)
    if (this.#perNetwork.of(network) >= limits.connectionsPerNetwork) return refuse('connectionsPerNetwork')
    const perMinute = limits.connectionsPerMinute
    if (perMinute > 0 && !this.#mayCome(address, perMinute)) return refuse('connectionsPerMinute')
    const slot = { address, network, holder }
    this.#held.add(slot)
    this.#perAddress.add(address, 1)
    this.#perNetwork.add(network, 1)
    return { answer: { granted: true }, slot }
  }

  /** Gives a place back; a second time changes nothing. */
  release(slot: Slot): void {
    if (!this.#held.delete(slot)) return
    this.#perAddress.add(slot.address, -1)
    this.#perNetwork.add(slot.network, -1)
  }

  /** All places of a worker that is gone. */
  releaseAll(holder: number): void {
    for (const slot of this.#held) if (slot.holder === holder) this.release(slot)
  }

  get taken(): number {
    return this.#held.size
  }

  /** Counts one more of the address, unless it has had its number within a minute. */
  #mayCome(address: string, perMinute: number): boolean {
    const now = this.#monotonic()
    this.#sweep(now)
    const times = this.#recent.get(address) ?? []
    const old = times.findIndex((at) => at > now - MINUTE_MS)
    times.splice(0, old === -1 ? times.length : old)
    if (times.length >= perMinute) return false
    times.push(now)
    this.#recent.set(address, times)
    return true
  }

  /** Once a minute, addresses that have not come for a minute are forgotten. */
  #sweep(now: number): void {
    if (now - this.#lastSweep < MINUTE_MS) return
    this.#lastSweep = now
    for (const [address, times] of this.#recent)
      if ((times.at(-1) ?? 0) <= now - MINUTE_MS) this.#recent.delete(address)
  }
}

class Counts {
  readonly #counts = new Map<string, number>()
  of(key: string): number {
    return this.#counts.get(key) ?? 0
  }
  add(key: string, by: 1 | -1): void {
    const count = this.of(key) + by
    if (count === 0) this.#counts.delete(key)
    else this.#counts.set(key, count)
  }
}
