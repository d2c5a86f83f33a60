// SPDX-License-Identifier: Apache-2.0
/**
 * One target, input after input: sentences of its grammar, and mutations and splices of them and of its seeds. The seed
 * decides everything, so it repeats everything.
 *
 * Inputs are not judged by the code they reach: tried with V8's block coverage, that reached no more of our sources in
 * the same time than the grammars do without (docs/architecture.md has the figures).
 */
import type { HangGuard } from './hang-guard.ts'
import { mutate } from './mutate.ts'
import { createRandom, type Random, seedFor } from './random.ts'
import { shrink } from './shrink.ts'
import type { Target } from './target.ts'

const MAX_BYTES = 4096
/** Sentences kept to be changed and spliced, the seeds aside. */
const MAX_KEPT = 100

export interface Failure {
  readonly target: string
  readonly seed: number
  readonly execution: number
  readonly input: Buffer
  readonly error: unknown
}

export class Campaign {
  readonly target: Target
  readonly #seed: number
  readonly #random: Random
  readonly #guard: HangGuard | undefined
  readonly #dictionary: readonly Buffer[]
  readonly #seeds: readonly Buffer[]
  /** The seeds, then sentences. */
  readonly #others: Buffer[]
  executions = 0

  constructor(target: Target, seed: number, guard?: HangGuard) {
    this.target = target
    this.#seed = seed
    this.#random = createRandom(seedFor(seed, target.name))
    this.#guard = guard
    this.#dictionary = target.dictionary.map((word) => Buffer.from(word, 'latin1'))
    this.#seeds = target.seeds ?? []
    this.#others = [...this.#seeds]
  }

  /** Runs so many inputs; gives the first that fails, made small. */
  async run(times: number): Promise<Failure | undefined> {
    for (let left = times; left > 0; left--) {
      const input = this.#next()
      this.executions++
      const error = await this.#try(input)
      if (error !== undefined) return await this.#failure(input)
    }
    return undefined
  }

  /** Tries one input again. */
  async repeat(input: Buffer): Promise<Failure | undefined> {
    this.executions++
    return (await this.#try(input)) === undefined ? undefined : await this.#failure(input)
  }

  async #try(input: Buffer): Promise<{ readonly thrown: unknown } | undefined> {
    this.#guard?.begin(this.target.name, input)
    try {
      // What is tested may keep a view, and the pool keeps the input.
      await this.target.check(Buffer.from(input))
      return undefined
    } catch (thrown) {
      return { thrown }
    } finally {
      this.#guard?.end()
    }
  }

  async #failure(input: Buffer): Promise<Failure> {
    const small = await shrink(input, async (bytes) => (await this.#try(bytes)) !== undefined)
    const error = (await this.#try(small))?.thrown ?? new Error('it failed once and not again')
    return { target: this.target.name, seed: this.#seed, execution: this.executions, input: small, error }
  }

  #next(): Buffer {
    const { target } = this
    const random = this.#random
    const maxBytes = target.maxBytes ?? MAX_BYTES
    if (random.chance(0.4)) {
      const fresh = Buffer.from(target.grammar(random), 'latin1').subarray(0, maxBytes)
      const full = this.#others.length === this.#seeds.length + MAX_KEPT
      this.#others[full ? this.#seeds.length + random.below(MAX_KEPT) : this.#others.length] = fresh
      return fresh
    }
    const others = this.#others
    const from = others.length === 0 ? Buffer.alloc(0) : random.pick(others)
    return mutate(from, random, { dictionary: this.#dictionary, others, maxBytes })
  }
}
