// SPDX-License-Identifier: Apache-2.0
/**
 * An end for what consists of many waits. Each wait has its own limit (RFC 5321 §4.5.3.2), but a next hop that uses up
 * every one of them, recipient by recipient and block by block, would keep a delivery for days.
 */
import type { Clock } from '../clock/clock.ts'
import { ConnectionFailure } from './connection.ts'

/** Fires with the given signal, and with a ConnectionFailure as its reason when the time is over. */
class Deadline implements Disposable {
  readonly #late = new AbortController()
  readonly #given: AbortSignal
  readonly #cancel: () => void
  // By hand: once for each delivery, AbortSignal.any costs more than all else here.
  readonly #pass = (): void => this.#late.abort(this.#given.reason)
  readonly signal = this.#late.signal

  constructor(what: string, ms: number, clock: Clock, given: AbortSignal) {
    this.#given = given
    this.#cancel = clock.after(ms, () =>
      this.#late.abort(new ConnectionFailure('timeout', `${what} took longer than ${Math.round(ms / 1000)} s`)),
    )
    if (given.aborted) this.#pass()
    else given.addEventListener('abort', this.#pass, { once: true })
  }

  [Symbol.dispose](): void {
    this.#cancel()
    this.#given.removeEventListener('abort', this.#pass)
  }
}

/** @param what for people: `the delivery`, `opening the session` */
export const deadline = (
  what: string,
  ms: number,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Disposable & { readonly signal: AbortSignal } => new Deadline(what, ms, clock, signal)

/**
 * How long one attempt may take, all hosts and all waits together, in milliseconds: what the channel allows, and time
 * for the content at the least rate (octets a second; 0 for no limit).
 */
export const attemptMs = (
  { deliveryTimeout, minimumRate }: { readonly deliveryTimeout: number; readonly minimumRate: number },
  size: number,
): number => deliveryTimeout + (1000 * size) / minimumRate
