// SPDX-License-Identifier: Apache-2.0
/** Throws messages away, and names the rule that wanted it: the recipient's `via` carries it. */
import type { Destination } from './destination.ts'

export const createBitbucket = (): Destination => ({
  destinationKey: () => '',
  deliver: async ({ recipients }) =>
    recipients.map(({ via }) => ({ kind: 'discarded', rule: via ?? 'routed to channel bitbucket' })),
  async [Symbol.asyncDispose]() {},
})
