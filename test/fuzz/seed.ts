// SPDX-License-Identifier: Apache-2.0
/** Random input with a seed that is printed, and can be given again: `FUZZ_SEED=123 npm test -- words`. */

export const SEED = Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31))

/** Prints the seed once for a test, so that a failure can be had again. */
export const announceSeed = (what: string): number => {
  console.log(`${what}: seed ${SEED}`)
  return SEED
}

/** Cuts octets into pieces of a size, as a network might. */
export function* cut(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
