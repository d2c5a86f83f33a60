// SPDX-License-Identifier: Apache-2.0
/** A smaller input that fails too: ranges are left out, half, a quarter, … an octet long; then octets made plain. */

const MAX_TRIES = 3000
const PLAIN = 0x61

/** @param fails whether the property is violated by these octets */
export async function shrink(input: Buffer, fails: (bytes: Buffer) => Promise<boolean>): Promise<Buffer> {
  let best = input
  let tries = 0
  const better = async (bytes: Buffer): Promise<boolean> => {
    if (tries >= MAX_TRIES || !(await fails(bytes))) {
      tries++
      return false
    }
    best = bytes
    return true
  }
  for (let size = Math.ceil(best.length / 2); size >= 1 && tries < MAX_TRIES; size = Math.floor(size / 2)) {
    for (let at = 0; at < best.length; ) {
      const without = Buffer.concat([best.subarray(0, at), best.subarray(at + size)])
      if (!(await better(without))) at += size
    }
  }
  for (let at = 0; at < best.length && tries < MAX_TRIES; at++) {
    if (best[at] === PLAIN) continue
    const plain = Buffer.from(best)
    plain[at] = PLAIN
    await better(plain)
  }
  return best
}
