// SPDX-License-Identifier: Apache-2.0
/**
 * When what a filter wants remembered is remembered (RFC 7352 §3): once every copy it asked for has been delivered. Where
 * one is returned to the sender nothing is, so that the same message is no duplicate when it is sent again. A claim is not
 * made longer for what waits: whoever cannot be delivered to for days would keep the twin from everybody it is for.
 */
import type { Filtered } from '../../envelope/filtered.ts'
import { isTerminal, leadsTo, type RecipientState } from '../../envelope/ledger.ts'
import type { Log } from '../../monitor/log.ts'
import type { Counters } from '../../state/counters.ts'
import type { QueuedMessage } from '../store.ts'
import { type DuplicateId, knowDuplicate, unclaimDuplicate } from './duplicates.ts'

/** What has become of a decision of filters. */
export type Fulfilled = 'delivered' | 'failed' | 'waiting'

/** @param root a recipient that filters decided for */
export function fulfilled({ recipients }: QueuedMessage, root: RecipientState): Fulfilled {
  const ends = endsOf(recipients, root)
  // The notice of a refusal beside copies is no copy.
  const copies = ends.filter(({ recipient }) => recipient.filtered?.refused === undefined)
  if (copies.length === 0 || copies.some(({ state }) => state === 'bounced')) return 'failed'
  return copies.every(({ state }) => isTerminal(state)) ? 'delivered' : 'waiting'
}

/** What became of a recipient, through every expansion, and of whoever has the message in its place. */
function endsOf(states: QueuedMessage['recipients'], root: RecipientState): readonly RecipientState[] {
  const ends: RecipientState[] = []
  const seen = new Set([root])
  for (const one of seen) {
    const next = leadsTo(one).flatMap((index) => states.get(index) ?? [])
    if (next.length === 0) ends.push(one)
    for (const state of next) seen.add(state)
  }
  return ends
}

export interface RememberMeans {
  readonly counters: Counters
  readonly log: Log
}

/**
 * Something was recorded of these recipients. Never rejects: what is not remembered lets a duplicate pass, no more.
 * `undefined` where no filter wants anything remembered.
 */
export function rememberFulfilled(
  message: QueuedMessage,
  indexes: readonly number[],
  means: RememberMeans,
): Promise<void> | undefined {
  for (const { recipient } of message.recipients.values())
    if ((recipient.filtered?.remember.length ?? 0) > 0) return remember(message, indexes, means)
  return undefined
}

async function remember(
  message: QueuedMessage,
  indexes: readonly number[],
  { counters, log }: RememberMeans,
): Promise<void> {
  const { id } = message.envelope
  for (const [root, filtered] of rootsOf(message, indexes)) {
    const came = fulfilled(message, root)
    for (const { seconds, ...which } of remembered(filtered)) {
      try {
        if (came === 'delivered') await knowDuplicate(counters, which, seconds)
        else if (came === 'failed') await unclaimDuplicate(counters, which, id)
      } catch (err) {
        log.warn('filters.not-remembered', { err, id, recipient: root.recipient.index })
      }
    }
  }
}

const remembered = ({ remember, owner: [first] }: Filtered): readonly (DuplicateId & { readonly seconds: number })[] =>
  remember.flatMap(({ id, seconds, owner = first }) => (owner === undefined ? [] : [{ id, seconds, owner }]))

/** The recipients whose filters want something remembered, these themselves or any that led to them. */
function rootsOf({ recipients }: QueuedMessage, indexes: readonly number[]): ReadonlyMap<RecipientState, Filtered> {
  const roots = new Map<RecipientState, Filtered>()
  const from = new Map<number, number[]>()
  for (const state of recipients.values())
    for (const index of leadsTo(state)) {
      const before = from.get(index)
      if (before === undefined) from.set(index, [state.recipient.index])
      else before.push(state.recipient.index)
    }
  const seen = new Set(indexes)
  for (const index of seen) {
    const state = recipients.get(index)
    const filtered = state?.recipient.filtered
    if (state !== undefined && filtered !== undefined && filtered.remember.length > 0) roots.set(state, filtered)
    for (const before of from.get(index) ?? []) seen.add(before)
  }
  return roots
}
