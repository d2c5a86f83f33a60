// SPDX-License-Identifier: Apache-2.0
/** A world of destinations for the schedule's tests, in simulated time: no clock, no wait. */
import assert from 'node:assert/strict'
import type { ChannelName } from '../../envelope/channel-name.ts'
import type { MessageId } from '../../envelope/message-id.ts'
import { Heap } from './heap.ts'
import { Schedule } from './schedule.ts'
import { LocalSlots, type Sign } from './slots.ts'
import type { Order, Work } from './work.ts'

export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const OUT = 'tcp_local' as ChannelName
export const RETRY = [5 * MINUTE, 10 * MINUTE, 20 * MINUTE, HOUR]

/** How a destination takes an attempt. */
export interface Manner {
  readonly takesMs: number
  readonly sign: Sign
}

export interface Limits {
  readonly concurrency: number
  readonly perDestination: number
}

export interface Started {
  readonly at: number
  readonly id: MessageId
  readonly key: string
}

interface Ending {
  readonly at: number
  readonly work: Work
  readonly sign: Sign
}

export class Simulation {
  readonly schedule: Schedule
  readonly started: Started[] = []
  readonly expired: Started[] = []
  readonly delayed: Started[] = []
  readonly delivered = new Set<MessageId>()
  now = 0
  /** The longest round of work without a pause, in steps. */
  mostSteps = 0
  readonly #manner: (key: string, now: number) => Manner
  readonly #limits: Limits
  readonly #perKey = new Map<string, number>()
  readonly #endings = new Heap<Ending>({ before: (a, b) => a.at < b.at, moved: () => {} })
  readonly #attempts = new Map<MessageId, number>()
  #names = 0

  constructor(
    manner: (key: string, now: number) => Manner,
    limits: Limits = { concurrency: 20, perDestination: 5 },
    lifetimes = { expire: 120 * HOUR, expireNotices: 48 * HOUR, delayNotice: 4 * HOUR },
  ) {
    this.#manner = manner
    this.#limits = limits
    const slots = new LocalSlots({ limits: () => limits, retryMs: () => RETRY, random: () => 0.5 })
    this.schedule = new Schedule({ slots, lifetimes: () => lifetimes })
  }

  place(key: string, over: Partial<Order> = {}): MessageId {
    const id = over.id ?? (`m${String(++this.#names).padStart(8, '0')}` as MessageId)
    const { now } = this
    this.schedule.place({
      id,
      channel: OUT,
      key,
      recipients: [0],
      receivedAt: now,
      dueAt: now,
      nullSender: false,
      tried: false,
      delayTold: false,
      ...over,
    })
    return id
  }

  /** Runs until then, or until nothing is left to do. */
  run(until: number): void {
    for (;;) {
      this.#begin()
      const next = Math.min(this.schedule.nextAt(), this.#endings.peek()?.at ?? Number.POSITIVE_INFINITY)
      if (next > until || next === Number.POSITIVE_INFINITY) break
      this.now = Math.max(this.now, next)
      const ending = this.#endings.peek()
      if (ending !== undefined && ending.at <= this.now) {
        this.#endings.pop()
        this.#finish(ending)
      }
    }
    if (until !== Number.POSITIVE_INFINITY) this.now = until
  }

  #begin(): void {
    const { schedule, now } = this
    for (let more = true; more; ) {
      const before = schedule.steps
      more = schedule.wake(now, 64)
      for (let work = schedule.take(now); work !== undefined; work = schedule.take(now)) {
        const { key } = work.lane
        const { takesMs, sign } = this.#manner(key, now)
        const under = (this.#perKey.get(key) ?? 0) + 1
        this.#perKey.set(key, under)
        assert.ok(under <= this.#limits.perDestination && schedule.underWay <= this.#limits.concurrency)
        this.started.push({ at: now, id: work.id, key })
        this.#endings.push({ at: now + takesMs, work, sign })
      }
      for (let event = schedule.takeAged(); event !== undefined; event = schedule.takeAged()) {
        const { work, what } = event
        const kept = what === 'expired' ? this.expired : this.delayed
        kept.push({ at: now, id: work.id, key: work.lane.key })
        if (what === 'expired') schedule.settled(work)
      }
      this.mostSteps = Math.max(this.mostSteps, schedule.steps - before)
    }
  }

  #finish({ work, sign }: Ending): void {
    const { id, lane, receivedAt, nullSender, delayTold } = work
    this.#perKey.set(lane.key, (this.#perKey.get(lane.key) ?? 0) - 1)
    this.schedule.done(work, sign, this.now)
    if (sign === 'alive') this.delivered.add(id)
    else {
      const attempts = (this.#attempts.get(id) ?? 0) + 1
      this.#attempts.set(id, attempts)
      const dueAt = this.now + (RETRY[Math.min(attempts, RETRY.length) - 1] ?? 0)
      this.place(lane.key, { id, receivedAt, nullSender, delayTold, dueAt, tried: true })
    }
  }
}
