// SPDX-License-Identifier: Apache-2.0
/** Messages that were read or changed lately, so that accept, deliver and record do not read the disk. Bounded by weight. */
import type { MessageId } from '../../envelope/message-id.ts'
import type { QueuedMessage } from '../store.ts'

/** Recipients remembered at most, and as many messages. */
const MAX_RECIPIENTS = 20_000

export class Recent {
  /** The one used longest ago first. */
  readonly #messages = new Map<MessageId, QueuedMessage>()
  #recipients = 0

  get(id: MessageId): QueuedMessage | undefined {
    const message = this.#messages.get(id)
    if (message === undefined) return undefined
    this.#messages.delete(id)
    this.#messages.set(id, message)
    return message
  }

  set(message: QueuedMessage): void {
    this.delete(message.envelope.id)
    this.#messages.set(message.envelope.id, message)
    this.#recipients += message.recipients.size
    for (const id of this.#messages.keys()) {
      if (this.#recipients <= MAX_RECIPIENTS || id === message.envelope.id) return
      this.delete(id)
    }
  }

  delete(id: MessageId): void {
    this.#recipients -= this.#messages.get(id)?.recipients.size ?? 0
    this.#messages.delete(id)
  }
}
