// SPDX-License-Identifier: Apache-2.0
/**
 * Writes down what came of an attempt, of an operator's wish, or of a message's time being over: notices first, then the
 * ledger, then the trace. A notification is durable before the failure it tells of is recorded: a crash in between makes
 * it twice, never not at all. Called in the message's turn.
 */
import { isDeepStrictEqual } from 'node:util'
import type { DecidedBy } from '../ask/decided-by.ts'
import type { Clock } from '../clock/clock.ts'
import type { Revision } from '../config/revision.ts'
import { expansionCause, notifyOfMembers } from '../dsn/parameters.ts'
import type { ChannelName } from '../envelope/channel-name.ts'
import type { Recipient } from '../envelope/envelope.ts'
import type { LedgerEvent } from '../envelope/ledger.ts'
import type { MessageId } from '../envelope/message-id.ts'
import type { Outcome } from '../envelope/outcome.ts'
import type { Counter, Labelled, Metrics } from '../monitor/metrics.ts'
import { filterDecided } from '../policy/filters/decided-by.ts'
import type { DeliveryRecord, Step, TraceSink } from '../policy/trace.ts'
import { wasAnswered } from './attempt.ts'
import { Expansions } from './expansions.ts'
import { lineOf } from './filtered/line-of.ts'
import { isDue } from './notice.ts'
import { eventsOf, type Settled } from './outcome-events.ts'
import type { QueuedMessage, QueueStore } from './store.ts'
import { NOTHING_TOLD, type NoticeMeans, Telling } from './telling.ts'
import { lifetimeMs } from './timing.ts'

export interface RecordingDeps {
  readonly store: QueueStore
  readonly revision: () => Revision
  readonly clock: Clock
  readonly metrics: Metrics
  readonly traces: TraceSink
  /** 0 ≤ x < 1 */
  readonly random: () => number
  readonly notices: NoticeMeans
  /** Something was recorded of these recipients. Never rejects; nothing where there is nothing to wait for. */
  readonly recorded?: (message: QueuedMessage, indexes: readonly number[]) => Promise<void> | undefined
}

/** Of one attempt, shown: a record stays under 64 KiB. */
const MAX_STEPS = 10

/** What is to be written down about some recipients of a message. */
export interface Report {
  readonly channel: ChannelName
  /** Destination.destinationKey, for people. */
  readonly key: string
  readonly recipients: readonly Recipient[]
  readonly outcomes: readonly Outcome[]
  /** What filters said that were asked in the attempt. */
  readonly steps?: readonly Step[]
  readonly durationMs: number
  /** Milliseconds since the message came. */
  readonly ageMs: number
  /** Deferrals that nobody answered for do not count: the attempt was ended by us. */
  readonly givenUp?: boolean
  /** Who wanted it, where it was not the attempt. */
  readonly by?: DecidedBy
}

export interface Recorded {
  readonly message: QueuedMessage
  /** Milliseconds until the next attempt, by recipient. */
  readonly retryInMs: ReadonlyMap<number, number>
  /** Recipients that came into being. */
  readonly born: readonly number[]
}

export class Recording {
  readonly #deps: RecordingDeps
  readonly #results: Labelled<'result', Counter>

