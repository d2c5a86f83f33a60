// SPDX-License-Identifier: Apache-2.0
/**
 * Slots of destinations as a worker sees them: lent by an owner (lease-owner.ts), asked for when there is work, kept
 * while there is more of it and nobody else wants it, given back a moment after. Answers at once from what it has; when it has nothing it asks,
 * says "not yet", and has its schedule look again when the owner has answered.
 */
import type { Clock } from '../../clock/clock.ts'
import type { ChannelName } from '../../envelope/channel-name.ts'
import type { LeaseAnswer } from './lease-owner.ts'
import type { DestinationSlots, Rank, Sign, Slot, Standing } from './slots.ts'

/** The owner, wherever it is. */
export interface LeaseService {
  /** Rejects when the owner is gone. */
  claim(channel: ChannelName, key: string): Promise<LeaseAnswer>
  /** The destination answers. */
  answered(lease: number): void
  /** Resolves to the milliseconds the destination is left alone from now. */
  giveBack(lease: number, sign: Sign): Promise<number>
  reopen(channel: ChannelName, key: string): void
}

/** A lease nothing is done with is given back after this: soon enough for other workers, late enough for the next mail. */
const KEPT_MS = 200
/** Until the owner has said how long a destination is down, or when to look again; it may have forgotten who asked. */
const MEANWHILE_MS = 1000

interface Lease {
  readonly number: number
  readonly rank: Rank
  /** The owner has heard that the destination answers. */
  told: boolean
  idleSince: number
}

/** A slot, and the lease it is under while it is out. */
class LeasedSlot implements Slot {
  readonly channel: ChannelName
  readonly key: string
  readonly rank: Rank
  lease: Lease | undefined

  constructor({ channel, key }: DestinationState, lease: Lease) {
    this.channel = channel
    this.key = key
    this.rank = lease.rank
    this.lease = lease
  }
}

/** Once; `undefined` where it was given back already. */
function takeLease(slot: Slot): Lease | undefined {
  if (!(slot instanceof LeasedSlot)) return undefined
  const { lease } = slot
  slot.lease = undefined
  return lease
}

interface DestinationState {
  readonly channel: ChannelName
  readonly key: string
  readonly idle: Lease[]
  inUse: number
  asking: boolean
  /** Refused: not asked again before, unless the owner says so. */
  refusedUntil: number
  openAt: number
}

export class LeasedSlots implements DestinationSlots {
  readonly #service: LeaseService
  readonly #clock: Clock
  readonly #states = new Map<ChannelName, Map<string, DestinationState>>()
  /** Asked for, and given back when the delivery under it is over. */
  readonly #wanted = new Set<number>()
  #listeners: ((channel: ChannelName, key: string) => void)[] = []
  #sweeping = false

  constructor(service: LeaseService, clock: Clock) {
    this.#service = service
    this.#clock = clock
  }

  onChange(listener: (channel: ChannelName, key: string) => void): void {
    this.#listeners.push(listener)
  }

  /** The owner says that there may be a slot now. */
  look(channel: ChannelName, key: string): void {
    const state = this.#states.get(channel)?.get(key)
    if (state !== undefined) state.refusedUntil = 0
    this.#changed(channel, key)
  }

  /** The owner wants this one for somebody who has fewer. */
  yield(lease: number): void {
    for (const state of this.#all()) {
      const at = state.idle.findIndex(({ number }) => number === lease)
      const [idle] = at < 0 ? [] : state.idle.splice(at, 1)
      if (idle === undefined) continue
      this.#giveUp(state, idle, idle.told ? 'alive' : 'unsaid')
      return
    }
    this.#wanted.add(lease)
  }

  standing(channel: ChannelName, key: string, now: number): Standing {
    const state = this.#stateOf(channel, key)
    const lease = state.idle.at(-1)
    if (lease !== undefined) return { may: 'begin', rank: lease.rank }
    if (state.openAt > now) return { may: 'not-before', at: state.openAt }
    if (!state.asking && state.refusedUntil <= now) this.#ask(state)
    return { may: 'not-yet' }
  }

  /** What was lent has room: the owner counts. */
  room(): boolean {
    return true
  }

  claim(channel: ChannelName, key: string): Slot | undefined {
    const state = this.#stateOf(channel, key)
    const lease = state.idle.pop()
    if (lease === undefined) return undefined
    state.inUse++
    return new LeasedSlot(state, lease)
  }

