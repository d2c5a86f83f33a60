// SPDX-License-Identifier: Apache-2.0
/** Changes to one message happen one after the other; those to different messages do not wait for each other. */
import type { MessageId } from '../envelope/message-id.ts'
import { oneAtATime } from './one-at-a-time.ts'

export class Turns {
  readonly #inOrder = oneAtATime<MessageId>()

  /** Runs `change` when nothing else is changing this message. */
  take<T>(id: MessageId, change: () => Promise<T>): Promise<T> {
    return this.#inOrder(id, change)
  }
}
