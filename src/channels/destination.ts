// SPDX-License-Identifier: Apache-2.0
/**
 * What every kind of channel does as a destination: one contract, one file a kind, one suite
 * (destination.suite.ts). A destination never throws for what the world does; it answers with outcomes.
 */
import type { AbortWish } from '../clock/abort.ts'
import type { Delivery } from '../envelope/delivery.ts'
import type { Outcome } from '../envelope/outcome.ts'

/** What says where a recipient goes. */
export interface Way {
  /** Of the address, in lower case; `''` where it has none. */
  readonly domain: string
  readonly via?: string
}

export interface Destination extends AsyncDisposable {
  /**
   * The name under which deliveries share back-off and concurrency: next hop or domain for `tcp`, the store for
   * `lmtp`, `''` where there is only one.
   */
  destinationKey(way: Way): string
  /**
   * Tries once. Gives one outcome a recipient, in their order. `delivered`, `relayed`: the other side has taken
   * responsibility. Anything not understood is `deferred`. On abort what is not yet certain is `deferred`.
   */
  deliver(delivery: Delivery, options: { readonly signal: AbortWish }): Promise<readonly Outcome[]>
}
