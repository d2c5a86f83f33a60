// SPDX-License-Identifier: Apache-2.0
/** Answers `crashes` from what is remembered of earlier runs. */
import type { Host } from '../ask/ask.ts'
import type { InHand } from './in-hand.ts'

export const crashAnswer = (inHand: Pick<InHand, 'suspects' | 'suspectsInHand'>): Pick<Host, 'crashes'> => ({
  crashes: ({ key }) => ({
    crashes: inHand.suspects().get(key) ?? [],
    othersInHand: inHand.suspectsInHand() > 0,
  }),
})
