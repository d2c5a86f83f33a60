// SPDX-License-Identifier: Apache-2.0
/**
 * Places for connections as a worker has them: claimed of their owner (place-owner.ts), and kept when a connection has
 * ended, for the next one from the same address, which is answered at once then. What an address did not need for a
 * second is given back, and all of it when the owner calls.
 */
import type { Clock } from '../clock/clock.ts'
import type { Claimed, SlotSource } from './connection-slots.ts'
import type { PlaceAnswer } from './place-owner.ts'

/** The owner, wherever it is. */
export interface PlaceService {
  /** Rejects when the owner is gone. */
  claim(address: string): Promise<PlaceAnswer>
  release(places: readonly number[]): void
  /** Clients came, so many from each address, to places that were kept. */
  cameAgain(clients: readonly CameAgain[]): void
}

export type CameAgain = readonly [address: string, times: number]

/** Long enough for a client that comes again and again, and short enough for others to find places free. */
const SWEEP_MS = 1000

/** A place that was granted, for the connections of one address, one after the other. */
interface Place {
  readonly address: string
  readonly number: number
  readonly round: number | undefined
}

interface Kept {
  readonly places: Place[]
  /** Of these nobody needed so many since the last sweep. */
  unneeded: number
  /** Clients that came to one, since the last sweep. */
  came: number
}

const GRANTED = { granted: true } as const

export class KeptPlaces implements SlotSource {
  readonly #service: PlaceService
  readonly #clock: Clock
  readonly #kept = new Map<string, Kept>()
  /** Places of earlier rounds are not kept. */
  #round = 0
  #sweeping = false

  constructor(service: PlaceService, clock: Clock) {
    this.#service = service
    this.#clock = clock
  }

  claim(address: string): Claimed | Promise<Claimed> {
    const kept = this.#kept.get(address)
    const place = kept?.places.pop()
    if (kept === undefined || place === undefined) return this.#ask(address)
    kept.unneeded = Math.min(kept.unneeded, kept.places.length)
    kept.came++
    return this.#taken(place)
  }

  /** The owner wants what is kept of this round and earlier ones; no place of them is kept any more. @returns their numbers */
  recall(round: number): readonly number[] {
    this.#round = Math.max(this.#round, round + 1)
    for (const kept of this.#kept.values()) kept.unneeded = kept.places.length
    return this.#unneeded()
  }

  async #ask(address: string): Promise<Claimed> {
    const { answer, place, round } = await this.#service.claim(address)
    return place === undefined ? { answer, release: () => {} } : this.#taken({ address, number: place, round })
  }

  #taken(place: Place): Claimed {
    let over = false
    const release = (): void => {
      if (!over) this.#ended(place)
      over = true
    }
    return { answer: GRANTED, release }
  }

  #ended(place: Place): void {
    if (place.round === undefined || place.round < this.#round) {
      this.#service.release([place.number])
      return
    }
    const kept = this.#kept.get(place.address)
    if (kept === undefined) this.#kept.set(place.address, { places: [place], unneeded: 0, came: 0 })
    else kept.places.push(place)
    this.#sweepLater()
  }

  /** One timer for all addresses. */
  #sweepLater(): void {
    if (this.#sweeping) return
    this.#sweeping = true
    this.#clock.after(SWEEP_MS, () => {
      this.#sweeping = false
      const places = this.#unneeded()
      if (places.length > 0) this.#service.release(places)
      if (this.#kept.size > 0) this.#sweepLater()
    })
  }

  /** Places that are kept in vain, no longer; tells who came to the others. */
  #unneeded(): readonly number[] {
    const numbers: number[] = []
    const again: CameAgain[] = []
    for (const [address, kept] of this.#kept) {
      // Those that have waited longest.
      for (const { number } of kept.places.splice(0, kept.unneeded)) numbers.push(number)
      if (kept.came > 0) again.push([address, kept.came])
      kept.unneeded = kept.places.length
      kept.came = 0
      if (kept.places.length === 0) this.#kept.delete(address)
    }
    if (again.length > 0) this.#service.cameAgain(again)
    return numbers
  }
}
