// SPDX-License-Identifier: Apache-2.0
/** Changes an input a little, without knowing its grammar: octets, ranges, words of a dictionary, pieces of others. */
import type { Random } from './random.ts'

/** Octets that decide something in one of our grammars, or stand at the edge of a range. */
const EDGES = Buffer.from('\0\t\n\r !"#%(),-./0:;<=>?@A[\\]_a{|}~\x7f\x80\xa0\xc3\xed\xf4\xff', 'latin1')
const MAX_STACKED = 5
const MAX_REPEATS = 40

export interface Material {
  readonly dictionary: readonly Buffer[]
  /** Other inputs, for splices. */
  readonly others: readonly Buffer[]
  readonly maxBytes: number
}

export function mutate(input: Buffer, random: Random, material: Material): Buffer {
  let bytes = input
  for (let left = 1 + random.below(MAX_STACKED); left > 0; left--) bytes = once(bytes, random, material)
  return bytes.subarray(0, material.maxBytes)
}

function once(bytes: Buffer, random: Random, { dictionary, others }: Material): Buffer {
  const at = random.below(bytes.length + 1)
  const end = at + random.below(Math.min(bytes.length - at, random.chance(0.8) ? 16 : bytes.length) + 1)
  const replaced = (...middle: readonly Uint8Array[]): Buffer =>
    Buffer.concat([bytes.subarray(0, at), ...middle, bytes.subarray(end)])
  const inserted = (...middle: readonly Uint8Array[]): Buffer =>
    Buffer.concat([bytes.subarray(0, at), ...middle, bytes.subarray(at)])
  switch (random.below(10)) {
    case 0:
      return replaced()
    case 1:
      return inserted(Buffer.of(random.pick([...EDGES])))
    case 2: {
      const copy = Buffer.from(bytes)
      if (at < copy.length) copy[at] = random.chance(0.5) ? random.pick([...EDGES]) : random.below(256)
      return copy
    }
    case 3: {
      const copy = Buffer.from(bytes)
      if (at < copy.length) copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8))
      return copy
    }
    case 4:
      return replaced(...Array.from({ length: random.below(MAX_REPEATS) }, () => bytes.subarray(at, end)))
    case 5:
      return dictionary.length === 0 ? bytes : inserted(random.pick(dictionary))
    case 6:
      return dictionary.length === 0 ? bytes : replaced(random.pick(dictionary))
    case 7: {
      if (others.length === 0) return bytes
      const other = random.pick(others)
      return Buffer.concat([bytes.subarray(0, at), other.subarray(random.below(other.length + 1))])
    }
    case 8: {
      if (others.length === 0) return bytes
      const other = random.pick(others)
      const from = random.below(other.length + 1)
      return replaced(other.subarray(from, from + random.below(64)))
    }
    default: {
      // A number that stands here becomes another.
      const number = /\d+/.exec(bytes.toString('latin1', at))
      if (number === null) return bytes.subarray(0, at)
      const start = at + number.index
      const other = Buffer.from(random.pick(['0', '1', '-1', '999', '65536', '4294967296', '1e400']))
      return Buffer.concat([bytes.subarray(0, start), other, bytes.subarray(start + number[0].length)])
    }
  }
}
