// SPDX-License-Identifier: Apache-2.0
/** The rows of a table worth trying against one probe, one after the other in the order of the table. */

import { LONGEST, maskIpv4, maskWord, readIpv4, readIpv6, runEnd } from './ip-text.ts'
import { hashText, hashWord, keyOf, PieceHashes } from './key-hash.ts'
import type { Probe } from './probe.ts'
import type { RowIndex } from './row-index.ts'
import type { Scratch } from './scratch.ts'
import type { Work } from './work.ts'

/** Shortest texts of an address: `0.0.0.0`, `::`. */
const SHORTEST = { 4: 7, 6: 2 } as const

/** Begins and ends of buckets up to which it is not worth looking for those that came twice: rows never do, see `next`. */
const FEW = 16

export class Candidates {
  readonly #index: RowIndex
  /** A binary heap of buckets by the row they stand at: pairs of place and end. */
  readonly #heap: [number, number][] = []
  #last = -1

  /** Rows from `from` on. */
  constructor(index: RowIndex, probe: Probe, from: number, work: Work) {
    this.#index = index
    const [begin, end] = index.always
    const buckets = [begin, end]
    lookupAll(index, probe, buckets, work)
    // A piece that occurs often in the probe finds its bucket as often.
    const seen = buckets.length > FEW ? new Set<number>() : undefined
    for (let i = 0; i < buckets.length; i += 2) {
      const start = buckets[i] ?? 0
      if (seen?.has(start) === true) continue
      seen?.add(start)
      this.#push(this.#skipTo(from, start, buckets[i + 1] ?? 0))
    }
    this.#last = from - 1
  }

  /** The next row; -1 behind the last one. Never the same one twice. */
  next(): number {
    for (;;) {
      const top = this.#heap[0]
      if (top === undefined) return -1
      const row = this.#index.rowAt(top[0])
      top[0]++
      if (top[0] < top[1]) this.#sinkTop()
      else this.#popTop()
      if (row > this.#last) {
        this.#last = row
        return row
      }
    }
  }

  #skipTo(from: number, begin: number, end: number): [number, number] {
    let low = begin
    let high = end
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#index.rowAt(middle) < from) low = middle + 1
      else high = middle
    }
    return [low, end]
  }

  #rowOf(bucket: readonly [number, number] | undefined): number {
    return bucket === undefined ? Number.POSITIVE_INFINITY : this.#index.rowAt(bucket[0])
  }

  #push(bucket: [number, number]): void {
    if (bucket[0] >= bucket[1]) return
    const heap = this.#heap
    let at = heap.push(bucket) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (this.#rowOf(heap[parent]) <= this.#rowOf(bucket)) break
      heap[at] = heap[parent] ?? bucket
      at = parent
    }
    heap[at] = bucket
  }

  #popTop(): void {
    const moved = this.#heap.pop()
    if (moved === undefined || this.#heap.length === 0) return
    this.#heap[0] = moved
    this.#sinkTop()
  }

  #sinkTop(): void {
    const heap = this.#heap
    const sinking = heap[0]
    if (sinking === undefined) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (this.#rowOf(heap[child + 1]) < this.#rowOf(heap[child])) child++
      if (this.#rowOf(heap[child]) >= this.#rowOf(sinking)) break
      heap[at] = heap[child] ?? sinking
      at = child
    }
    heap[at] = sinking
  }
}

function lookupAll(index: RowIndex, probe: Probe, buckets: number[], work: Work): void {
  const { whole, prefix, suffix, inner, ipv4, ipv6 } = index.lengths
  const { folded } = probe
  const length = folded.length
  let steps = length
  const hashes =
    prefix.length + suffix.length + inner.length === 0
      ? undefined
      : new PieceHashes(folded, work.scratch.numbers(length + 1))
  if (whole.length > 0) index.lookup(keyOf('whole', length, hashes?.piece(0, length, 0) ?? hashText(folded)), buckets)
  if (hashes !== undefined) {
    for (const { length: piece, power } of prefix) {
      if (piece > length) break
      steps++
      index.lookup(keyOf('prefix', piece, hashes.piece(0, piece, power)), buckets)
    }
    for (const { length: piece, power } of suffix) {
      if (piece > length) break
      steps++
      index.lookup(keyOf('suffix', piece, hashes.piece(length - piece, length, power)), buckets)
    }
    for (const { length: piece, power } of inner) {
      for (let at = 0; at + piece <= length; at++) {
        steps++
        index.lookup(keyOf('inner', piece, hashes.piece(at, at + piece, power)), buckets)
      }
    }
  }
  if (ipv4.length > 0) steps += addresses(index, probe, 4, buckets, work.scratch)
  if (ipv6.length > 0) steps += addresses(index, probe, 6, buckets, work.scratch)
  work.spend(steps)
}

/** Looks up every address in the probe, in every network that may hold it; gives the number of look-ups. */
function addresses(index: RowIndex, { folded }: Probe, family: 4 | 6, buckets: number[], { words }: Scratch): number {
  const shortest = SHORTEST[family]
  let steps = 0
  for (let start = 0; start < folded.length; start++) {
    const end = runEnd(folded, start, family)
    if (end - start >= shortest) {
      const last = index.runStartsOnly[family] ? start : end - shortest
      for (let from = Math.max(start, end - LONGEST[family]); from <= last; from++)
        steps +=
          family === 4
            ? lookupIpv4(index, folded, from, end, buckets)
            : lookupIpv6(index, folded, from, end, buckets, words)
    }
    start = end
  }
  return steps
}

function lookupIpv4(index: RowIndex, folded: string, from: number, end: number, buckets: number[]): number {
  const value = readIpv4(folded, from, end)
  if (value === -1) return 1
  const { ipv4 } = index.lengths
  for (const { length: bits } of ipv4) index.lookup(keyOf('ipv4', bits, hashWord(0, maskIpv4(value, bits))), buckets)
  return ipv4.length
}

function lookupIpv6(
  index: RowIndex,
  folded: string,
  from: number,
  end: number,
  buckets: number[],
  words: Uint32Array,
): number {
  if (!readIpv6(folded, from, end, words)) return 1
  const { ipv6 } = index.lengths
  for (const { length: bits } of ipv6) {
    let hash = 0
    for (let i = 0; i < 4; i++) hash = hashWord(hash, maskWord(words[i] ?? 0, i, bits))
    index.lookup(keyOf('ipv6', bits, hash), buckets)
  }
  return ipv6.length
}
