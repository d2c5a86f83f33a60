// SPDX-License-Identifier: Apache-2.0
/** Sums of the ledger, and the states of a message after events: what every backend of the store computes. Pure. */
import type { Envelope } from '../envelope/envelope.ts'
import {
  accepted,
  applyEvent,
  isTerminal,
  type LedgerEvent,
  LedgerViolation,
  type RecipientState,
} from '../envelope/ledger.ts'
import type { LedgerTotals, QueuedMessage } from './store.ts'

export const NO_TOTALS: LedgerTotals = {
  accepted: 0,
  born: 0,
  delivered: 0,
  relayed: 0,
  bounced: 0,
  discarded: 0,
  expanded: 0,
  redirected: 0,
  duplicate: 0,
}

export const TOTALS = Object.keys(NO_TOTALS) as readonly (keyof LedgerTotals)[]

/** @param b what is not there counts as 0 */
export function addTotals(a: LedgerTotals, b: Partial<LedgerTotals>, sign: 1 | -1 = 1): LedgerTotals {
  const sum: Record<keyof LedgerTotals, number> = { ...a }
  for (const key of TOTALS) {
    const more = b[key]
    if (more !== undefined) sum[key] += sign * more
  }
  return sum
}

/** What one message contributes. Recipients that the envelope does not name came into being by expansion. */
export function totalsOf({ envelope, recipients }: QueuedMessage): LedgerTotals {
  const named = envelope.recipients.length
  const sum: Record<keyof LedgerTotals, number> = { ...NO_TOTALS, accepted: named, born: recipients.size - named }
  for (const { state } of recipients.values()) if (isTerminal(state)) sum[state]++
  return sum
}

export const isFinished = ({ recipients }: QueuedMessage): boolean =>
  recipients.values().every(({ state }) => isTerminal(state))

/** The states of a message's recipients at the moment it is accepted. */
export function statesAtCommit(envelope: Envelope): Map<number, RecipientState> {
  const states = new Map<number, RecipientState>()
  for (const state of statesOf(envelope)) {
    const { index } = state.recipient
    if (states.has(index)) throw new LedgerViolation(`recipient index ${index} is used twice`)
    states.set(index, state)
  }
  if (states.size === 0) throw new LedgerViolation('a message without recipients cannot be queued')
  return states
}

/** The same, in the envelope's order. */
export const statesOf = ({ recipients, receivedAt, hold }: Envelope): readonly RecipientState[] =>
  recipients.map((recipient) => accepted(recipient, receivedAt, hold !== undefined))

/** @throws LedgerViolation; then nothing has changed */
export function statesAfter(
  states: ReadonlyMap<number, RecipientState>,
  events: readonly LedgerEvent[],
): Map<number, RecipientState> {
  const after = new Map(states)
  for (const event of events) {
    for (const state of applyEvent(after, event)) after.set(state.recipient.index, state)
  }
  return after
}

export const readTotals = (value: unknown): LedgerTotals | undefined => {
  if (typeof value !== 'object' || value === null) return undefined
  const given = value as Record<string, unknown>
  const sum: Record<keyof LedgerTotals, number> = { ...NO_TOTALS }
  for (const key of TOTALS) {
    const count = given[key]
    if (typeof count !== 'number') return undefined
    sum[key] = count
  }
  return sum
}
