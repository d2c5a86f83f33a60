// SPDX-License-Identifier: Apache-2.0
/**
 * Delivers what is queued. What is next is the schedule's matter (schedule/), what one attempt comes to attempt.ts's,
 * what is written of it recording.ts's; here it is set going, in small pieces, so that however much is due nobody waits
 * for the loop. Waiting is done on the monotonic clock: a wall clock that is set changes nothing.
 */
import type { DecidedBy } from '../ask/decided-by.ts'
import { Abort } from '../clock/abort.ts'
import type { ChannelName } from '../envelope/channel-name.ts'
import type { MessageId } from '../envelope/message-id.ts'
import type { Outcome } from '../envelope/outcome.ts'
import type { Cut } from './attempt.ts'
import type { Ended, Over } from './deliveries.ts'
import { type RunnerDeps, runnerParts } from './runner-parts.ts'
import type { AgeEvent } from './schedule/ages.ts'
import type { Work } from './schedule/work.ts'
import { suspectsFirst } from './suspects-first.ts'

export type { RunnerDeps } from './runner-parts.ts'

/** So often at least the wall clock is looked at. */
const LONGEST_SLEEP_MS = 60_000
/** Lanes and messages looked at, deliveries begun and entries loaded before others have their turn: some milliseconds. */
const SLICE = { wake: 256, begin: 32, load: 256 } as const
/** Messages returned or told of their delay at one time; they need no slot. */
const MAX_AGED = 4
/** What deliveries have at a stop to give up in, once they are told to. */
const AFTER_ABORT_MS = 5_000

interface Running {
  readonly work: Work
  readonly cut: Abort
  readonly ended: Promise<void>
}

export class QueueRunner {
  readonly #deps: RunnerDeps
  readonly #parts: ReturnType<typeof runnerParts>
  readonly #running = new Map<Work, Running>()
  readonly #aged = new Set<Promise<void>>()
  #stopped = false
  /** Suspects have their turn; nobody else begins. */
  #paused = false
  #loading = false
  #again = false
  #cancelTimer: () => void = () => {}
  #timerAt = Number.POSITIVE_INFINITY
  #idleWaiters: (() => void)[] = []

  constructor(deps: RunnerDeps) {
    this.#deps = deps
    this.#parts = runnerParts(deps, (id) => this.accepted(id))
  }

