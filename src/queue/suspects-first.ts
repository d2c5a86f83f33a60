// SPDX-License-Identifier: Apache-2.0
/**
 * After a crash: whoever was being delivered when the process died is tried first and alone, one after the other, so
 * that the innocent clear themselves and a second crash accuses one only. Bounded: a suspect that does not crash us in
 * half a minute goes on beside the others, and after five minutes the others begin.
 */
import type { MessageId } from '../envelope/message-id.ts'
import { deliveryKey } from '../policy/poison.ts'
import type { InHand } from './in-hand.ts'

const ALONE_MS = 30_000
const ALL_MS = 5 * 60_000

const PREFIX = deliveryKey('' as MessageId)

export interface Trial {
  /** Whether the queue still has it. */
  has(id: MessageId): boolean
  /** Begins one of its deliveries that are due; `undefined` when there is none. */
  begin(id: MessageId): Promise<void> | undefined
  sleep(ms: number): Promise<void>
  monotonic(): number
}

export async function suspectsFirst(inHand: InHand, trial: Trial): Promise<void> {
  const until = trial.monotonic() + ALL_MS
  for (const key of [...inHand.suspects().keys()]) {
    if (!key.startsWith(PREFIX)) continue
    const id = key.slice(PREFIX.length) as MessageId
    if (!trial.has(id)) inHand.clear(key)
    while (trial.monotonic() < until) {
      const delivery = trial.begin(id)
      if (delivery === undefined) break
      await Promise.race([delivery, trial.sleep(ALONE_MS)])
    }
  }
}
