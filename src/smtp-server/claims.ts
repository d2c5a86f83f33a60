// SPDX-License-Identifier: Apache-2.0
/** What the scripts of one message claimed in the memory (RFC 7352), until it is known whether the message is kept. */
import type { Host } from '../ask/ask.ts'
import type { QuestionOf } from '../ask/questions.ts'
import type { Envelope } from '../envelope/envelope.ts'

type Claim = QuestionOf<'memory.claim'>

export class Claims {
  readonly #host: Pick<Host, 'memory.claim' | 'memory.unclaim'>
  #made: Claim[] = []

  constructor(host: Pick<Host, 'memory.claim' | 'memory.unclaim'>) {
    this.#host = host
  }

  readonly claim: Host['memory.claim'] = (question, signal) => {
    this.#made.push(question)
    return this.#host['memory.claim'](question, signal)
  }

  /** The queue has the message, and with it what is to be remembered; the rest is given up, as of a script that failed. */
  kept({ recipients }: Envelope): void {
    if (this.#made.length === 0) return
    const wanted = new Set(recipients.flatMap(({ filtered }) => filtered?.remember.map(({ id }) => id) ?? []))
    this.#giveUp(({ id }) => !wanted.has(id))
  }

  /** Nobody has the message: whoever brings it again is the first. */
  dropped(): void {
    this.#giveUp(() => true)
  }

  #giveUp(which: (claim: Claim) => boolean): void {
    const made = this.#made.filter(which)
    this.#made = []
    for (const { ask: _, ...claim } of made) void this.#host['memory.unclaim']({ ask: 'memory.unclaim', ...claim })
  }
}
