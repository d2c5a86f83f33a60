// SPDX-License-Identifier: Apache-2.0
/**
 * Finds the rows of a table that may match a probe, in the order of the table, without looking at the others. Each row
 * is filed under one piece of evidence that a matching probe must show (`row-keys.ts`), the one fewest rows of the
 * table share; rows without any are always tried. The index never leaves out a row that matches; rows that do not are
 * sorted out by the matcher. The work is bounded by the probe and by the number of different lengths, not of rows.
 */
import { Buckets } from './buckets.ts'
import { type KeyKind, power } from './key-hash.ts'
import type { Pattern } from './pattern.ts'
import { keysOf, type RowKey } from './row-keys.ts'

/** Pieces of one kind that are worth looking up: a length with the power of the hash's base. */
export interface Lengths {
  readonly length: number
  readonly power: number
}

export class RowIndex {
  /** Row numbers, bucket after bucket, ascending in each; those that are always tried stand at the end. */
  readonly #rows: Int32Array
  readonly #buckets: Buckets
  readonly #always: number
  readonly lengths: Readonly<Record<KeyKind, readonly Lengths[]>>
  /** All rows with a network of the family have it where a run of address characters begins. */
  readonly runStartsOnly: { readonly 4: boolean; readonly 6: boolean }

  private constructor(filed: readonly (RowKey | undefined)[], rows: Int32Array, buckets: Buckets, always: number) {
    this.#rows = rows
    this.#buckets = buckets
    this.#always = always
    this.lengths = lengthsOf(filed)
    const anywhere = (kind: KeyKind): boolean => filed.some((key) => key?.kind === kind && !key.runStart)
    this.runStartsOnly = { 4: !anywhere('ipv4'), 6: !anywhere('ipv6') }
  }

  /** Yields now and then, so that a caller can let others run. */
  static *build(patterns: readonly Pattern[]): Generator<undefined, RowIndex> {
    const sharedBy = new Map<number, number>()
    for (const [row, pattern] of patterns.entries()) {
      for (const { key } of keysOf(pattern)) sharedBy.set(key, (sharedBy.get(key) ?? 0) + 1)
      if (row % 512 === 511) yield
    }
    const filed: (RowKey | undefined)[] = []
    const buckets = new Buckets(patterns.length)
    for (const [row, pattern] of patterns.entries()) {
      // Worked out twice: to keep all keys of all rows until here costs more.
      const key = rarest(keysOf(pattern), sharedBy)
      filed.push(key)
      if (key !== undefined) buckets.count(key.key)
      if (row % 512 === 511) yield
    }
    const rows = new Int32Array(patterns.length)
    const always = buckets.layOut()
    let end = always
    for (const [row, key] of filed.entries()) {
      rows[key === undefined ? end++ : buckets.place(key.key)] = row
      if (row % 4096 === 4095) yield
    }
    return new RowIndex(filed, rows, buckets, always)
  }

  /** Rows that are tried against every probe. */
  get alwaysTried(): number {
    return this.#rows.length - this.#always
  }

  get always(): readonly [number, number] {
    return [this.#always, this.#rows.length]
  }

  rowAt(at: number): number {
    return this.#rows[at] ?? -1
  }

  /** Adds the bucket of this key, if there is one, as two numbers: begin and end. */
  lookup(key: number, into: number[]): void {
    this.#buckets.lookup(key, into)
  }
}

/** The key that fewest rows share, the first of several. */
function rarest(keys: readonly RowKey[], sharedBy: ReadonlyMap<number, number>): RowKey | undefined {
  let best: RowKey | undefined
  let fewest = Number.POSITIVE_INFINITY
  for (const key of keys) {
    const rows = sharedBy.get(key.key) ?? 0
    if (rows < fewest) {
      best = key
      fewest = rows
    }
  }
  return best
}

function lengthsOf(filed: readonly (RowKey | undefined)[]): Record<KeyKind, readonly Lengths[]> {
  const found: Record<KeyKind, Set<number>> = {
    whole: new Set(),
    prefix: new Set(),
    suffix: new Set(),
    inner: new Set(),
    ipv4: new Set(),
    ipv6: new Set(),
  }
  for (const key of filed) if (key !== undefined) found[key.kind].add(key.length)
  const list = (kind: KeyKind): readonly Lengths[] =>
    [...found[kind]].sort((a, b) => a - b).map((length) => ({ length, power: power(length) }))
  return {
    whole: list('whole'),
    prefix: list('prefix'),
    suffix: list('suffix'),
    inner: list('inner'),
    ipv4: list('ipv4'),
    ipv6: list('ipv6'),
  }
}
