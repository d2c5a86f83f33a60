// SPDX-License-Identifier: Apache-2.0
/** Changes to one message happen one after the other; those to different messages do not wait for each other. */
import type { MessageId } from '../envelope/message-id.ts'

export class Turns {
  readonly #last = new Map<MessageId, Promise<void>>()

  /** Runs `change` when nothing else is changing this message. */
  take<T>(id: MessageId, change: () => Promise<T>): Promise<T> {
    const turn = (this.#last.get(id) ?? Promise.resolve()).then(change)
    const settled = turn.then(
      () => {},
      () => {},
    )
    this.#last.set(id, settled)
    void settled.then(() => {
      if (this.#last.get(id) === settled) this.#last.delete(id)
    })
    return turn
  }
}
