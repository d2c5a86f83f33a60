// SPDX-License-Identifier: Apache-2.0
/** What others are told of what is remembered of earlier runs: stages that ask `crashes`, and operators. */
import type { Host } from '../ask/ask.ts'
import type { InHand } from './in-hand.ts'

export const crashAnswer = (inHand: Pick<InHand, 'suspects' | 'suspectsInHand'>): Pick<Host, 'crashes'> => ({
  crashes: ({ key }) => ({
    crashes: inHand.suspects().get(key) ?? [],
    othersInHand: inHand.suspectsInHand() > 0,
  }),
})

type Shards = readonly { readonly inHand: Pick<InHand, 'suspects'> }[]

/** How many messages were in hand at a crash and are not cleared yet; those that several shards know count once. */
export const suspectsOf = (shards: Shards): number =>
  new Set(shards.flatMap(({ inHand }) => [...inHand.suspects().keys()])).size

/** The same for people. No fault by itself. */
export function suspectsCheck(shards: Shards) {
  const count = suspectsOf(shards)
  const detail = count === 0 ? 'none in hand at a crash' : `${count} in hand at a crash, not cleared yet`
  return { name: 'suspects', ok: true, detail }
}
