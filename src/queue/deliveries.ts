// SPDX-License-Identifier: Apache-2.0
/**
 * Carries out what the schedule says: an attempt with all that belongs to it, a return of what is too old, a word about
 * a delay. Says afterwards what is left to do. Who crashes the process again and again is set aside (poison.ts).
 */
import type { DecidedBy } from '../ask/decided-by.ts'
import type { Abort } from '../clock/abort.ts'
import { Deadlines } from '../clock/deadlines.ts'
import type { Revision } from '../config/revision.ts'
import type { Recipient } from '../envelope/envelope.ts'
import { LedgerViolation } from '../envelope/ledger.ts'
import type { MessageId } from '../envelope/message-id.ts'
import type { Outcome } from '../envelope/outcome.ts'
import type { Dequeueing, PutOff } from '../policy/access/outgoing.ts'
import { CRASHES_TO_HOLD, deliveryKey, evidence } from '../policy/poison.ts'
import { type Attempt, type AttemptDeps, attempt, overTime } from './attempt.ts'
import type { InHand } from './in-hand.ts'
import { type Due, waitingIn } from './orders.ts'
import type { Recorded, Recording, Report } from './recording.ts'
import type { Sign } from './schedule/slots.ts'
import type { Timeline } from './schedule/timeline.ts'
import type { Work } from './schedule/work.ts'
import type { QueuedMessage, QueueStore } from './store.ts'
import { lifetimeMs, longestWaitMs } from './timing.ts'
import type { Turns } from './turns.ts'

export interface DeliveriesDeps extends AttemptDeps {
  readonly store: QueueStore
  readonly recording: Recording
  readonly revision: () => Revision
  readonly timeline: Timeline
  readonly turns: Turns
  readonly inHand?: InHand
  /** May this delivery begin now (spec access-control.md 10, DEQUEUE_ACCESS)? `undefined`: it may; at once where there is no such table. */
  readonly dequeueAccess?: (
    dequeueing: Dequeueing & { readonly recipients: readonly Recipient[] },
  ) => Promise<Pick<PutOff, 'againInMs'> | undefined> | undefined
}

/** How a piece of work ended. */
export interface Ended {
  readonly sign: Sign
  readonly why: string
  /** Recipients that wait on. */
  readonly left: readonly Due[]
  /** Those that came into being. */
  readonly born: readonly Due[]
  /** Whether those left have been tried. */
  readonly tried: boolean
  /** The message could not be read: look at it again after this time. */
  readonly againInMs?: number
}

/** The attempt is over; what came of it is not written down yet. */
export type Over = (work: Work, made: Pick<Ended, 'sign' | 'why'>) => void

const NOBODY: readonly Due[] = []
const NO_RETRIES: Recorded['retryInMs'] = new Map()
const NOTHING: Ended = { sign: 'unsaid', why: '', left: NOBODY, born: NOBODY, tried: false }

/** A message that cannot be read is tried again after this. */
const UNREADABLE_MS = 60_000
/** One suspect waits for another. */
const SUSPECT_WAIT_MS = 1000
/**
 * Attempts that are over and not written down yet may have given their slots to others, this many: a destination does
 * not wait for our disk, and a disk that stands still does not let ever more be sent that nobody knows of.
 */
const MAX_UNWRITTEN = 256
/** While a result cannot be written, between two tries. */
const LONGEST_WRITE_WAIT_MS = 60_000

const POISON: DecidedBy = { by: 'built-in', rule: 'poison' }

export class Deliveries {
  readonly #deps: DeliveriesDeps
  #stopped = false
  #unwritten = 0
  readonly #sleepers = new Set<() => void>()
  readonly #deadlines: Deadlines<Abort>

  constructor(deps: DeliveriesDeps) {
    this.#deps = deps
    this.#deadlines = new Deadlines(deps.clock, overTime)
  }

