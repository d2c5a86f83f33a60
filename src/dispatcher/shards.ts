// SPDX-License-Identifier: Apache-2.0
/**
 * Which worker owns which shard of the queue (design 2.5). A shard has one owner at a time or none; what a dead worker
 * leaves is taken up by its successor, or by another worker when that does not come. The shards' own locks, not this
 * table, keep two processes apart; this table says who should try. Pure.
 */

export class ShardTable {
  readonly #owners = new Map<number, number | undefined>()

  /** @param existing numbers of the shards there are on disk */
  constructor(existing: readonly number[]) {
    for (const shard of existing) this.#owners.set(shard, undefined)
  }

  /**
   * Shards for a worker that starts. Worker `index` of `workers` gets those that are its by number and have no owner;
   * where there are none, the lowest number that is not used: every worker accepts into a shard of its own.
   */
  assign(index: number, workers: number): readonly number[] {
    const mine = this.orphans().filter((shard) => shard % workers === index)
    const shards = mine.length > 0 ? mine : [this.#unused(index)]
    for (const shard of shards) this.#owners.set(shard, index)
    return shards
  }

  /** The worker is gone: its shards have no owner. */
  release(index: number): void {
    for (const [shard, owner] of this.#owners) if (owner === index) this.#owners.set(shard, undefined)
  }

  /** A worker takes up a shard of another. @throws Error when it has an owner */
  adopt(shard: number, index: number): void {
    if (this.#owners.get(shard) !== undefined) throw new Error(`shard ${shard} has an owner`)
    this.#owners.set(shard, index)
  }

  /** A worker could not take a shard, or gave it up. */
  disown(shard: number): void {
    this.#owners.set(shard, undefined)
  }

  /** Those that none of these workers owns. */
  without(workers: readonly number[]): readonly number[] {
    return [...this.#owners]
      .filter(([, owner]) => owner === undefined || !workers.includes(owner))
      .map(([shard]) => shard)
      .sort((a, b) => a - b)
  }

  orphans(): readonly number[] {
    return this.without([...this.#owners.values()].flatMap((owner) => owner ?? []))
  }

  of(index: number): readonly number[] {
    return [...this.#owners]
      .filter(([, owner]) => owner === index)
      .map(([shard]) => shard)
      .sort((a, b) => a - b)
  }

  /** Its own number where that is free: then the same worker finds the same shard at the next start. */
  #unused(index: number): number {
    if (!this.#owners.has(index)) return index
    let shard = 0
    while (this.#owners.has(shard)) shard++
    return shard
  }
}
