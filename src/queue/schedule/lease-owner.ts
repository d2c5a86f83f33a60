// SPDX-License-Identifier: Apache-2.0
/**
 * Slots of destinations for several workers (design 2.5): one owner counts, and lends them out. A lease is for one
 * delivery at a time, and for as many one after the other as its worker has: one message between processes for a
 * connection, not for a mail. Whoever is refused is told to look again when somebody has given one back; and whoever
 * has more of them than the one who was refused is asked for one, lest a worker that came first keeps all while it has mail.
 */
import type { ChannelName } from '../../envelope/channel-name.ts'
import type { LocalSlots, Rank, Sign, Slot } from './slots.ts'

export type LeaseAnswer =
  | { readonly may: 'begin'; readonly lease: number; readonly rank: Rank }
  /** Full: the worker will be told to look again. */
  | { readonly may: 'not-yet' }
  /** Down, for so long still. */
  | { readonly may: 'not-before'; readonly inMs: number }

interface Lease {
  readonly number: number
  readonly worker: number
  readonly slot: Slot
  /** Its worker was asked for it. */
  asked: boolean
}

/** What the owner says to workers. */
export interface ToLeaseholders {
  /** There may be a slot now. */
  look(worker: number, channel: ChannelName, key: string): void
  /** To be given back when the delivery under it is over. */
  yield(worker: number, lease: number): void
}

interface Waiter {
  readonly worker: number
  readonly channel: ChannelName
  readonly key: string
}

/** Waiters remembered; those beyond look again by themselves, a second later. */
const MAX_WAITERS = 10_000

export class LeaseOwner {
  readonly #slots: LocalSlots
  readonly #monotonic: () => number
  readonly #workers: ToLeaseholders
  readonly #leases = new Map<number, Lease>()
  /** By channel, in the order they came. */
  readonly #waiters = new Map<ChannelName, Map<string, Waiter>>()
  #waiting = 0
  #lastLease = 0

  constructor(slots: LocalSlots, monotonic: () => number, workers: ToLeaseholders) {
    this.#slots = slots
    this.#monotonic = monotonic
    this.#workers = workers
  }

  claim(worker: number, channel: ChannelName, key: string): LeaseAnswer {
    const now = this.#monotonic()
    const standing = this.#slots.standing(channel, key, now)
    if (standing.may === 'not-before') return { may: 'not-before', inMs: standing.at - now }
    const slot = standing.may === 'begin' ? this.#slots.claim(channel, key, now) : undefined
    if (slot === undefined) {
      this.#wait({ worker, channel, key })
      this.#share({ worker, channel, key })
      return { may: 'not-yet' }
    }
    this.#lastLease += 1
    this.#leases.set(this.#lastLease, { number: this.#lastLease, worker, slot, asked: false })
    return { may: 'begin', lease: this.#lastLease, rank: slot.rank }
  }

  /** A delivery under the lease has heard from the destination; the lease goes on. Nothing when it is unknown. */
  answered(lease: number): void {
    const slot = this.#leases.get(lease)?.slot
    if (slot === undefined) return
    this.#slots.answered(slot.channel, slot.key, this.#monotonic())
    this.#tell(slot.channel, slot.key)
  }

  /** Ends the lease. How long the destination is left alone now; 0 when it is open. */
  giveBack(lease: number, sign: Sign): number {
    const known = this.#leases.get(lease)
    if (known === undefined) return 0
    this.#leases.delete(lease)
    const { slot } = known
    const now = this.#monotonic()
    this.#slots.release(slot, sign, now)
    this.#tell(slot.channel, slot.key)
    const standing = this.#slots.standing(slot.channel, slot.key, now)
    return standing.may === 'not-before' ? standing.at - now : 0
  }

  reopen(channel: ChannelName, key: string): void {
    this.#slots.reopen(channel, key)
    this.#tell(channel, key)
  }

  /** A worker is gone: its deliveries said nothing. */
  gone(worker: number): void {
    // It no longer waits, so that those who do are told of what it gives back.
    for (const waiters of this.#waiters.values())
      for (const [name, waiter] of waiters) if (waiter.worker === worker) this.#forget(waiters, name)
    for (const [lease, { worker: holder }] of this.#leases) if (holder === worker) this.giveBack(lease, 'unsaid')
  }

  /** Leases that are out. */
  get lent(): number {
    return this.#leases.size
  }

  #wait(waiter: Waiter): void {
    if (this.#waiting >= MAX_WAITERS) return
    const waiters = this.#waiters.get(waiter.channel) ?? new Map<string, Waiter>()
    this.#waiters.set(waiter.channel, waiters)
    const name = `${waiter.worker} ${waiter.key}`
    if (waiters.has(name)) return
    waiters.set(name, waiter)
    this.#waiting++
  }

  /** One lease at a time, until both have as many: of the same destination, else of the channel, which may be full. */
  #share({ worker, channel, key }: Waiter): void {
    const ofChannel = [...this.#leases.values()].filter(({ slot, asked }) => !asked && slot.channel === channel)
    const ofKey = ofChannel.filter(({ slot }) => slot.key === key)
    const lease = spare(ofKey, worker) ?? spare(ofChannel, worker)
    if (lease === undefined) return
    lease.asked = true
    this.#workers.yield(lease.worker, lease.number)
  }

  /** One slot came free, and the destination may bear one more: two may look, those of the same destination first. */
  #tell(channel: ChannelName, key: string): void {
    const waiters = this.#waiters.get(channel)
    if (waiters === undefined) return
    let told = 0
    for (const same of [true, false])
      for (const [name, waiter] of waiters) {
        if (told === 2) return
        if (same && waiter.key !== key) continue
        this.#forget(waiters, name)
        told++
        this.#workers.look(waiter.worker, channel, waiter.key)
      }
  }

  #forget(waiters: Map<string, Waiter>, name: string): void {
    if (waiters.delete(name)) this.#waiting--
  }
}

/** One of the worker that has most of these, where that is two more than this one has. */
function spare(leases: readonly Lease[], worker: number): Lease | undefined {
  const counts = new Map<number, number>()
  for (const { worker: holder } of leases) counts.set(holder, (counts.get(holder) ?? 0) + 1)
  const [holder, most] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a), [worker, 0])
  return most < (counts.get(worker) ?? 0) + 2 ? undefined : leases.find((lease) => lease.worker === holder)
}
