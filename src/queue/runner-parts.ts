// SPDX-License-Identifier: Apache-2.0
/** What the runner is handed, and the parts it is made of. */
import type { MailAddress, ReversePath } from '../address/address.ts'
import type { Destination } from '../channels/destination.ts'
import type { Clock } from '../clock/clock.ts'
import type { Revision } from '../config/revision.ts'
import type { ChannelName } from '../envelope/channel-name.ts'
import type { MessageId, SessionId } from '../envelope/message-id.ts'
import type { Log } from '../monitor/log.ts'
import type { Metrics } from '../monitor/metrics.ts'
import type { Placement } from '../policy/own-mail.ts'
import type { TraceSink } from '../policy/trace.ts'
import type { Counters } from '../state/counters.ts'
import { createBudget } from './budget.ts'
import { Deliveries, type DeliveriesDeps } from './deliveries.ts'
import { carryOut } from './filtered/carry-out.ts'
import { rememberFulfilled } from './filtered/remembering.ts'
import { sendFor } from './filtered/send.ts'
import type { InHand } from './in-hand.ts'
import type { NoticeOrder } from './notice.ts'
import type { Place } from './own-message.ts'
import { Placing } from './placing.ts'
import { Recording } from './recording.ts'
import { Schedule } from './schedule/schedule.ts'
import { type DestinationSlots, LocalSlots } from './schedule/slots.ts'
import { Timeline } from './schedule/timeline.ts'
import type { QueueStore } from './store.ts'
import { Turns } from './turns.ts'

export interface RunnerDeps {
  readonly store: QueueStore
  readonly destinations: () => ReadonlyMap<ChannelName, Destination>
  readonly revision: () => Revision
  readonly place: (address: MailAddress) => Promise<Placement>
  /** The senders of mail that is sent on (policy/forwarding.ts); without it they stay what they are. */
  readonly sentOn?: (sender: ReversePath, places: readonly Place[]) => Promise<readonly Place[]>
  /** The filters of recipients that come into being here; without it they have none. */
  readonly filterLate?: NonNullable<DeliveriesDeps['filterLate']>
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
  /** Asked as each delivery begins. */
  readonly dequeueAccess?: NonNullable<DeliveriesDeps['dequeueAccess']>
  /** What filters remember is kept here; without it they send nothing and remember nothing. */
  readonly counters?: Counters
}

/** @param queued is told of each notice that has become durable */
export function runnerParts(deps: RunnerDeps, queued: (id: MessageId) => void) {
  const { store, destinations, revision, place, clock, log, metrics, traces, random, ids, inHand } = deps
  const turns = new Turns()
  const timeline = new Timeline(clock, (byMs) => log.warn('clock.jumped', { byMs }))
  const slots = deps.slots ?? ownSlots(deps)
  const schedule = new Schedule({ slots, lifetimes: () => revision().config.queue })
  const { counters, sentOn } = deps
  const budget = counters && createBudget({ counters, revision, clock, traces, log })
  const made = { store, place, revision, clock, ids, random: deps.randomBytes, traces, log, queued }
  const notices = budget === undefined ? made : { ...made, budget }
  const recording = new Recording({
    store,
    revision,
    clock,
    metrics,
    traces,
    random,
    notices,
    ...(counters === undefined
      ? {}
      : {
          recorded: (message, indexes) => rememberFulfilled(message, indexes, { counters, log }),
        }),
  })
  const deliveries = new Deliveries({
    store,
    destinations,
    revision,
    clock,
    log,
    recording,
    timeline,
    turns,
    carryOut: (message, state) =>
      carryOut(state, {
        place,
        ...(sentOn === undefined ? {} : { sentOn: (places) => sentOn(message.envelope.reversePath, places) }),
        now: () => clock.now(),
        unique: () => Buffer.from(deps.randomBytes(9)).toString('hex'),
        send: async (filtered) => {
          if (counters === undefined || budget === undefined) return undefined
          const unsent = await sendFor(message, filtered, { ...made, counters, budget, recipient: state.recipient })
          if (unsent !== undefined)
            log.warn('filters.not-sent', {
              err: unsent.cause,
              id: message.envelope.id,
              recipient: state.recipient.index,
            })
          return unsent?.left
        },
      }),
    ...(inHand === undefined ? {} : { inHand }),
    ...(deps.filterLate === undefined ? {} : { filterLate: deps.filterLate }),
    ...(deps.dequeueAccess === undefined ? {} : { dequeueAccess: deps.dequeueAccess }),
  })
  const placing = new Placing({ store, destinations, revision, timeline, schedule })
  metrics.gauge('postern_queue_messages', 'Messages that wait or are held', () => placing.messages)
  return { turns, timeline, schedule, recording, deliveries, placing }
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
