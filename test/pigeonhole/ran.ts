// SPDX-License-Identifier: Apache-2.0
/** What a script came to, in words that both sides use. */

export interface Ran {
  /** `no program`: it does not compile. `error`: it ended by one, and the message is kept. */
  readonly status: 'ok' | 'error' | 'no program'
  /** Actions in order, the implicit keep among them; none after an error. */
  readonly lines: readonly string[]
  /** What was said beside, for people. */
  readonly told: string
}

export const MAILBOX_OF_KEEP = 'INBOX'
