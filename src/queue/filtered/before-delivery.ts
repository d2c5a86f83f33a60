// SPDX-License-Identifier: Apache-2.0
/**
 * What filters have to do with a recipient whose turn has come, before anything is delivered: those that have not been
 * asked yet are asked, and what they decided is recorded by replacing the recipient; what was decided is carried out.
 */
import type { Envelope, Recipient } from '../../envelope/envelope.ts'
import type { RecipientState } from '../../envelope/ledger.ts'
import type { Outcome } from '../../envelope/outcome.ts'
import type { Log } from '../../monitor/log.ts'
import type { LateFilters } from '../../policy/filters/late.ts'
import type { Step } from '../../policy/trace.ts'
import type { QueuedMessage, QueueStore } from '../store.ts'
import { type Content, contentOf } from './copies.ts'

export interface FilterDeps {
  readonly store: Pick<QueueStore, 'content'>
  /** What filters decided is carried out first; without it everything is delivered as it came. */
  readonly carryOut?: (message: QueuedMessage, state: RecipientState) => Promise<Outcome | undefined>
  /** Asks the filters of a recipient that had none so far; without it there are none. */
  readonly filterLate?: (envelope: Envelope, recipient: Recipient, content: Content) => Promise<LateFilters>
  readonly log: Log
}

export interface BeforeDelivery {
  /** Absent: it is delivered as it stands. */
  readonly outcome?: Outcome
  /** For the trace. */
  readonly steps: readonly Step[]
}

const NOTHING: BeforeDelivery = { steps: [] }
const later = (reason: string): Outcome => ({ kind: 'deferred', status: '4.3.0', reason })

/** Never rejects. */
export async function beforeDelivery(
  deps: FilterDeps,
  message: QueuedMessage,
  state: RecipientState | undefined,
): Promise<BeforeDelivery> {
  if (state === undefined) return NOTHING
  const { recipient } = state
  try {
    // Who an address on its way stands for is found out first.
    if (recipient.unfiltered === true && recipient.user !== undefined) return await ask(deps, message, recipient)
    if (recipient.filtered === undefined) return NOTHING
    const outcome = await deps.carryOut?.(message, state)
    return outcome === undefined ? NOTHING : { outcome, steps: [] }
  } catch (err) {
    deps.log.warn('filters.not-carried-out', { err, id: message.envelope.id, recipient: recipient.index })
    return { outcome: later('what filters decided cannot be done now'), steps: [] }
  }
}

async function ask(
  { filterLate, store, log }: FilterDeps,
  { envelope }: QueuedMessage,
  recipient: Recipient,
): Promise<BeforeDelivery> {
  if (filterLate === undefined) return NOTHING
  const received = { size: envelope.size, content: () => store.content(envelope.id) }
  const { decided, defer, steps } = await filterLate(envelope, recipient, await contentOf(recipient.copy, received))
  if (defer !== undefined) {
    log.warn('filters.not-asked', { cause: defer, id: envelope.id, recipient: recipient.index })
    return { outcome: later('the message cannot be filtered now'), steps }
  }
  if (decided === undefined) return { steps }
  const { index: _, parent: __, unfiltered: ___, copy, ...place } = decided
  const { redirected: ____, ...kept } = copy ?? { flags: [] }
  return { outcome: { kind: 'expanded', into: [{ ...place, copy: kept }], itself: true }, steps }
}
