// SPDX-License-Identifier: Apache-2.0
/**
 * Who may begin a delivery: slots of channels and destinations, and how long a destination that is down is left alone.
 * The contract is small because it has one owner behind it (design 2.5): this process here, a dispatcher or a shared
 * memory elsewhere, which lend slots and answer from what was lent. Times are monotonic milliseconds.
 *
 * A destination begins with one slot. Each attempt it answers opens one more, each it does not answer closes half of
 * them: the idea of a concurrency window that feedback moves is the one Postfix's scheduler describes
 * (SCHEDULER_README, "concurrency scheduling"); the rules here are our own and simpler. When the last is closed the
 * destination is down, for twice as long each time.
 *
 * So that nobody waits for the silent, a channel's slots have ranks, and each rank leaves the next one some:
 *
 *     first      a live destination's first slot              all slots of the channel
 *     more       further slots of a live destination          with the unproven at most three quarters
 *     unknown    one that has not answered lately             at most half, suspects included
 *     suspect    one that was down when last tried            at most a quarter
 */
import type { ChannelName } from '../../envelope/channel-name.ts'

export const RANKS = ['first', 'more', 'unknown', 'suspect'] as const
export type Rank = (typeof RANKS)[number]

/** May a delivery to this destination begin? */
export type Standing =
  /** When its rank has room. */
  | { readonly may: 'begin'; readonly rank: Rank }
  /** As many are under way as it bears; ask again when one of them has ended. */
  | { readonly may: 'not-yet' }
  /** It is down. */
  | { readonly may: 'not-before'; readonly at: number }

/** A delivery that may be under way. Given back once. */
export interface Slot {
  readonly channel: ChannelName
  readonly key: string
  readonly rank: Rank
}

/**
 * What an attempt said about its destination. `alive`: it answered, whatever it said. `down`: it did not, nothing else
 * will get through either. `unsaid`: it was not asked.
 */
export type Sign = 'alive' | 'down' | 'unsaid'

export interface DestinationSlots {
  standing(channel: ChannelName, key: string, now: number): Standing
  /** Whether one more of this rank may begin in the channel. Where not, ask again when one of the channel has ended. */
  room(channel: ChannelName, rank: Rank): boolean
  /** Takes a slot; `undefined` where standing or room do not allow it. */
  claim(channel: ChannelName, key: string, now: number): Slot | undefined
  /** Gives it back. True when the destination is down now. */
  release(slot: Slot, sign: Sign, now: number): boolean
  /** Forgets that it was down, as an operator wishes. */
  reopen(channel: ChannelName, key: string): void
}

/** How long an answer proves a destination alive. */
const PROOF_MS = 120_000
/** Of a destination that is down for the first time; half the first wait of the messages where that is less. */
const FIRST_DOWN_MS = 30_000
/** Longer would keep new mail from a destination that is back. */
const LONGEST_DOWN_MS = 30 * 60_000
/** Each time is spread by up to a fifth. */
const JITTER = 0.2
/**
 * Destinations remembered for each channel; of those with nothing under way the longest unused are forgotten. More
 * than a channel may have slots.
 */
const REMEMBERED = 20_000

interface DestinationState {
  inUse: number
  window: number
  provenAt: number
  /** In a row, each of them closing the last slot. */
  failures: number
  openAt: number
}

interface ChannelState {
  /** By rank. */
  readonly inUse: Record<Rank, number>
  /** Those longest without a new delivery first. */
  readonly destinations: Map<string, DestinationState>
}

export interface LocalSlotsOptions {
  readonly limits: (channel: ChannelName) => { readonly concurrency: number; readonly perDestination: number }
  /** The waits between attempts of a message: back-off stays within the longest. */
  readonly retryMs: () => readonly number[]
  /** 0 ≤ x < 1 */
  readonly random: () => number
}

/** The contract for one process. */
export class LocalSlots implements DestinationSlots {
  readonly #options: LocalSlotsOptions
  readonly #channels = new Map<ChannelName, ChannelState>()

  constructor(options: LocalSlotsOptions) {
    this.#options = options
  }

  standing(channel: ChannelName, key: string, now: number): Standing {
    const state = this.#channels.get(channel)?.destinations.get(key)
    if (state === undefined) return UNKNOWN
    if (state.openAt > now) return { may: 'not-before', at: state.openAt }
    const proven = now - state.provenAt <= PROOF_MS
    const { perDestination } = this.#options.limits(channel)
    if (state.inUse >= Math.min(proven ? state.window : 1, perDestination)) return NOT_YET
    if (state.failures > 0) return SUSPECT
    return proven ? (state.inUse > 0 ? MORE : FIRST) : UNKNOWN
  }