  /** Takes up everything the store holds, in pieces; suspects of a crash first. */
  start(): void {
    this.#loading = true
    this.#load().catch((error: unknown) => {
      this.#paused = false
      this.#loading = false
      this.#deps.log.error('queue.load', { err: error })
      this.#pump()
    })
  }

  /** Slots of a destination came free elsewhere, or it is open again. */
  look(channel: ChannelName, key: string): void {
    this.#parts.schedule.look(channel, key, this.#parts.timeline.now())
    this.#pump()
  }

  /** A message has become durable: try it now. */
  accepted(id: MessageId): void {
    const entry = this.#deps.store.entry(id)
    if (entry !== undefined) this.#parts.placing.entry(entry)
    this.#pump()
  }

  /**
   * These recipients of a message were changed: look at them again. `reopen` forgets that their destinations were down.
   */
  changed(id: MessageId, indexes: readonly number[], options: { readonly reopen?: boolean } = {}): void {
    this.#parts.placing.changed(id, indexes, this.#running.keys(), options.reopen === true)
    this.#pump()
  }

  /** Runs `change` when nothing else is changing this message. */
  inTurn<T>(id: MessageId, change: () => Promise<T>): Promise<T> {
    return this.#parts.turns.take(id, change)
  }

  /**
   * Runs `change` when none of these recipients is being delivered: attempts under way are ended, and what they came to
   * is recorded first. None begins before it is done.
   */
  async alone<T>(id: MessageId, indexes: readonly number[], change: () => Promise<T>): Promise<T> {
    this.#parts.placing.reserve(id, indexes, 1)
    try {
      const under = [...this.#running.values()].filter(
        ({ work }) => work.id === id && work.recipients.some((index) => indexes.includes(index)),
      )
      for (const { cut } of under) cut.abort('operator' satisfies Cut)
      await Promise.all(under.map(({ ended }) => ended))
      return await this.#parts.turns.take(id, change)
    } finally {
      this.#parts.placing.reserve(id, indexes, -1)
      this.changed(id, indexes)
    }
  }

  /** An operator returns these recipients to the sender. How many there were. */
  bounce(id: MessageId, indexes: readonly number[], reason: string): Promise<number> {
    return this.alone(id, indexes, async () => {
      const message = await this.#deps.store.get(id)
      if (message === undefined) return 0
      const recipients = indexes
        .flatMap((index) => message.recipients.get(index) ?? [])
        .filter(({ state }) => state === 'queued' || state === 'held')
        .map(({ recipient }) => recipient)
      const [first] = recipients
      if (first === undefined) return 0
      const outcome: Outcome = { kind: 'failed', status: '5.7.1', reason }
      const outcomes = recipients.map(() => outcome)
      const by: DecidedBy = { by: 'operator', command: 'queue bounce' }
      const about = { channel: first.channel, key: '', recipients, outcomes, durationMs: 0, ageMs: 0, by }
      await this.#parts.recording.record(message, about, this.#parts.recording.telling())
      return recipients.length
    })
  }

  /** Nothing is being tried and nothing is due now. */
  async idle(): Promise<void> {
    while (!this.#idle()) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#idleWaiters.push(resolve)
      this.#pump()
      await promise
    }
  }

  /** Tries nothing more; attempts under way have until the deadline, then are given up and stay queued. */
  async stop(deadlineMs: number): Promise<void> {
    const { clock } = this.#deps
    this.#stopped = true
    this.#cancelTimer()
    this.#parts.deliveries.stop()
    const gaveUp = Promise.withResolvers<void>()
    let cancelLast = (): void => {}
    const cancel = clock.after(deadlineMs, () => {
      for (const { cut } of this.#running.values()) cut.abort('stop' satisfies Cut)
      // A destination that does not heed its signal is left behind; its recipients are still queued.
      cancelLast = clock.after(AFTER_ABORT_MS, gaveUp.resolve)
    })
    const running = [...[...this.#running.values()].map(({ ended }) => ended), ...this.#aged]
    await Promise.race([Promise.all(running), gaveUp.promise])
    cancel()
    cancelLast()
  }

  async #load(): Promise<void> {
    const { store, inHand, clock } = this.#deps
    if (inHand !== undefined && inHand.suspects().size > 0) {
      this.#paused = true
      await suspectsFirst(inHand, {
        has: (id) => {
          const entry = store.entry(id)
          if (entry !== undefined) this.#parts.placing.entry(entry)
          return entry !== undefined
        },
        begin: (id) => {
          const work = this.#stopped ? undefined : this.#parts.schedule.takeOf(id, this.#parts.timeline.now())
          return work === undefined ? undefined : this.#begin(work)
        },
        sleep: (ms) => this.#parts.deliveries.sleep(ms),
        monotonic: () => clock.monotonic(),
      })
      this.#paused = false
    }
    let count = 0
    for (const entry of store.entries()) {
      this.#parts.placing.entry(entry)
      if (++count % SLICE.load !== 0) continue
      this.#pump()
      await turnOfLoop()
      if (this.#stopped) return
    }
    this.#loading = false
    this.#pump()
  }

  /** Begins what may begin, a slice of it, and sets the timer for what comes next. */
  #pump(now = this.#parts.timeline.now()): void {
    if (this.#stopped || this.#paused) return
    let more = this.#parts.schedule.wake(now, SLICE.wake)
    for (let begun = 0; ; begun++) {
      const work = begun < SLICE.begin ? this.#parts.schedule.take(now) : undefined
      more ||= begun === SLICE.begin
      if (work === undefined) break
      void this.#begin(work)
    }
    while (this.#aged.size < MAX_AGED) {
      const event = this.#parts.schedule.takeAged()
      if (event === undefined) break
      this.#age(event)
    }
    if (more && !this.#again) {
      this.#again = true
      setImmediate(() => {
        this.#again = false
        this.#pump()
      })
    }
    this.#sleepUntil(Math.min(this.#parts.schedule.nextAt(), now + LONGEST_SLEEP_MS), now)
    this.#tellIdle()
  }

  #tellIdle(): void {
    if (this.#idleWaiters.length > 0 && this.#idle()) for (const resolve of this.#idleWaiters.splice(0)) resolve()
  }

  /** A timer that is set for an earlier time is left: waking too early does no harm. */
  #sleepUntil(at: number, now: number): void {
    if (at >= this.#timerAt && this.#timerAt > now) return
    this.#cancelTimer()
    this.#timerAt = at
    this.#cancelTimer = this.#deps.clock.after(Math.max(at - now, 1), () => {
      this.#timerAt = Number.NEGATIVE_INFINITY
      this.#pump()
    })
  }

  #idle(): boolean {
    return (
      this.#running.size === 0 &&
      this.#aged.size === 0 &&
      !this.#loading &&
      !this.#again &&
      this.#parts.schedule.nextAt() > this.#parts.timeline.now()
    )
  }

  #begin(work: Work): Promise<void> {
    const cut = new Abort()
    const ended = this.#parts.deliveries.deliver(work, cut, this.#over).then(
      (end) => this.#ended(work, end),
      (error: unknown) => {
        this.#deps.log.error('delivery.bug', { err: error, id: work.id })
        this.#ended(work, { sign: 'unsaid', why: '', left: [], born: [], tried: true, againInMs: LONGEST_SLEEP_MS })
      },
    )
    this.#running.set(work, { work, cut, ended })
    return ended
  }

  readonly #over: Over = (work, { sign, why }) => {
    const now = this.#parts.timeline.now()
    this.#parts.schedule.free(work, sign, now, why)
    this.#pump(now)
  }

  #ended(work: Work, end: Ended): void {
    const { sign, why, left, born } = end
    // Where its slot was free before, and nothing of it goes on, nothing new may begin.
    const news = work.slot !== undefined || left.length > 0 || born.length > 0
    const now = this.#parts.timeline.now()
    this.#running.delete(work)
    this.#parts.schedule.done(work, sign, now, why)
    this.#goesOn(work, end)
    if (news) this.#pump(now)
    else this.#tellIdle()
  }

  #age({ work, what }: AgeEvent): void {
    const aging: Promise<void> = (
      what === 'delayed'
        ? this.#parts.deliveries.tellDelay(work)
        : this.#parts.deliveries.expire(work).then((end) => {
            this.#parts.schedule.settled(work)
            this.#goesOn(work, end)
          })
    )
      .catch((error: unknown) => this.#deps.log.error('delivery.bug', { err: error, id: work.id }))
      .finally(() => {
        this.#aged.delete(aging)
        this.#pump()
      })
    this.#aged.add(aging)
  }

  /** What is left of work that has ended takes its place again. */
  #goesOn(work: Work, end: Ended): void {
    const { deliveries, placing } = this.#parts
    placing.after(work, end)
    if (end.againInMs === undefined) return
    void deliveries.sleep(end.againInMs).then(() => {
      if (!this.#stopped) this.accepted(work.id)
    })
  }
}

const turnOfLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
