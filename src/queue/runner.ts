// SPDX-License-Identifier: Apache-2.0
/**
 * Delivers what is queued. What is next is the schedule's matter (schedule/), what one attempt comes to attempt.ts's,
 * what is written of it recording.ts's; here it is set going, in small pieces, so that however much is due nobody waits
 * for the loop. Waiting is done on the monotonic clock: a wall clock that is set changes nothing.
 */
import type { MailAddress } from '../address/address.ts'
import type { DecidedBy } from '../ask/decided-by.ts'
import type { Destination } from '../channels/destination.ts'
import type { Clock } from '../clock/clock.ts'
import type { Revision } from '../config/revision.ts'
import type { ChannelName } from '../envelope/channel-name.ts'
import type { MessageId, SessionId } from '../envelope/message-id.ts'
import type { Outcome } from '../envelope/outcome.ts'
import type { Log } from '../monitor/log.ts'
import type { Metrics } from '../monitor/metrics.ts'
import type { Placement } from '../policy/own-mail.ts'
import type { TraceSink } from '../policy/trace.ts'
import type { Cut } from './attempt.ts'
import { Deliveries, type Ended } from './deliveries.ts'
import type { InHand } from './in-hand.ts'
import type { NoticeOrder } from './notice.ts'
import { type Due, keyOf, ordersOf } from './orders.ts'
import { Recording } from './recording.ts'
import type { AgeEvent } from './schedule/ages.ts'
import { Schedule } from './schedule/schedule.ts'
import { type DestinationSlots, LocalSlots } from './schedule/slots.ts'
import { Timeline } from './schedule/timeline.ts'
import type { Order, Work } from './schedule/work.ts'
import type { QueueEntry, QueueStore } from './store.ts'
import { suspectsFirst } from './suspects-first.ts'
import type { NoticeMeans } from './telling.ts'
import { longestWaitMs } from './timing.ts'
import { Turns } from './turns.ts'

export interface RunnerDeps {
  readonly store: QueueStore
  readonly destinations: () => ReadonlyMap<ChannelName, Destination>
  readonly revision: () => Revision
  readonly place: (address: MailAddress) => Promise<Placement>
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly traces: TraceSink
  /** 0 ≤ x < 1 */
  readonly random: () => number
  readonly randomBytes: NoticeOrder['random']
  readonly ids: { message(): MessageId; session(): SessionId }
  /** Whoever crashes the process is set aside with it. */
  readonly inHand?: InHand
  /** Slots shared with others; this process's own unless given. */
  readonly slots?: DestinationSlots
}

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
  readonly cut: AbortController
  readonly ended: Promise<void>
}

export class QueueRunner {
  readonly #deps: RunnerDeps
  readonly #timeline: Timeline
  readonly #schedule: Schedule
  readonly #recording: Recording
  readonly #deliveries: Deliveries
  readonly #turns = new Turns()
  readonly #running = new Map<Work, Running>()
  readonly #aged = new Set<Promise<void>>()
  /** Recipients an operator is about to end: `id index`, how often. They are not begun meanwhile. */
  readonly #reserved = new Map<string, number>()
  /** Messages of which nothing waits for its time: held, or being returned. */
  readonly #resting = new Set<MessageId>()
  #stopped = false
  /** Suspects have their turn; nobody else begins. */
  #paused = false
  #loading = false
  #again = false
  #cancelTimer: () => void = () => {}
  #timerAt = Number.POSITIVE_INFINITY
  #idleWaiters: (() => void)[] = []