  room(channel: ChannelName, rank: Rank): boolean {
    const { concurrency } = this.#options.limits(channel)
    const state = this.#channels.get(channel)
    if (state === undefined) return true
    const { first, more, unknown, suspect } = state.inUse
    const unproven = unknown + suspect
    if (first + more + unproven >= concurrency) return false
    // With one destination there is nobody to leave anything to.
    const alone = state.destinations.size <= 1
    const left = alone || more + unproven < concurrency - Math.floor(concurrency / 4)
    switch (rank) {
      case 'first':
        return true
      case 'more':
        return left
      case 'unknown':
        return left && unproven < share(concurrency, 2)
      case 'suspect':
        return left && unproven < share(concurrency, 2) && suspect < share(concurrency, 4)
      default:
        return rank satisfies never
    }
  }

  claim(channel: ChannelName, key: string, now: number): Slot | undefined {
    const standing = this.standing(channel, key, now)
    if (standing.may !== 'begin' || !this.room(channel, standing.rank)) return undefined
    const { rank } = standing
    const state = this.#destination(channel, key)
    const { inUse, destinations } = this.#channel(channel)
    inUse[rank]++
    state.inUse++
    destinations.delete(key)
    destinations.set(key, state)
    return { channel, key, rank }
  }

  release({ channel, key, rank }: Slot, sign: Sign, now: number): boolean {
    const state = this.#destination(channel, key)
    this.#channel(channel).inUse[rank]--
    state.inUse--
    if (sign === 'alive') this.answered(channel, key, now)
    // Those that were under way when it went down say nothing new.
    if (sign === 'down' && state.openAt <= now) {
      const proven = now - state.provenAt <= PROOF_MS
      state.window = proven && state.failures === 0 ? state.window >> 1 : 0
      if (state.window === 0) this.#close(state, now)
    }
    return state.openAt > now
  }

  /** The destination answers, whoever heard it. */
  answered(channel: ChannelName, key: string, now: number): void {
    const state = this.#destination(channel, key)
    const { perDestination } = this.#options.limits(channel)
    // After a pause it begins lower again.
    const window = now - state.provenAt <= PROOF_MS ? state.window : state.window >> 1
    state.window = Math.min(Math.max(window, 1) + 1, perDestination)
    state.provenAt = now
    state.failures = 0
    state.openAt = 0
  }

  reopen(channel: ChannelName, key: string): void {
    const state = this.#channels.get(channel)?.destinations.get(key)
    if (state === undefined) return
    state.failures = 0
    state.openAt = 0
  }

  #close(state: DestinationState, now: number): void {
    const waits = this.#options.retryMs()
    const longest = Math.min(LONGEST_DOWN_MS, Math.max(...waits))
    const first = Math.min(FIRST_DOWN_MS, (waits[0] ?? longest) / 2)
    const wait = Math.min(first * 2 ** Math.min(state.failures, 30), longest)
    state.window = 1
    state.provenAt = Number.NEGATIVE_INFINITY
    state.failures++
    state.openAt = now + Math.round(wait * (1 - JITTER * this.#options.random()))
  }

  #channel(channel: ChannelName): ChannelState {
    const known = this.#channels.get(channel)
    if (known !== undefined) return known
    const state = { inUse: { first: 0, more: 0, unknown: 0, suspect: 0 }, destinations: new Map() }
    this.#channels.set(channel, state)
    return state
  }

  #destination(channel: ChannelName, key: string): DestinationState {
    const { destinations } = this.#channel(channel)
    const known = destinations.get(key)
    if (known !== undefined) return known
    const state = { inUse: 0, window: 1, provenAt: Number.NEGATIVE_INFINITY, failures: 0, openAt: 0 }
    destinations.set(key, state)
    if (destinations.size > REMEMBERED) forgetOne(destinations)
    return state
  }
}

function forgetOne(destinations: Map<string, DestinationState>): void {
  for (const [key, state] of destinations) {
    if (state.inUse === 0) {
      destinations.delete(key)
      return
    }
    // In use: not the longest unused after all. At most as many as the channel has slots stand here.
    destinations.delete(key)
    destinations.set(key, state)
  }
}

const share = (concurrency: number, part: number): number => Math.max(1, Math.floor(concurrency / part))

const UNKNOWN: Standing = { may: 'begin', rank: 'unknown' }
const SUSPECT: Standing = { may: 'begin', rank: 'suspect' }
const MORE: Standing = { may: 'begin', rank: 'more' }
const FIRST: Standing = { may: 'begin', rank: 'first' }
const NOT_YET: Standing = { may: 'not-yet' }