  constructor(deps: RecordingDeps) {
    this.#deps = deps
    this.#results = deps.metrics.counters('postern_deliveries_total', 'Recipients by what an attempt came to', [
      'result',
    ])
  }

  /** For the notices of one report, whose record may have to be tried again. */
  telling(): Telling {
    return new Telling(this.#deps.notices)
  }

  /** @throws LedgerViolation; rejects when the disk fails: nothing is recorded, and the same may be tried again */
  async record(message: QueuedMessage, report: Report, telling: Telling): Promise<Recorded> {
    const { store } = this.#deps
    const now = this.#deps.clock.now()
    const settled = this.#settle(message, report, now)
    if (settled.length === 0) return { message, retryInMs: NO_RETRIES, born: NOBODY }
    const { reversePath } = message.envelope
    const anyDue = settled.some(({ notice }) => notice !== undefined && isDue(notice, reversePath))
    const { failure, delayed } = anyDue ? await telling.tellAll(message, settled) : NOTHING_TOLD
    const events = settled.map(({ event }) =>
      failure !== undefined && event.event === 'bounced' ? { ...event, notice: failure } : event,
    )
    for (const { recipient } of delayed) events.push({ event: 'delayNotified', recipient: recipient.index, at: now })
    const after = await store.record(message.envelope.id, events)
    const remembering = this.#deps.recorded?.(
      after,
      settled.map(({ recipient }) => recipient.index),
    )
    if (remembering !== undefined) await remembering
    for (const { result } of settled) this.#results.with({ result }).add()
    this.#trace(message, report, settled, failure)
    return { message: after, retryInMs: retriesOf(settled), born: bornOf(events) }
  }

  /** Tells the sender that these still wait, where that is due and has not been told. */
  async tellDelay(message: QueuedMessage, indexes: readonly number[], ageMs: number, why: string): Promise<void> {
    const { clock, store, revision } = this.#deps
    const { envelope, recipients } = message
    const now = clock.now()
    const leftMs = lifetimeMs(revision().config.queue, envelope.reversePath === null) - ageMs
    const waiting = indexes
      .flatMap((index) => recipients.get(index) ?? [])
      .filter(({ state, delayNotified }) => state === 'queued' && !delayNotified)
    const id = await this.telling().tell(
      message,
      'delay',
      waiting.map(({ recipient, last }) => ({
        recipient,
        action: 'delayed',
        ...(last?.event === 'deferred'
          ? { status: last.status, reason: last.reason, lastAttemptMs: last.at }
          : { status: '4.4.1', reason: why === '' ? 'not delivered yet' : why }),
        willRetryUntilMs: now + leftMs,
      })),
    )
    if (id === undefined) return
    await store.record(
      envelope.id,
      waiting.map(({ recipient }) => ({ event: 'delayNotified', recipient: recipient.index, at: now })),
    )
  }

  #settle(message: QueuedMessage, { recipients, outcomes, ageMs, givenUp = false }: Report, now: number): Settled[] {
    const { envelope } = message
    const { queue, limits } = this.#deps.revision().config
    // Drawn once: what was tried together comes back together.
    const drawn = this.#deps.random()
    const expanded = outcomes.some(({ kind }) => kind === 'expanded')
    const expansions = expanded ? new Expansions(message, limits) : undefined
    const settled: Settled[] = []
    for (const [i, recipient] of recipients.entries()) {
      const state = message.recipients.get(recipient.index)
      const came = outcomes[i]
      if (state === undefined || came === undefined || (state.state !== 'queued' && state.state !== 'held')) continue
      const expansion = came.kind === 'expanded' ? expansionCause(came.into) : undefined
      const { outcome, firstIndex } = expansions?.bound(came, recipient) ?? { outcome: came, firstIndex: 0 }
      if (givenUp && !wasAnswered(outcome)) continue
      // An operator held it during the attempt; a deferral would let it go again.
      if (state.state === 'held' && outcome.kind === 'deferred') continue
      settled.push(
        eventsOf({
          recipient,
          state,
          outcome: expansion === 'expanded' ? withoutSuccess(outcome) : outcome,
          now,
          ageMs,
          queue,
          nullSender: envelope.reversePath === null,
          drawn,
          nextIndex: firstIndex,
          expansion,
        }),
      )
    }
    return settled
  }

  #trace(
    { envelope }: QueuedMessage,
    report: Report,
    settled: readonly Settled[],
    notice: MessageId | undefined,
  ): void {
    const { revision, clock, traces } = this.#deps
    const { steps = [] } = report
    const all = settled.map((one) => this.#byOf(one, report))
    const by = all.find((one) => one.by === 'remote') ?? all[0]
    if (by === undefined) return
    traces.append({
      record: 'delivery',
      version: 1,
      id: envelope.id,
      at: clock.now(),
      revision: revision().id,
      channel: report.channel,
      recipients: settled.map((one, i) =>
        tracedOf(one, all[i] === by || isDeepStrictEqual(all[i], by) ? undefined : all[i]),
      ),
      by,
      ...(steps.length === 0 ? {} : { steps: steps.slice(0, MAX_STEPS) }),
      durationMs: report.durationMs,
      ...(notice === undefined ? {} : { notice }),
    })
  }

  #byOf(settled: Settled, { by, channel, key }: Report): DecidedBy {
    const { remote, expired } = settled
    const revision = this.#deps.revision()
    if (by !== undefined) return by
    if (expired === true) return revision.where('queue', 'expire')
    if (remote?.reply !== undefined)
      return { by: 'remote', host: remote.mta ?? remote.address ?? key, reply: remote.reply }
    const line = lineOf(settled)
    return line === undefined ? revision.where('channels', channel) : filterDecided(revision, line)
  }
}

type Traced = DeliveryRecord['recipients'][number]

/** @param by where it is not that of all */
function tracedOf({ recipient, result, status, detail, event }: Settled, by: DecidedBy | undefined): Traced {
  const traced: { -readonly [K in keyof Traced]: Traced[K] } = { address: recipient.address, result, detail }
  if (status !== undefined) traced.status = status
  if (event.event === 'deferred') traced.nextAt = event.nextAt
  if (by !== undefined) traced.by = by
  return traced
}

const NO_RETRIES: Recorded['retryInMs'] = new Map()

function retriesOf(settled: readonly Settled[]): Recorded['retryInMs'] {
  if (settled.every(({ retryInMs }) => retryInMs === undefined)) return NO_RETRIES
  return new Map(
    settled.flatMap(({ recipient, retryInMs }) => (retryInMs === undefined ? [] : [[recipient.index, retryInMs]])),
  )
}

const NOBODY: Recorded['born'] = []

const bornOf = (events: readonly LedgerEvent[]): Recorded['born'] =>
  events.some((event) => 'into' in event)
    ? events.flatMap((event) => ('into' in event ? event.into.map(({ index }) => index) : []))
    : NOBODY

const withoutSuccess = (outcome: Outcome): Outcome =>
  outcome.kind !== 'expanded'
    ? outcome
    : {
        ...outcome,
        into: outcome.into.map((member) =>
          member.notify === undefined ? member : { ...member, notify: notifyOfMembers(member.notify) },
        ),
      }
