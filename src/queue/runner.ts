// SPDX-License-Identifier: Apache-2.0
/**
 * Delivers what is queued: takes up due recipients, groups those of a message that go the same way, tries, and writes
 * down what came of it. Attempts are bounded per channel and per destination; a destination that is down waits as a
 * whole. One timer in all. A notification is durable before the failure it tells of is recorded: a crash in between
 * makes it twice, never not at all.
 */
import type { MailAddress } from '../address/address.ts'
import type { DecidedBy } from '../ask/decided-by.ts'
import type { Destination } from '../channels/destination.ts'
import type { Clock } from '../clock/clock.ts'
import type { Revision } from '../config/revision.ts'
import type { ChannelName } from '../envelope/channel-name.ts'
import type { Delivery } from '../envelope/delivery.ts'
import type { Recipient } from '../envelope/envelope.ts'
import { type LedgerEvent, LedgerViolation } from '../envelope/ledger.ts'
import type { MessageId, SessionId } from '../envelope/message-id.ts'
import type { Outcome } from '../envelope/outcome.ts'
import { applyEdits, editedSize } from '../mime/apply-edits.ts'
import type { Log } from '../monitor/log.ts'
import type { Metrics } from '../monitor/metrics.ts'
import type { Placement } from '../policy/own-mail.ts'
import type { TraceSink } from '../policy/trace.ts'
import { boundedExpansion } from './bounded-expansion.ts'
import { makeNotice, type NoticeOrder } from './notice.ts'
import { eventsOf, type Settled } from './outcome-events.ts'
import type { QueuedMessage, QueueEntry, QueueStore } from './store.ts'
import { delayNoticeAt } from './timing.ts'

/** RFC 5321 §4.5.3.1.8: every server takes as many. */
const MAX_RECIPIENTS = 100
/** A long sleep ends early, so that a clock that was set does not leave mail lying. */
const LONGEST_SLEEP_MS = 60_000

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
}

/** What a destination has to give up in, once it is told to. */
const AFTER_ABORT_MS = 5_000

/** Notices made for one attempt, by kind. */
type Told = Map<NoticeOrder['kind'], MessageId | undefined>

interface Job {
  readonly id: MessageId
  readonly channel: ChannelName
  readonly key: string
  readonly recipients: readonly Recipient[]
}

export class QueueRunner {
  readonly #deps: RunnerDeps
  readonly #stop = new AbortController()
  /** Recipients being tried now: `id index`. */
  readonly #busy = new Set<string>()
  readonly #perChannel = new Map<string, number>()
  readonly #perDestination = new Map<string, number>()
  /** Destinations that are down: monotonic time until which they are left alone. */
  readonly #down = new Map<string, number>()
  readonly #running = new Set<Promise<void>>()
  /** Changes to one message happen one after the other. */
  readonly #turns = new Map<MessageId, Promise<unknown>>()
  /** Messages that may have something due; `undefined` as time means now. */
  readonly #due = new Map<MessageId, number>()
  /** Messages that are being read, so that their deliveries can begin. */
  readonly #reading = new Set<MessageId>()
  #cancelTimer: () => void = () => {}
  #idleWaiters: (() => void)[] = []
  readonly #count: ReturnType<Metrics['counter']>

