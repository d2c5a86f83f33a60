// SPDX-License-Identifier: Apache-2.0
/**
 * An end for what consists of many waits. Each wait has its own limit (RFC 5321 §4.5.3.2), but a next hop that uses up
 * every one of them, recipient by recipient and block by block, would keep a delivery for days.
 *
 * It is a time and no timer: whoever waits asks how long he may, and listens to `wish`.
 */
import type { AbortWish } from '../clock/abort.ts'
import type { Clock } from '../clock/clock.ts'
import { ConnectionFailure } from './failure.ts'

/** Over when its time is over, or somebody wishes an end. */
export class Deadline implements Disposable {
  /** Somebody else's wish for an end. */
  readonly wish: AbortWish
  /** When its time is over, monotonic milliseconds. */
  readonly at: number
  readonly #clock: Clock
  readonly #what: string
  readonly #ms: number
  #signal: AbortSignal | undefined
  #cancel = (): void => {}

  /** @param what for people: `the delivery`, `opening the session` */
  constructor(what: string, ms: number, clock: Clock, wish: AbortWish, at = clock.monotonic() + ms) {
    this.wish = wish
    this.#clock = clock
    this.#what = what
    this.#ms = ms
    this.at = at
  }

  /** For a part of it, which has a time of its own and ends with the whole at the latest. */
  part(what: string, ms: number): Deadline {
    return this.leftMs <= ms
      ? new Deadline(this.#what, this.#ms, this.#clock, this.wish, this.at)
      : new Deadline(what, ms, this.#clock, this.wish)
  }

  /** Milliseconds until its time is over. */
  get leftMs(): number {
    return this.at - this.#clock.monotonic()
  }

  get isOver(): boolean {
    return this.wish.aborted || this.leftMs <= 0
  }

  /** Why it is over. */
  get failure(): ConnectionFailure {
    return this.wish.aborted
      ? new ConnectionFailure('aborted', 'the server is stopping')
      : new ConnectionFailure('timeout', `${this.#what} took longer than ${Math.round(this.#ms / 1000)} s`)
  }

  /** The same for those who take nothing else: made when it is asked for, with a timer until this is disposed of. */
  get signal(): AbortSignal {
    if (this.#signal !== undefined) return this.#signal
    const over = new AbortController()
    const end = (): void => over.abort(this.failure)
    this.#signal = over.signal
    if (this.isOver) end()
    else {
      const cancelTimer = this.#clock.after(this.leftMs, end)
      this.wish.addEventListener('abort', end)
      this.#cancel = () => {
        cancelTimer()
        this.wish.removeEventListener('abort', end)
      }
    }
    return over.signal
  }

  [Symbol.dispose](): void {
    this.#cancel()
  }
}

/**
 * How long one attempt may take, all hosts and all waits together, in milliseconds: what the channel allows, and time
 * for the content at the least rate (octets a second; 0 for no limit).
 */
export const attemptMs = (
  { deliveryTimeout, minimumRate }: { readonly deliveryTimeout: number; readonly minimumRate: number },
  size: number,
): number => deliveryTimeout + (1000 * size) / minimumRate
