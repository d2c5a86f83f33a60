// SPDX-License-Identifier: Apache-2.0
/** Sums of the ledger, and the states of a message after events: what every backend of the store computes. Pure. */
import { applyEvent, isTerminal, type LedgerEvent, type RecipientState } from '../envelope/ledger.ts'
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

const KEYS = Object.keys(NO_TOTALS) as readonly (keyof LedgerTotals)[]

export function addTotals(a: LedgerTotals, b: LedgerTotals, sign: 1 | -1 = 1): LedgerTotals {
  const sum: Record<keyof LedgerTotals, number> = { ...a }
  for (const key of KEYS) sum[key] += sign * b[key]
  return sum
}

/** What one message contributes. Recipients that the envelope does not name came into being by expansion. */
export function totalsOf({ envelope, recipients }: QueuedMessage): LedgerTotals {
  const accepted = envelope.recipients.length
  const sum: Record<keyof LedgerTotals, number> = { ...NO_TOTALS, accepted, born: recipients.size - accepted }
  for (const { state } of recipients.values()) if (isTerminal(state)) sum[state]++
  return sum
}

export const isFinished = ({ recipients }: QueuedMessage): boolean =>
  recipients.values().every(({ state }) => isTerminal(state))

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
  for (const key of KEYS) {
    const count = given[key]
    if (typeof count !== 'number') return undefined
    sum[key] = count
  }
  return sum
}