  /** Results that cannot be written are given up; whoever sleeps wakes. */
  stop(): void {
    this.#stopped = true
    for (const wake of this.#sleepers) wake()
  }

  /** Ends early when stopped. */
  async sleep(ms: number): Promise<void> {
    if (this.#stopped) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const cancel = this.#deps.clock.after(ms, resolve)
    this.#sleepers.add(resolve)
    await promise
    this.#sleepers.delete(resolve)
    cancel()
  }

  /**
   * Tries work once and writes down what came of it. `cut` ends it early. Never rejects.
   * @param over the attempt is over, its slot may go to others before this resolves
   */
  async deliver(work: Work, cut: Abort, over: Over = () => {}): Promise<Ended> {
    const { inHand, timeline } = this.#deps
    const key = deliveryKey(work.id)
    const crashes = inHand?.suspects().get(key)
    if (crashes !== undefined && crashes.length >= CRASHES_TO_HOLD) return await this.#setAside(work, evidence(crashes))
    // A crash must accuse one of them only.
    if (crashes !== undefined && crashes.length > 0 && (inHand?.suspectsInHand() ?? 0) > 0)
      return { ...NOTHING, left: this.#later(work, timeline.now() + SUSPECT_WAIT_MS), tried: work.tried }
    const hand = inHand?.begin(key, 'delivering')
    try {
      if (hand !== undefined) {
        await undefined // whoever begins in the same turn is noted with it
        hand.note()
      }
      const read = this.#read(work.id)
      const message = read instanceof Promise ? await read : read
      if (message === 'unreadable')
        return { ...NOTHING, left: this.#later(work, timeline.now() + UNREADABLE_MS), tried: work.tried }
      if (message === undefined) return NOTHING
      const recipients = queuedIn(message, work)
      if (recipients.length === 0) return { ...NOTHING, left: this.#left(work.recipients, message, NO_RETRIES) }
      const asked = this.#putOff(work, message, recipients)
      const put = asked === undefined ? undefined : await asked
      if (put !== undefined) return { ...NOTHING, left: this.#later(work, timeline.now() + put.againInMs), tried: true }
      const limits = { queue: this.#deps.revision().config.queue, deadlines: this.#deadlines, cut }
      const made = await attempt(this.#deps, message, work.lane.channel.name, recipients, limits)
      if (this.#unwritten < MAX_UNWRITTEN) over(work, made)
      this.#unwritten++
      const recorded = await this.#record(work, made)
      this.#unwritten--
      inHand?.clear(key)
      return this.#after(work, made, recorded)
    } finally {
      hand?.[Symbol.dispose]()
    }
  }

  #after(work: Work, { sign, why, givenUp }: Attempt, recorded: Recorded | undefined | 'not-understood'): Ended {
    const { timeline } = this.#deps
    if (recorded === undefined) return { ...NOTHING, sign, why }
    if (recorded === 'not-understood')
      return { ...NOTHING, sign, why, left: this.#later(work, timeline.now() + UNREADABLE_MS), tried: true }
    const { message, retryInMs, born } = recorded
    return {
      sign,
      why,
      left: this.#left(work.recipients, message, retryInMs),
      born: this.#left(born, message, retryInMs),
      tried: work.tried || !givenUp,
    }
  }

  /** `undefined`: it may go. A table that cannot be asked lets nothing out: later. */
  #putOff(
    { lane, receivedAt }: Work,
    { envelope }: QueuedMessage,
    recipients: readonly Recipient[],
  ): Promise<Pick<PutOff, 'againInMs'> | undefined> | undefined {
    const { dequeueAccess, timeline, log } = this.#deps
    if (dequeueAccess === undefined) return undefined
    const address = recipients[0]?.address ?? ''
    const domain = address.slice(address.lastIndexOf('@') + 1).toLowerCase()
    const queuedSeconds = (timeline.now() - receivedAt) / 1000
    const { name: channel } = lane.channel
    return dequeueAccess({ channel, envelope, domain, queuedSeconds, recipients })?.catch((err: unknown) => {
      log.error('delivery.bug', { err, id: envelope.id, channel })
      return { againInMs: UNREADABLE_MS }
    })
  }

  /** Returns work whose time is over. */
  async expire(work: Work): Promise<Ended> {
    const message = await this.#read(work.id)
    if (message === 'unreadable') return { ...NOTHING, againInMs: UNREADABLE_MS }
    if (message === undefined) return NOTHING
    const recipients = queuedIn(message, work)
    const outcomes = recipients.map(({ index }): Outcome => {
      const last = message.recipients.get(index)?.last
      if (last?.event !== 'deferred') return { kind: 'deferred', status: '4.4.1', reason: work.lane.why }
      const { status, reason, remote } = last
      return { kind: 'deferred', status, reason, ...(remote === undefined ? {} : { remote }) }
    })
    const ageMs = lifetimeMs(this.#deps.revision().config.queue, work.nullSender)
    const recorded = await this.#record(work, { recipients, outcomes, durationMs: 0, ageMs })
    if (recorded === 'not-understood') return { ...NOTHING, againInMs: UNREADABLE_MS }
    if (recorded === undefined) return NOTHING
    const { message: after, retryInMs, born } = recorded
    const left = this.#left(work.recipients, after, retryInMs)
    return { ...NOTHING, left, born: this.#left(born, after, retryInMs) }
  }

  /** Tells the sender that work still waits. */
  async tellDelay(work: Work): Promise<void> {
    const { turns, recording, timeline, log, store } = this.#deps
    try {
      await turns.take(work.id, async () => {
        const message = await store.get(work.id)
        if (message === undefined) return
        await recording.tellDelay(message, work.recipients, timeline.now() - work.receivedAt, work.lane.why)
      })
    } catch (error) {
      // The next failed attempt tells it, or the end.
      log.error('queue.tell-delay', { err: error, id: work.id })
    }
  }

  async #setAside(work: Work, reason: string): Promise<Ended> {
    const { log, inHand } = this.#deps
    const message = await this.#read(work.id)
    if (message === 'unreadable') return { ...NOTHING, againInMs: UNREADABLE_MS }
    if (message !== undefined) {
      const recipients = queuedIn(message, work)
      const outcomes = recipients.map((): Outcome => ({ kind: 'held', reason }))
      const recorded = await this.#record(work, { recipients, outcomes, durationMs: 0, by: POISON })
      if (recorded === undefined || recorded === 'not-understood') return { ...NOTHING, againInMs: UNREADABLE_MS }
      log.error('delivery.poison', { id: work.id, reason })
    }
    // Whoever releases it wants it tried.
    inHand?.clear(deliveryKey(work.id))
    return NOTHING
  }

  /**
   * When the disk will not have it, writing is tried again, not delivering: the other side has the message already.
   * After a stop it is delivered again at the next start (RFC 5321 §4.5.4.1): twice rather than never.
   */
  async #record(
    work: Work,
    report: Omit<Report, 'channel' | 'key' | 'ageMs'> & { readonly ageMs?: number },
  ): Promise<Recorded | undefined | 'not-understood'> {
    const { turns, recording, store, timeline, log } = this.#deps
    const { id, lane } = work
    const telling = recording.telling()
    const write = (message: QueuedMessage | undefined): Promise<Recorded> | Promise<undefined> =>
      message === undefined
        ? Promise.resolve(undefined)
        : recording.record(
            message,
            { ageMs: timeline.now() - work.receivedAt, ...report, channel: lane.channel.name, key: lane.key },
            telling,
          )
    for (let waitMs = 1000; ; waitMs = Math.min(2 * waitMs, LONGEST_WRITE_WAIT_MS)) {
      try {
        return await turns.take(id, () => {
          // It may have been deleted, held or moved by an operator meanwhile; what has happened is still recorded.
          const message = store.get(id)
          return message instanceof Promise ? message.then(write) : write(message)
        })
      } catch (error) {
        log.error('queue.record', { err: error, id })
        if (error instanceof LedgerViolation) return 'not-understood'
        if (this.#stopped) return undefined
        await this.sleep(waitMs)
      }
    }
  }

  #read(id: MessageId): QueuedMessage | undefined | 'unreadable' | Promise<QueuedMessage | undefined | 'unreadable'> {
    const unreadable = (err: unknown): 'unreadable' => {
      this.#deps.log.error('queue.read', { err, id })
      return 'unreadable'
    }
    try {
      const message = this.#deps.store.get(id)
      return message instanceof Promise ? message.catch(unreadable) : message
    } catch (err) {
      return unreadable(err)
    }
  }

  /** Those of these recipients that wait. */
  #left(indexes: readonly number[], message: QueuedMessage, retryInMs: Recorded['retryInMs']): readonly Due[] {
    const waiting = waitingIn(message, indexes)
    if (waiting.length === 0) return NOBODY
    const { timeline, revision } = this.#deps
    const longest = longestWaitMs(revision().config.queue)
    return waiting.flatMap((one) => {
      if (one.nextAt === undefined) return []
      const wait = retryInMs.get(one.index)
      const dueAt = wait === undefined ? timeline.future(one.nextAt, longest) : timeline.now() + wait
      return [{ waiting: one, dueAt }]
    })
  }

  #later({ id, recipients }: Work, dueAt: number): readonly Due[] {
    const waiting = this.#deps.store.entry(id)?.waiting ?? []
    return waiting
      .filter(({ index, state }) => state === 'queued' && recipients.includes(index))
      .map((one) => ({ waiting: one, dueAt }))
  }
}

function queuedIn({ recipients }: QueuedMessage, { recipients: indexes, lane }: Work): readonly Recipient[] {
  const queued: Recipient[] = []
  for (const index of indexes) {
    const of = recipients.get(index)
    if (of?.state === 'queued' && of.recipient.channel === lane.channel.name) queued.push(of.recipient)
  }
  return queued
}
