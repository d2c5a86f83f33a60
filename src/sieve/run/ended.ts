// SPDX-License-Identifier: Apache-2.0
/** How a block ended. */

export type Ended =
  | { readonly how: 'normal' }
  /** `stop`: the whole run is over. */
  | { readonly how: 'stop' }
  /** `return`: the script is over, and the one that included it goes on (RFC 6609 §3.3). */
  | { readonly how: 'return' }
  /** `break`: the loop with this name, or the innermost one, is over (RFC 5703 §3). */
  | { readonly how: 'break'; readonly label?: string }
  /** A plug-in ended it from the inside; who knows the token takes it. */
  | { readonly how: 'interrupted'; readonly token: unknown }
  /** A command failed; returning it further ends the run with that error. */
  | { readonly how: 'error'; readonly error: Error }

export const NORMAL: Ended = { how: 'normal' }
export const STOP: Ended = { how: 'stop' }
export const RETURN: Ended = { how: 'return' }
