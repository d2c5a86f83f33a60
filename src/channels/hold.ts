// SPDX-License-Identifier: Apache-2.0
/** Keeps messages until an operator decides. */
import type { Destination } from './destination.ts'

export const createHold = (): Destination => ({
  destinationKey: () => '',
  deliver: async ({ recipients }) => recipients.map(() => ({ kind: 'held', reason: 'sent to channel hold' })),
  async [Symbol.asyncDispose]() {},
})
