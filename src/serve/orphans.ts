// SPDX-License-Identifier: Apache-2.0
/** How long workers may live when their dispatcher died, and how long those who come after them wait (design 2.4). */

/** For transactions, and then for deliveries. */
export const ORPHAN_STOP_MS = 10_000
/** A healthy worker is gone by then; who is not, hangs. */
export const ORPHAN_END_MS = 2 * ORPHAN_STOP_MS + 2000
/** Their shards are free by then, killed ones' too. */
export const SHARD_PATIENCE_MS = ORPHAN_END_MS + 5000
