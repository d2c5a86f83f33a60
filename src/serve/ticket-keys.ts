// SPDX-License-Identifier: Apache-2.0
/**
 * The octets that TLS session tickets are made with (RFC 5077 §4): the same in all workers, never on a disk, and new
 * ones twice a day, so that who gets hold of them reads little of what was recorded (§5.5). A ticket of the day before
 * costs its client a full handshake.
 */
import { randomBytes } from 'node:crypto'
import type { Clock } from '../clock/clock.ts'

/** Name, HMAC and AES key of 16 octets each, as node:tls takes them. */
const OCTETS = 48
const EVERY_MS = 12 * 3_600_000

export class TicketKeys implements Disposable {
  readonly #clock: Clock
  readonly #changed: (keys: Buffer) => void
  #current = randomBytes(OCTETS)
  #cancel = (): void => {}

  /** @param changed told of new ones */
  constructor(clock: Clock, changed: (keys: Buffer) => void) {
    this.#clock = clock
    this.#changed = changed
    this.#wait()
  }

  current(): Buffer {
    return this.#current
  }

  [Symbol.dispose](): void {
    this.#cancel()
  }

  #wait(): void {
    this.#cancel = this.#clock.after(EVERY_MS, () => {
      this.#current = randomBytes(OCTETS)
      this.#changed(this.#current)
      this.#wait()
    })
  }
}