  constructor(deps: RunnerDeps) {
    const { store, clock, log, metrics, traces, random, revision, destinations } = deps
    this.#deps = deps
    this.#timeline = new Timeline(clock, (byMs) => log.warn('clock.jumped', { byMs }))
    const slots = deps.slots ?? ownSlots(deps)
    this.#schedule = new Schedule({ slots, lifetimes: () => revision().config.queue })
    const notices: NoticeMeans = {
      store,
      place: deps.place,
      revision,
      clock,
      ids: deps.ids,
      random: deps.randomBytes,
      traces,
      log,
      queued: (id) => this.accepted(id),
    }
    this.#recording = new Recording({ store, revision, clock, metrics, traces, random, notices })
    this.#deliveries = new Deliveries({
      store,
      destinations,
      revision,
      clock,
      log,
      recording: this.#recording,
      timeline: this.#timeline,
      turns: this.#turns,
      ...(deps.inHand === undefined ? {} : { inHand: deps.inHand }),
    })
    metrics.gauge(
      'postern_queue_messages',
      'Messages that wait or are held',
      () => this.#schedule.messages + this.#resting.size,
    )
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

  /** A message has become durable: try it now. */
  accepted(id: MessageId): void {
    const entry = this.#deps.store.entry(id)
    if (entry !== undefined) this.#placeEntry(entry)
    this.#pump()
  }

  /**
   * These recipients of a message were changed: look at them again. `reopen` forgets that their destinations were down.
   */
  changed(id: MessageId, indexes: readonly number[], options: { readonly reopen?: boolean } = {}): void {
    const { store } = this.#deps
    const entry = store.entry(id)
    const changed = new Set(indexes)
    this.#schedule.withdraw(id, changed)
    const waiting = (entry?.waiting ?? []).filter(({ index }) => changed.has(index))
    if (options.reopen === true)
      for (const one of waiting) this.#schedule.reopen(one.channel, keyOf(this.#deps.destinations(), one))
    // What is under way is looked at when it has ended.
    for (const { work } of this.#running.values())
      if (work.id === id) for (const index of work.recipients) changed.delete(index)
    if (entry !== undefined) this.#place(entry, this.#duesOf(waiting.filter(({ index }) => changed.has(index))))
    this.#note(id)
    this.#pump()
  }

  /** Runs `change` when nothing else is changing this message. */
  inTurn<T>(id: MessageId, change: () => Promise<T>): Promise<T> {
    return this.#turns.take(id, change)
  }

  /**
   * Runs `change` when none of these recipients is being delivered: attempts under way are ended, and what they came to
   * is recorded first. None begins before it is done.
   */
  async alone<T>(id: MessageId, indexes: readonly number[], change: () => Promise<T>): Promise<T> {
    for (const index of indexes) this.#reserve(`${id} ${index}`, 1)
    this.#schedule.withdraw(id, new Set(indexes))
    try {
      const under = [...this.#running.values()].filter(
        ({ work }) => work.id === id && work.recipients.some((index) => indexes.includes(index)),
      )
      for (const { cut } of under) cut.abort('operator' satisfies Cut)
      await Promise.all(under.map(({ ended }) => ended))
      return await this.#turns.take(id, change)
    } finally {
      for (const index of indexes) this.#reserve(`${id} ${index}`, -1)
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
      await this.#recording.record(message, about, this.#recording.telling())
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
    this.#deliveries.stop()
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
          if (entry !== undefined) this.#placeEntry(entry)
          return entry !== undefined
        },
        begin: (id) => {
          const work = this.#stopped ? undefined : this.#schedule.takeOf(id, this.#timeline.now())
          return work === undefined ? undefined : this.#begin(work)
        },
        sleep: (ms) => this.#deliveries.sleep(ms),
        monotonic: () => clock.monotonic(),
      })
      this.#paused = false
    }
    let count = 0
    for (const entry of store.entries()) {
      this.#placeEntry(entry)
      if (++count % SLICE.load !== 0) continue
      this.#pump()
      await turnOfLoop()
      if (this.#stopped) return
    }
    this.#loading = false
    this.#pump()
  }

  /** Begins what may begin, a slice of it, and sets the timer for what comes next. */
  #pump(): void {
    if (this.#stopped || this.#paused) return
    const now = this.#timeline.now()
    let more = this.#schedule.wake(now, SLICE.wake)
    for (let begun = 0; ; begun++) {
      const work = begun < SLICE.begin ? this.#schedule.take(now) : undefined
      more ||= begun === SLICE.begin
      if (work === undefined) break
      void this.#begin(work)
    }
    while (this.#aged.size < MAX_AGED) {
      const event = this.#schedule.takeAged()
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
    this.#sleepUntil(Math.min(this.#schedule.nextAt(), now + LONGEST_SLEEP_MS), now)
    if (this.#idle()) for (const resolve of this.#idleWaiters.splice(0)) resolve()
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
      this.#schedule.nextAt() > this.#timeline.now()
    )
  }

  #begin(work: Work): Promise<void> {
    const cut = new AbortController()
    const ended = this.#deliveries.deliver(work, cut).then(
      (end) => this.#ended(work, end),
      (error: unknown) => {
        this.#deps.log.error('delivery.bug', { err: error, id: work.id })
        this.#ended(work, { sign: 'unsaid', why: '', left: [], born: [], tried: true, againInMs: LONGEST_SLEEP_MS })
      },
    )
    this.#running.set(work, { work, cut, ended })
    return ended
  }

  #ended(work: Work, end: Ended): void {
    this.#running.delete(work)
    this.#schedule.done(work, end.sign, this.#timeline.now(), end.why)
    this.#goesOn(work, end)
    this.#pump()
  }

  #age({ work, what }: AgeEvent): void {
    const aging: Promise<void> = (
      what === 'delayed'
        ? this.#deliveries.tellDelay(work)
        : this.#deliveries.expire(work).then((end) => {
            this.#schedule.settled(work)
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
  #goesOn(work: Work, { left, born, tried, againInMs }: Ended): void {
    const { id, receivedAt, nullSender, delayTold } = work
    const common = { id, receivedAt, nullSender }
    this.#placeDues(left, { ...common, tried, delayTold })
    this.#placeDues(born, { ...common, tried: false, delayTold: false })
    this.#note(id)
    if (againInMs === undefined) return
    void this.#deliveries.sleep(againInMs).then(() => {
      const entry = this.#deps.store.entry(id)
      if (entry !== undefined && !this.#stopped) this.#placeEntry(entry)
      this.#pump()
    })
  }

  #placeEntry(entry: QueueEntry): void {
    // It may have been accepted, or looked at again, before it was loaded.
    if (!this.#schedule.has(entry.id)) this.#place(entry, this.#duesOf(entry.waiting))
    this.#note(entry.id)
  }

  #place({ id, receivedAt, nullSender }: QueueEntry, dues: readonly Due[]): void {
    const since = this.#timeline.past(receivedAt)
    this.#placeDues(dues, { id, receivedAt: since, nullSender, tried: false, delayTold: false })
  }

  #placeDues(
    dues: readonly Due[],
    common: Pick<Order, 'id' | 'receivedAt' | 'nullSender' | 'tried' | 'delayTold'>,
  ): void {
    const free = dues.filter(({ waiting }) => !this.#reserved.has(`${common.id} ${waiting.index}`))
    for (const order of ordersOf(free, this.#deps.destinations(), common)) this.#schedule.place(order)
  }

  #duesOf(waiting: QueueEntry['waiting']): readonly Due[] {
    const longest = longestWaitMs(this.#deps.revision().config.queue)
    return waiting.flatMap((one) =>
      one.nextAt === undefined ? [] : [{ waiting: one, dueAt: this.#timeline.future(one.nextAt, longest) }],
    )
  }

  #note(id: MessageId): void {
    if (!this.#schedule.has(id) && this.#deps.store.entry(id) !== undefined) this.#resting.add(id)
    else this.#resting.delete(id)
  }

  #reserve(name: string, by: 1 | -1): void {
    const count = (this.#reserved.get(name) ?? 0) + by
    if (count === 0) this.#reserved.delete(name)
    else this.#reserved.set(name, count)
  }
}

const ownSlots = ({ revision, random }: Pick<RunnerDeps, 'revision' | 'random'>): DestinationSlots =>
  new LocalSlots({
    limits: (channel) => {
      const { concurrency = 1, perDestination = 1 } = revision().config.channels[channel] ?? {}
      return { concurrency, perDestination }
    },
    retryMs: () => revision().config.queue.retryMs,
    random,
  })

const turnOfLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
