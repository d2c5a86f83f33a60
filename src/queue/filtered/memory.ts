// SPDX-License-Identifier: Apache-2.0
/** What filters remember, in the one memory of all workers: by whom, how much, and what it means when it is away. */
import { createHash } from 'node:crypto'
import type { CounterAnswer } from '../../state/counters.ts'

/** RFC 5230 §4.2 asks for a thousand senders; of all owners together. */
export const MAX_REMEMBERED = 1_000_000

export const memoryKey = (owner: string, id: string): string =>
  createHash('sha256')
    .update(JSON.stringify([owner.toLowerCase(), id]))
    .digest('hex')

/** What the memory said. @throws Error when it cannot be reached */
export function reached(answer: CounterAnswer): string {
  if (answer.kind === 'defer') throw new Error(`what filters remember cannot be reached: ${answer.cause}`)
  return answer.kind === 'found' ? answer.value : ''
}
