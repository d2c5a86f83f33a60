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
  /** Of one that was just taken in. */
  content: readonly Uint8Array[] | undefined
}

export class Recent {
  /** The one used longest ago first; while there is much room, in the order in which they came or were changed. */
  readonly #known = new Map<MessageId, Known>()
  /** Those with content; the one taken in first comes first. */
  readonly #withContent = new Map<MessageId, Known>()
  #recipients = 0
  #contentBytes = 0

  get(id: MessageId): QueuedMessage | undefined {
    const known = this.#known.get(id)
    if (known === undefined) return undefined
    if (this.#recipients > MAX_RECIPIENTS / 2) {
      this.#known.delete(id)
      this.#known.set(id, known)
    }
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
    const known: Known = { message, content }
    this.#known.set(id, known)
    this.#recipients += message.recipients.size
    if (content !== undefined) {
      this.#withContent.set(id, known)
      this.#contentBytes += lengthOf(content)
    }
    if (this.#contentBytes > MAX_CONTENT_BYTES) this.#forgetContents()
    if (this.#recipients > MAX_RECIPIENTS) this.#forgetOthers(id)
  }

  delete(id: MessageId): void {
    const known = this.#known.get(id)
    if (known === undefined) return
    this.#forgetContent(id, known)
    this.#recipients -= known.message.recipients.size
    this.#known.delete(id)
  }

  #forgetContents(): void {
    for (const [id, known] of this.#withContent) {
      this.#forgetContent(id, known)
      if (this.#contentBytes <= MAX_CONTENT_BYTES) return
    }
  }

  #forgetOthers(id: MessageId): void {
    for (const other of this.#known.keys()) {
      if (this.#recipients <= MAX_RECIPIENTS || other === id) return
      this.delete(other)
    }
  }

  #forgetContent(id: MessageId, known: Known): void {
    if (known.content === undefined) return
    this.#withContent.delete(id)
    this.#contentBytes -= lengthOf(known.content)
    known.content = undefined
  }
}

function lengthOf(content: readonly Uint8Array[]): number {
  let octets = 0
  for (const chunk of content) octets += chunk.length
  return octets
}
