// SPDX-License-Identifier: Apache-2.0
/**
 * One attempt: hands a message to its channel and says what came of it. Bounded as a whole: when its time is over, or
 * somebody wants it to end, the channel is told through its signal, and left behind when it does not heed that.
 */
import type { Destination } from '../channels/destination.ts'
import type { Abort, AbortWish } from '../clock/abort.ts'
import type { Clock } from '../clock/clock.ts'
import type { Deadlines } from '../clock/deadlines.ts'
import type { Config } from '../config/schema.ts'
import type { ChannelName } from '../envelope/channel-name.ts'
import type { Recipient } from '../envelope/envelope.ts'
import type { Outcome } from '../envelope/outcome.ts'
import { applyEdits, editedSize } from '../mime/apply-edits.ts'
import type { Step } from '../policy/trace.ts'
import { beforeDelivery, type FilterDeps } from './filtered/before-delivery.ts'
import { contentOf, groupByCopy } from './filtered/copies.ts'
import type { Sign } from './schedule/slots.ts'
import type { QueuedMessage } from './store.ts'
import { attemptMs } from './timing.ts'

/** What a channel has to give up in, once it is told to. */
const AFTER_ABORT_MS = 30_000

/** Why an attempt is ended early. */
export type Cut = 'stop' | 'operator' | 'deadline'

export interface Attempt {
  readonly recipients: readonly Recipient[]
  /** One a recipient, in their order. */
  readonly outcomes: readonly Outcome[]
  /** What filters said that were asked now. */
  readonly steps: readonly Step[]
  readonly durationMs: number
  /** What it said about the destination. */
  readonly sign: Sign
  /** What a failed one said, for people. */
  readonly why: string
  /** It was ended by us: what is deferred was not tried to the end, and does not count. */
  readonly givenUp: boolean
}

export interface AttemptDeps extends FilterDeps {
  readonly destinations: () => ReadonlyMap<ChannelName, Destination>
  readonly clock: Clock
}

/** What ends an attempt early. */
export interface AttemptLimits {
  readonly queue: Config['queue']
  /** Watched while it runs. */
  readonly deadlines: Deadlines<Abort>
  readonly cut: Abort
}

/** Told of each attempt whose time is over. */
export const overTime = (cut: Abort): void => cut.abort('deadline' satisfies Cut)

export async function attempt(
  deps: AttemptDeps,
  message: QueuedMessage,
  channel: ChannelName,
  recipients: readonly Recipient[],
  { queue, deadlines, cut }: AttemptLimits,
): Promise<Attempt> {
  const { clock, log } = deps
  const { id, size, edits } = message.envelope
  const startedAt = clock.monotonic()
  const ended = (outcomes: readonly Outcome[], steps: readonly Step[], sign: Sign): Attempt => ({
    recipients,
    outcomes,
    steps,
    durationMs: clock.monotonic() - startedAt,
    sign,
    why: whyOf(outcomes),
    givenUp: cut.aborted && cut.reason !== 'deadline',
  })
  const all = (status: string, reason: string, sign: Sign = 'unsaid'): Attempt =>
    ended(
      recipients.map(() => ({ kind: 'deferred', status, reason })),
      NO_STEPS,
      sign,
    )

  const destination = deps.destinations().get(channel)
  if (destination === undefined) return all('4.3.5', `there is no channel ${channel}`)
  const octets = editedSize(size, edits)
  deadlines.set(cut, attemptMs(queue, octets, recipients.length))
  try {
    const steps: Step[] = []
    // Nearly all messages: the same octets to everybody, and nothing else to be done before.
    const delivering = recipients.every(isPlain)
      ? handOver(deps, destination, message, recipients, octets, cut)
      : deliverFiltered(deps, destination, message, recipients, steps, cut)
    const outcomes = await unlessDeaf(delivering, cut, clock)
    if (outcomes !== 'deaf')
      return ended(complete(outcomes, recipients), steps, cut.reason === 'deadline' ? 'down' : signOf(outcomes))
    log.error('delivery.deaf', { id, channel, cut: cut.reason })
    // Whatever it says now comes too late to be believed, but not to be told.
    delivering.then(
      (late) => log.warn('delivery.late', { id, channel, outcomes: late.map(({ kind }) => kind) }),
      (err: unknown) => log.warn('delivery.late', { id, channel, err }),
    )
    return all('4.4.2', 'the delivery did not end in time', 'down')
  } catch (error) {
    log.error('delivery.bug', { err: error, id, channel })
    return all('4.3.0', 'internal error during delivery')
  } finally {
    deadlines.delete(cut)
  }
}

const NO_STEPS: readonly Step[] = []

