// SPDX-License-Identifier: Apache-2.0
/**
 * Messages that were taken in, read or changed lately, so that accept, deliver and record do not read the disk; with the
 * content of those that were just taken in, where it is small. Bounded by weight.
 */
import type { MessageId } from '../../envelope/message-id.ts'
import type { QueuedMessage } from '../store.ts'

/** Recipients remembered at most, and as many messages. */
const MAX_RECIPIENTS = 20_000
/** Octets of content remembered at most: of some thousand messages of usual size. */
const MAX_CONTENT_BYTES = 16 << 20

interface Known {
  readonly message: QueuedMessage
  content?: readonly Uint8Array[]
}

export class Recent {
  /** The one used longest ago first. */
  readonly #known = new Map<MessageId, Known>()
  /** Those with content; the one taken in first comes first. */
  readonly #withContent = new Map<MessageId, Known>()
  #recipients = 0
  #contentBytes = 0

  get(id: MessageId): QueuedMessage | undefined {
    const known = this.#known.get(id)
    if (known === undefined) return undefined
    this.#known.delete(id)
    this.#known.set(id, known)
    return known.message
  }

  /** The whole of it, or `undefined` when it has to be read. */
  content(id: MessageId): readonly Uint8Array[] | undefined {
    return this.#known.get(id)?.content
  }

  /** @param content of a message that was just taken in; one that has changed keeps what is known of it */
  set(message: QueuedMessage, content = this.content(message.envelope.id)): void {
    const { id } = message.envelope
    this.delete(id)
    const known: Known = content === undefined ? { message } : { message, content }
    this.#known.set(id, known)
    this.#recipients += message.recipients.size
    if (content !== undefined) {
      this.#withContent.set(id, known)
      this.#contentBytes += lengthOf(content)
    }
    for (const other of this.#withContent.keys()) {
      if (this.#contentBytes <= MAX_CONTENT_BYTES) break
      this.#forgetContent(other)
    }
    for (const other of this.#known.keys()) {
      if (this.#recipients <= MAX_RECIPIENTS || other === id) return
      this.delete(other)
    }
  }

  delete(id: MessageId): void {
    this.#forgetContent(id)
    this.#recipients -= this.#known.get(id)?.message.recipients.size ?? 0
    this.#known.delete(id)
  }

  #forgetContent(id: MessageId): void {
    const known = this.#withContent.get(id)
    if (known?.content === undefined) return
    this.#withContent.delete(id)
    this.#contentBytes -= lengthOf(known.content)
    delete known.content
  }
}

const lengthOf = (content: readonly Uint8Array[]): number => content.reduce((sum, { length }) => sum + length, 0)
