// SPDX-License-Identifier: Apache-2.0
/**
 * An end for what consists of many waits. Each wait has its own limit (RFC 5321 §4.5.3.2), but a next hop that uses up
 * every one of them, recipient by recipient and block by block, would keep a delivery for days.
 */
import type { Clock } from '../clock/clock.ts'
import { ConnectionFailure } from './connection.ts'

export interface Deadline extends Disposable {
  /** Fires with the given signal, and with a ConnectionFailure as its reason when the time is over. */
  readonly signal: AbortSignal
}

/** @param what for people: `the delivery`, `opening the session` */
export function deadline(
  what: string,
  ms: number,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Deadline {
  const late = new AbortController()
  const cancel = clock.after(ms, () =>
    late.abort(new ConnectionFailure('timeout', `${what} took longer than ${Math.round(ms / 1000)} s`)),
  )
  // By hand: once for each delivery, AbortSignal.any costs more than all else here.
  const pass = (): void => late.abort(signal.reason)
  if (signal.aborted) pass()
  else signal.addEventListener('abort', pass, { once: true })
  return {
    signal: late.signal,
    [Symbol.dispose]() {
      cancel()
      signal.removeEventListener('abort', pass)
    },
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