/** What it comes to; or `deaf` when it was to end, and has not some time later. */
function unlessDeaf<T>(delivering: Promise<T>, cut: Abort, clock: Clock): Promise<T | 'deaf'> {
  const { promise, resolve, reject } = Promise.withResolvers<T | 'deaf'>()
  delivering.then(resolve, reject)
  const onCut = (): void => {
    const cancel = clock.after(AFTER_ABORT_MS, () => resolve('deaf'))
    delivering.then(cancel, cancel)
  }
  if (cut.aborted) onCut()
  else cut.addEventListener('abort', onCut)
  return promise
}

/** @param steps what filters say that are asked now is put at their end */
async function deliverFiltered(
  deps: FilterDeps,
  destination: Destination,
  message: QueuedMessage,
  recipients: readonly Recipient[],
  steps: Step[],
  signal: AbortWish,
): Promise<readonly Outcome[]> {
  const outcomes = new Map<number, Outcome>()
  for (const { index, filtered, unfiltered } of recipients) {
    if (filtered === undefined && unfiltered === undefined) continue
    const first = await beforeDelivery(deps, message, message.recipients.get(index))
    if (first.outcome !== undefined) outcomes.set(index, first.outcome)
    steps.push(...first.steps)
  }
  const left = recipients.filter(({ index }) => !outcomes.has(index))
  for (const same of left.length === 0 ? [] : groupByCopy(left)) {
    const came = complete(await handOverCopy(deps, destination, message, same, same[0]?.copy, signal), same)
    for (const [i, { index }] of same.entries()) outcomes.set(index, came[i] ?? NO_OUTCOME)
  }
  return recipients.map(({ index }) => outcomes.get(index) ?? NO_OUTCOME)
}

const NO_OUTCOME: Outcome = { kind: 'deferred', status: '4.3.0', reason: 'internal error during delivery' }

const isPlain = ({ filtered, unfiltered, copy }: Recipient): boolean =>
  filtered === undefined && unfiltered === undefined && copy === undefined

/** To recipients that get what was received. @param size with the edits applied */
function handOver(
  { store }: Pick<FilterDeps, 'store'>,
  destination: Destination,
  message: QueuedMessage,
  recipients: readonly Recipient[],
  size: number,
  signal: AbortWish,
): Promise<readonly Outcome[]> {
  const { envelope } = message
  const { id, edits } = envelope
  const content = () => applyEdits(store.content(id), edits)
  const attempts = mostAttempts(message, recipients)
  return destination.deliver({ envelope, recipients, attempts, size, content }, { signal })
}

/** To recipients that get the same copy. */
async function handOverCopy(
  deps: Pick<FilterDeps, 'store'>,
  destination: Destination,
  message: QueuedMessage,
  recipients: readonly Recipient[],
  copy: Recipient['copy'],
  signal: AbortWish,
): Promise<readonly Outcome[]> {
  const { envelope } = message
  const { edits } = envelope
  if (copy === undefined)
    return await handOver(deps, destination, message, recipients, editedSize(envelope.size, edits), signal)
  const received = { size: envelope.size, content: () => deps.store.content(envelope.id) }
  const { size, content } = await contentOf(copy, received)
  return await destination.deliver(
    {
      envelope: copy.ret === undefined ? envelope : { ...envelope, ret: copy.ret },
      recipients,
      attempts: mostAttempts(message, recipients),
      size: editedSize(size, edits),
      content: () => applyEdits(content(), edits),
    },
    { signal },
  )
}

function mostAttempts({ recipients: states }: QueuedMessage, recipients: readonly Recipient[]): number {
  let most = 0
  for (const { index } of recipients) most = Math.max(most, states.get(index)?.attempts ?? 0)
  return most
}

function complete(outcomes: readonly Outcome[], recipients: readonly Recipient[]): readonly Outcome[] {
  if (outcomes.length === recipients.length) return outcomes
  throw new Error(`${outcomes.length} outcomes for ${recipients.length} recipients`)
}

function whyOf(outcomes: readonly Outcome[]): string {
  for (const outcome of outcomes) if (outcome.kind === 'deferred' && outcome.reason !== '') return outcome.reason
  return ''
}

/** Whoever said anything lives; who let the connection fall, and took nothing, does not. */
function signOf(outcomes: readonly Outcome[]): Sign {
  if (outcomes.some(({ kind }) => kind !== 'deferred')) return 'alive'
  if (outcomes.some((outcome) => outcome.kind === 'deferred' && outcome.destinationDown === true)) return 'down'
  return outcomes.some((outcome) => 'remote' in outcome && outcome.remote?.reply !== undefined) ? 'alive' : 'unsaid'
}

/** The evidence of an answer, or of something done: one that an abort made has none. */
export const wasAnswered = (outcome: Outcome): boolean =>
  outcome.kind !== 'deferred' || outcome.remote?.reply !== undefined || outcome.left !== undefined
