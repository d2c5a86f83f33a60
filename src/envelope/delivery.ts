// SPDX-License-Identifier: Apache-2.0
/** One attempt to hand a message on, as the queue gives it to a channel and a channel to what talks for it. */
import type { Envelope, Recipient } from './envelope.ts'

/** A message and those of its recipients that go the same way (same channel, same destination key). */
export interface Delivery {
  readonly envelope: Envelope
  readonly recipients: readonly Recipient[]
  /** Attempts before this one, of the recipient with the most. */
  readonly attempts: number
  /** Octets of `content()`. */
  readonly size: number
  /** The message with the envelope's edits applied, CRLF line ends as received, never dot-stuffed. May be called again. */
  content(): AsyncIterable<Uint8Array>
}