  constructor(deps: RunnerDeps) {
    this.#deps = deps
    this.#count = deps.metrics.counter('postern_deliveries_total', 'Recipients by what an attempt came to', ['result'])
    deps.metrics.gauge('postern_queue_messages', 'Messages that wait or are held', () => this.#due.size)
  }

  /** Takes up everything the store holds. */
  start(): void {
    for (const entry of this.#deps.store.entries()) this.#schedule(entry)
    this.#wake()
  }

  /** A message has become durable: try it now. */
  accepted(id: MessageId): void {
    const entry = this.#deps.store.entry(id)
    if (entry === undefined) return
    this.#schedule(entry)
    this.#wake()
  }

  /** Something about this message changed: look again. `now` leaves its destination's back-off aside. */
  changed(id: MessageId, options: { readonly now?: boolean } = {}): void {
    if (options.now === true) this.#down.clear()
    this.accepted(id)
  }

  /** Runs `change` when nothing else is changing this message. */
  inTurn<T>(id: MessageId, change: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(id) ?? Promise.resolve()
    const turn = before.then(change, change)
    const settled = turn.then(
      () => {},
      () => {},
    )
    this.#turns.set(id, settled)
    void settled.then(() => {
      if (this.#turns.get(id) === settled) this.#turns.delete(id)
    })
    return turn
  }

  /** An operator returns these recipients to the sender. How many there were. */
  bounce(id: MessageId, indexes: readonly number[], reason: string): Promise<number> {
    return this.inTurn(id, async () => {
      const message = await this.#deps.store.get(id)
      const states = indexes.flatMap((index) => message?.recipients.get(index) ?? [])
      const recipients = states
        .filter(({ state }) => state === 'queued' || state === 'held')
        .map(({ recipient }) => recipient)
      const [first] = recipients
      if (message === undefined || first === undefined) return 0
      const outcome: Outcome = { kind: 'failed', status: '5.7.1', reason }
      await this.#record(
        message,
        { id, channel: first.channel, key: '', recipients },
        recipients.map(() => outcome),
        0,
        new Map(),
      )
      return recipients.length
    })
  }

  /** Nothing is being tried and nothing is due now. */
  async idle(): Promise<void> {
    while (this.#running.size > 0 || this.#nextAt() <= this.#deps.clock.now()) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#idleWaiters.push(resolve)
      await promise
    }
  }

  /** Tries nothing more; attempts under way have until the deadline, then are given up and stay queued. */
  async stop(deadlineMs: number): Promise<void> {
    this.#cancelTimer()
    this.#stopped = true
    for (const wake of this.#sleepers) wake()
    const gaveUp = Promise.withResolvers<void>()
    let cancelLast = (): void => {}
    const cancel = this.#deps.clock.after(deadlineMs, () => {
      this.#stop.abort()
      // A destination that does not heed its signal is left behind; its recipients are still queued.
      cancelLast = this.#deps.clock.after(AFTER_ABORT_MS, gaveUp.resolve)
    })
    await Promise.race([Promise.all(this.#running), gaveUp.promise])
    cancel()
    cancelLast()
  }
  #stopped = false
  readonly #sleepers = new Set<() => void>()

  #schedule({ id, waiting }: QueueEntry): void {
    const times = waiting.flatMap(({ nextAt }) => nextAt ?? [])
    if (times.length === 0) this.#due.delete(id)
    else this.#due.set(id, Math.min(...times))
  }

  #nextAt(): number {
    let next = Number.POSITIVE_INFINITY
    for (const at of this.#due.values()) if (at < next) next = at
    return next
  }

  #wake(): void {
    if (this.#stopped) return
    const now = this.#deps.clock.now()
    for (const [id, at] of this.#due) if (at <= now) this.#launch(id, now)
    this.#rest()
  }

  /** Sets the timer for what is due next. */
  #rest(): void {
    if (this.#stopped) return
    const now = this.#deps.clock.now()
    this.#cancelTimer()
    const next = this.#nextAt()
    const blocked = next <= now
    // What is due but has no room is taken up when an attempt ends, or when a destination may be tried again.
    const sleep = blocked ? (this.#running.size > 0 ? LONGEST_SLEEP_MS : 1000) : Math.min(next - now, LONGEST_SLEEP_MS)
    if (next !== Number.POSITIVE_INFINITY)
      this.#cancelTimer = this.#deps.clock.after(Math.max(sleep, 1), () => this.#wake())
    if (this.#running.size === 0 && !blocked) for (const resolve of this.#idleWaiters.splice(0)) resolve()
  }

  #launch(id: MessageId, now: number): void {
    const open = this.#deps.store
      .entry(id)
      ?.waiting.filter(({ state, index }) => state === 'queued' && !this.#busy.has(`${id} ${index}`))
    if (open === undefined || open.length === 0) this.#due.delete(id)
    else if (!this.#reading.has(id) && open.some(({ nextAt = 0 }) => nextAt <= now)) {
      this.#reading.add(id)
      void this.#read(id).finally(() => {
        this.#reading.delete(id)
        this.#rest()
      })
    }
  }

  async #read(id: MessageId): Promise<void> {
    try {
      const message = await this.#deps.store.get(id)
      if (message === undefined) this.#due.delete(id)
      else if (!this.#stopped) this.#launchJobs(message)
    } catch (error) {
      this.#deps.log.error('queue.read', { err: error, id })
      this.#due.set(id, this.#deps.clock.now() + LONGEST_SLEEP_MS)
    }
  }

  #launchJobs(message: QueuedMessage): void {
    const { id } = message.envelope
    for (const job of this.#jobs(message, this.#deps.clock.now())) {
      if (!this.#room(job)) continue
      this.#take(job, 1)
      const running: Promise<void> = this.#run(job).finally(() => {
        this.#running.delete(running)
        this.#take(job, -1)
        const after = this.#deps.store.entry(id)
        if (after === undefined) this.#due.delete(id)
        else this.#schedule(after)
        this.#wake()
      })
      this.#running.add(running)
    }
    const left = [...message.recipients.values()].filter(
      ({ state, recipient }) => state === 'queued' && !this.#busy.has(`${id} ${recipient.index}`),
    )
    if (left.length === 0) this.#due.delete(id)
  }

  #jobs({ envelope, recipients }: QueuedMessage, now: number): readonly Job[] {
    const groups = new Map<string, Job & { recipients: Recipient[] }>()
    for (const { recipient, state, nextAt } of recipients.values()) {
      if (state !== 'queued' || (nextAt ?? 0) > now || this.#busy.has(`${envelope.id} ${recipient.index}`)) continue
      const { channel, sender } = recipient
      const key = this.#deps.destinations().get(channel)?.destinationKey(recipient) ?? ''
      const name = JSON.stringify([channel, key, sender ?? ''])
      const group = groups.get(name) ?? { id: envelope.id, channel, key, recipients: [] }
      groups.set(name, group)
      if (group.recipients.length < MAX_RECIPIENTS) group.recipients.push(recipient)
    }
    return [...groups.values()]
  }

  #room({ channel, key }: Job): boolean {
    const config = this.#deps.revision().config.channels[channel]
    const perChannel = config?.concurrency ?? 1
    const perDestination = config?.perDestination ?? 1
    const name = `${channel} ${key}`
    if ((this.#down.get(name) ?? 0) > this.#deps.clock.monotonic()) return false
    return (this.#perChannel.get(channel) ?? 0) < perChannel && (this.#perDestination.get(name) ?? 0) < perDestination
  }

  #take({ id, channel, key, recipients }: Job, by: 1 | -1): void {
    const add = (counts: Map<string, number>, name: string): void => {
      const count = (counts.get(name) ?? 0) + by
      if (count === 0) counts.delete(name)
      else counts.set(name, count)
    }
    add(this.#perChannel, channel)
    add(this.#perDestination, `${channel} ${key}`)
    for (const { index } of recipients) {
      if (by === 1) this.#busy.add(`${id} ${index}`)
      else this.#busy.delete(`${id} ${index}`)
    }
  }

  async #run(job: Job): Promise<void> {
    const { clock, log, store } = this.#deps
    const started = clock.monotonic()
    const outcomes = await this.#attempt(job)
    if (outcomes.some((outcome) => outcome.kind === 'deferred' && outcome.destinationDown === true)) {
      const [first = 60_000] = this.#deps.revision().config.queue.retryMs
      this.#down.set(`${job.channel} ${job.key}`, clock.monotonic() + Math.min(first, 60_000) / 2)
    } else this.#down.delete(`${job.channel} ${job.key}`)
    const durationMs = clock.monotonic() - started
    // Notices outlive a failed write: what has been told is not told again with each try.
    const told: Told = new Map()
    // When the disk will not have it, writing is tried again, not delivering: the other side has the message already.
    for (let waitMs = 1000; ; waitMs = Math.min(2 * waitMs, LONGEST_SLEEP_MS)) {
      try {
        await this.inTurn(job.id, async () => {
          // It may have been deleted, held or moved by an operator meanwhile; what has happened is still recorded.
          const message = await store.get(job.id)
          if (message !== undefined) await this.#record(message, job, outcomes, durationMs, told)
        })
        return
      } catch (error) {
        log.error('queue.record', { err: error, id: job.id })
        if (error instanceof LedgerViolation) {
          this.#down.set(`${job.channel} ${job.key}`, clock.monotonic() + 10_000)
          return
        }
        // After a stop it is delivered again at the next start (RFC 5321 §4.5.4.1): twice rather than never.
        if (this.#stopped) return
        await this.#sleep(waitMs)
      }
    }
  }

  /** Ends early when the runner is stopped. */
  async #sleep(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const cancel = this.#deps.clock.after(ms, resolve)
    this.#sleepers.add(resolve)
    await promise
    this.#sleepers.delete(resolve)
    cancel()
  }

  async #attempt({ id, channel, recipients }: Job): Promise<readonly Outcome[]> {
    const { store, log } = this.#deps
    const all = (outcome: Outcome): readonly Outcome[] => recipients.map(() => outcome)
    const message = await store.get(id)
    if (message === undefined) return []
    const destination = this.#deps.destinations().get(channel)
    if (destination === undefined)
      return all({ kind: 'deferred', status: '4.3.5', reason: `there is no channel ${channel}` })
    const { envelope } = message
    const delivery: Delivery = {
      envelope,
      recipients,
      attempts: Math.max(...recipients.map(({ index }) => message.recipients.get(index)?.attempts ?? 0)),
      size: editedSize(envelope.size, envelope.edits),
      content: () => applyEdits(store.content(id), envelope.edits),
    }
    try {
      const outcomes = await destination.deliver(delivery, { signal: this.#stop.signal })
      if (outcomes.length === recipients.length) return outcomes
      throw new Error(`channel ${channel} gave ${outcomes.length} outcomes for ${recipients.length} recipients`)
    } catch (error) {
      log.error('delivery.bug', { err: error, id, channel })
      return all({ kind: 'deferred', status: '4.3.0', reason: 'internal error during delivery' })
    }
  }

  async #record(
    message: QueuedMessage,
    job: Job,
    outcomes: readonly Outcome[],
    durationMs: number,
    told: Told,
  ): Promise<void> {
    const { store, clock, revision, random } = this.#deps
    const { envelope } = message
    const { queue, limits } = revision().config
    const now = clock.now()
    let nextIndex = Math.max(...message.recipients.keys()) + 1
    const settled = job.recipients.flatMap((recipient, i): Settled[] => {
      const state = message.recipients.get(recipient.index)
      const came = outcomes[i]
      const outcome = came === undefined ? undefined : boundedExpansion(came, recipient, message, limits.aliasDepth)
      if (state === undefined || outcome === undefined || (state.state !== 'queued' && state.state !== 'held'))
        return []
      // An operator held it during the attempt; a deferral would let it go again.
      if (state.state === 'held' && outcome.kind === 'deferred') return []
      const one = eventsOf({ recipient, state, outcome, now, queue, envelope, random, nextIndex })
      if (outcome.kind === 'expanded') nextIndex += outcome.into.length
      this.#count({ result: one.result })
      return [one]
    })
    if (settled.length === 0) return
    const notices = await this.#notices(message, settled, now, told)
    const events = settled.map(({ event, recipient }): LedgerEvent => {
      const { failure } = notices
      return event.event === 'bounced' && failure !== undefined
        ? { ...event, recipient: recipient.index, notice: failure }
        : event
    })
    const delayed = settled.filter(({ tellDelay }) => tellDelay && notices.delay !== undefined)
    const delays = delayed.map(
      ({ recipient }): LedgerEvent => ({ event: 'delayNotified', recipient: recipient.index, at: now }),
    )
    await store.record(envelope.id, [...events, ...delays])
    this.#trace(message, job, settled, notices.failure, durationMs)
  }

  async #notices(
    message: QueuedMessage,
    settled: readonly Settled[],
    now: number,
    told: Told,
  ): Promise<{ readonly failure?: MessageId; readonly delay?: MessageId }> {
    const make = async (kind: NoticeOrder['kind'], which: readonly Settled[]): Promise<MessageId | undefined> => {
      const entries = which.flatMap(({ notice }) => notice ?? [])
      if (entries.length === 0) return undefined
      if (told.has(kind)) return told.get(kind)
      const { store, place, clock, ids, randomBytes, traces, log } = this.#deps
      const id = await makeNotice({
        about: message,
        kind,
        entries,
        store,
        place,
        revision: this.#deps.revision(),
        clock,
        ids,
        random: randomBytes,
        traces,
        log,
      })
      told.set(kind, id)
      if (id !== undefined) this.accepted(id)
      return id
    }
    const kindOf = (action: string | undefined): string =>
      action === 'failed' ? 'failure' : action === 'delayed' ? 'delay' : 'success'
    const of = (kind: string): readonly Settled[] =>
      settled.filter(({ notice }) => notice !== undefined && kindOf(notice.action) === kind)
    const due = delayNoticeAt(this.#deps.revision().config.queue, message.envelope) <= now
    const failure = await make('failure', of('failure'))
    const delay = due
      ? await make(
          'delay',
          of('delay').filter(({ tellDelay }) => tellDelay),
        )
      : undefined
    await make('success', of('success'))
    return { ...(failure === undefined ? {} : { failure }), ...(delay === undefined ? {} : { delay }) }
  }

  #trace(
    { envelope }: QueuedMessage,
    job: Job,
    settled: readonly Settled[],
    notice: MessageId | undefined,
    durationMs: number,
  ): void {
    const { revision, clock, traces } = this.#deps
    const remote = settled.find((one) => one.remote?.reply !== undefined)?.remote
    const by: DecidedBy =
      remote?.reply === undefined
        ? revision().where('channels', job.channel)
        : { by: 'remote', host: remote.mta ?? remote.address ?? job.key, reply: remote.reply }
    traces.append({
      record: 'delivery',
      version: 1,
      id: envelope.id,
      at: clock.now(),
      revision: revision().id,
      channel: job.channel,
      recipients: settled.map(({ recipient, result, status, detail, event }) => ({
        address: recipient.address,
        result,
        detail,
        ...(status === undefined ? {} : { status }),
        ...(event.event === 'deferred' ? { nextAt: event.nextAt } : {}),
      })),
      by,
      durationMs,
      ...(notice === undefined ? {} : { notice }),
    })
  }
}
