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

/** For people: how many messages were in hand at a crash and are not cleared yet. No fault by itself. */
export function suspectsCheck(inHand: Pick<InHand, 'suspects'>) {
  const { size } = inHand.suspects()
  const detail = size === 0 ? 'none in hand at a crash' : `${size} in hand at a crash, not cleared yet`
  return { name: 'suspects', ok: true, detail }
}
