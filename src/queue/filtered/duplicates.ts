// SPDX-License-Identifier: Apache-2.0
/**
 * What `duplicate` remembers (RFC 7352), in the one memory of all workers. A message claims the identifier when its script
 * asks; it is known once the message is delivered, and free again when it is not. Meanwhile the same identifier in another
 * message is `busy`: neither a duplicate, for that must never be said wrongly (§3), nor a new one, or twins that come at
 * the same moment would both pass. A claim ends by itself, for its owner may die.
 */
import type { Lookup } from '../../ask/lookup.ts'
import type { Counters, MemoryTable } from '../../state/counters.ts'
import { MAX_REMEMBERED, memoryKey, reached } from './memory.ts'

/** Longest time a duplicate is remembered (RFC 7352 §3.4 allows a limit). */
const LONGEST_MS = 30 * 24 * 3_600_000
/** From the claim to the end of the first attempts; later a twin passes. */
export const CLAIM_MS = 600_000

const DUPLICATES: MemoryTable = { name: 'filters.duplicates', maxEntries: MAX_REMEMBERED, kept: true }

export interface DuplicateId {
  /** Main address of whoever the script belongs to. */
  readonly owner: string
  readonly id: string
}

/** @param by the message that asks */
export async function claimDuplicate(
  counters: Counters,
  which: DuplicateId,
  by: string,
  forMs = CLAIM_MS,
): Promise<Lookup<'free' | 'busy' | 'known'>> {
  const answer = await counters.count({
    do: 'claim',
    table: DUPLICATES,
    key: memoryKey(which.owner, which.id),
    by,
    forMs,
  })
  if (answer.kind !== 'found') return { kind: 'defer', cause: answer.kind === 'defer' ? answer.cause : 'no answer' }
  const { value } = answer
  return { kind: 'found', value: value === 'free' || value === 'known' ? value : 'busy' }
}

/** It is known for so long from now on. Rejects when the memory cannot be reached. */
export async function knowDuplicate(counters: Counters, which: DuplicateId, seconds: number): Promise<void> {
  const forMs = Math.min(seconds * 1000, LONGEST_MS)
  reached(await counters.count({ do: 'know', table: DUPLICATES, key: memoryKey(which.owner, which.id), forMs }))
}

/** Whoever comes next is the first. Rejects when the memory cannot be reached. */
export async function unclaimDuplicate(counters: Counters, which: DuplicateId, by: string): Promise<void> {
  reached(await counters.count({ do: 'unclaim', table: DUPLICATES, key: memoryKey(which.owner, which.id), by }))
}
