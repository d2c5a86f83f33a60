// SPDX-License-Identifier: Apache-2.0
/** The place of one connection among all: claimed when its session asks for it, given back when it has ended. */
import type { Host } from '../ask/ask.ts'
import type { Claimed, SlotSource } from '../state/connection-slots.ts'

export class Place {
  readonly #slots: SlotSource
  #claimed: Claimed | Promise<Claimed> | undefined

  constructor(slots: SlotSource) {
    this.#slots = slots
  }

  readonly claim: Host['slot.claim'] = ({ address }) => {
    const claimed = this.#slots.claim(address)
    this.#claimed = claimed
    return claimed instanceof Promise ? claimed.then(({ answer }) => answer) : claimed.answer
  }

  /** A claim that is still under way is given back when it has been answered. */
  readonly release = (): void => {
    const claimed = this.#claimed
    if (claimed instanceof Promise) claimed.then(({ release }) => release()).catch(() => {})
    else claimed?.release()
  }
}
