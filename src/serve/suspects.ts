// SPDX-License-Identifier: Apache-2.0
/**
 * Messages that were being received at a crash, known to all: a sender that tries again meets any worker, so each must
 * know what the others died of, or a poison message would kill every one of them three times. What is known is kept
 * by each shard with its own (queue/in-hand.ts); the same crash told twice counts once. Deliveries stay with their shard.
 */
import type { Crash } from '../ask/crash.ts'
import { RECEPTION } from '../policy/poison.ts'
import type { InHand } from '../queue/in-hand.ts'

export type Suspicions = Readonly<Record<string, readonly Crash[]>>

type Shards = readonly { readonly inHand: Pick<InHand, 'suspects' | 'learn' | 'clear'> }[]

/** Of all shards of a process. */
export function receptionsIn(shards: Shards): Suspicions {
  const found: Record<string, readonly Crash[]> = {}
  for (const { inHand } of shards)
    for (const [key, crashes] of inHand.suspects())
      if (key.startsWith(RECEPTION)) found[key] = [...(found[key] ?? []), ...crashes]
  return found
}

export function learn(shards: Shards, suspicions: Suspicions): void {
  const found = Object.entries(suspicions).flatMap(([key, crashes]) => crashes.map((crash) => ({ key, crash })))
  if (found.length > 0) for (const { inHand } of shards) inHand.learn(found)
}

/** It came through at one of them. */
export function clear(shards: Shards, key: string): void {
  for (const { inHand } of shards) inHand.clear(key)
}