  release(slot: Slot, sign: Sign, now: number): boolean {
    const lease = takeLease(slot)
    if (lease === undefined) throw new Error('a slot was given back that nobody had')
    const state = this.#stateOf(slot.channel, slot.key)
    state.inUse--
    if (sign === 'down') {
      state.openAt = now + MEANWHILE_MS
      for (const idle of state.idle.splice(0)) void this.#giveBack(state, idle, 'unsaid')
      void this.#giveBack(state, lease, 'down')
      return true
    }
    if (sign === 'alive') {
      state.openAt = 0
      // Then the owner may lend one more; later answers are no news to it, and it says itself when there is a slot.
      if (!lease.told) {
        this.#service.answered(lease.number)
        state.refusedUntil = 0
      }
      lease.told = true
    }
    if (this.#wanted.has(lease.number)) {
      this.#giveUp(state, lease, sign)
      return false
    }
    lease.idleSince = now
    state.idle.push(lease)
    this.#sweepLater()
    return false
  }

  reopen(channel: ChannelName, key: string): void {
    const state = this.#stateOf(channel, key)
    state.openAt = 0
    state.refusedUntil = 0
    this.#service.reopen(channel, key)
  }

  #ask(state: DestinationState): void {
    state.asking = true
    this.#service.claim(state.channel, state.key).then(
      (answer) => {
        state.asking = false
        const now = this.#clock.monotonic()
        if (answer.may === 'begin') {
          state.idle.push({ number: answer.lease, rank: answer.rank, told: false, idleSince: now })
          this.#sweepLater()
        } else if (answer.may === 'not-before') state.openAt = now + answer.inMs
        else state.refusedUntil = now + MEANWHILE_MS
        this.#changed(state.channel, state.key)
      },
      () => {
        // The owner is gone, and so will this worker be soon.
        state.asking = false
        state.openAt = this.#clock.monotonic() + MEANWHILE_MS
      },
    )
  }

  /** For another worker: not asked for again before that one had the time to take it. */
  #giveUp(state: DestinationState, lease: Lease, sign: Sign): void {
    state.refusedUntil = this.#clock.monotonic() + MEANWHILE_MS
    void this.#giveBack(state, lease, sign)
  }

  async #giveBack(state: DestinationState, { number }: Lease, sign: Sign): Promise<void> {
    this.#wanted.delete(number)
    try {
      const closedForMs = await this.#service.giveBack(number, sign)
      if (sign !== 'down') return
      state.openAt = closedForMs > 0 ? this.#clock.monotonic() + closedForMs : 0
      this.#changed(state.channel, state.key)
    } catch {
      // As above.
    }
  }

  /** One timer for all: gives back what has been idle, and forgets destinations nothing is known of. */
  #sweepLater(): void {
    if (this.#sweeping) return
    this.#sweeping = true
    this.#clock.after(KEPT_MS / 2, () => {
      this.#sweeping = false
      if (this.#sweep(this.#clock.monotonic())) this.#sweepLater()
    })
  }

  /** True while leases are idle. */
  #sweep(now: number): boolean {
    let idle = false
    for (const state of this.#all()) {
      for (const lease of state.idle.splice(0)) {
        if (now - lease.idleSince < KEPT_MS) state.idle.push(lease)
        else void this.#giveBack(state, lease, lease.told ? 'alive' : 'unsaid')
      }
      idle ||= state.idle.length > 0
      const { idle: leases, inUse, asking, refusedUntil, openAt } = state
      if (leases.length === 0 && inUse === 0 && !asking && refusedUntil <= now && openAt <= now) this.#forget(state)
    }
    return idle
  }

  *#all(): Iterable<DestinationState> {
    for (const states of this.#states.values()) yield* states.values()
  }

  #forget({ channel, key }: DestinationState): void {
    const states = this.#states.get(channel)
    states?.delete(key)
    if (states?.size === 0) this.#states.delete(channel)
  }

  #changed(channel: ChannelName, key: string): void {
    for (const listener of this.#listeners) listener(channel, key)
  }

  #stateOf(channel: ChannelName, key: string): DestinationState {
    const states = this.#states.get(channel) ?? new Map<string, DestinationState>()
    const known = states.get(key)
    if (known !== undefined) return known
    const state: DestinationState = { channel, key, idle: [], inUse: 0, asking: false, refusedUntil: 0, openAt: 0 }
    states.set(key, state)
    this.#states.set(channel, states)
    return state
  }
}
