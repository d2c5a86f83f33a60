// SPDX-License-Identifier: Apache-2.0
/**
 * The numbers behind counters, histograms and gauges. Counting happens a dozen times for each message and fetching
 * four times a minute, so a count is an addition, and what else a metric needs is put together when it is fetched.
 */
import type { Counter, Histogram, Labelled } from './metrics.ts'

/** Seconds; from a command answered from memory to a delivery that had to wait. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 100]

type Labels = Readonly<Record<string, string | number>>

/** One line of what is fetched. */
export interface Value {
  readonly labels: Labels
  readonly value: number
  /** Where it is not that of the metric: `…_sum`. */
  readonly metricName?: string
}

/** Something that counts, for one combination of labels. */
export interface Tally {
  /** One that has not counted yet is not told of, unless it has no labels. */
  readonly used: boolean
  values(name: string, labels: Labels): readonly Value[]
}

export class CounterTally implements Counter, Tally {
  #sum = 0

  add(by = 1): void {
    this.#sum += by
  }

  get used(): boolean {
    return this.#sum !== 0
  }

  values(_name: string, labels: Labels): readonly Value[] {
    return [{ value: this.#sum, labels }]
  }
}

export class HistogramTally implements Histogram, Tally {
  /** How many were in each bucket and in none before it; the last is for what is beyond them all. */
  readonly #counts = new Float64Array(BUCKETS.length + 1)
  #sum = 0

  observe(seconds: number): void {
    let bucket = 0
    while (bucket < BUCKETS.length && seconds > (BUCKETS[bucket] ?? 0)) bucket++
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1
    this.#sum += seconds
  }

  get used(): boolean {
    return this.#counts.some((count) => count > 0)
  }

  values(name: string, labels: Labels): readonly Value[] {
    let count = 0
    const buckets = [...BUCKETS, '+Inf'].map((le, bucket) => {
      count += this.#counts[bucket] ?? 0
      return { metricName: `${name}_bucket`, labels: { le, ...labels }, value: count }
    })
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels, value: this.#sum },
      { metricName: `${name}_count`, labels, value: count },
    ]
  }
}

/** The tallies of one metric, by its labels. */
export class Tallies<Label extends string, T extends Tally> implements Labelled<Label, T> {
  readonly #labels: readonly Label[]
  readonly #make: () => T
  readonly #tallies = new Map<string, { readonly labels: Labels; readonly tally: T }>()

  constructor(labels: readonly Label[], make: () => T) {
    this.#labels = labels
    this.#make = make
  }

  with(labels: Readonly<Record<Label, string>>): T {
    const [first, second] = this.#labels
    const key =
      first !== undefined && second === undefined
        ? labels[first]
        : this.#labels.map((label) => labels[label]).join('\n')
    const known = this.#tallies.get(key)
    if (known !== undefined) return known.tally
    const tally = this.#make()
    this.#tallies.set(key, { labels: { ...labels }, tally })
    return tally
  }

  values(name: string): readonly Value[] {
    return [...this.#tallies.values()]
      .filter(({ tally }) => tally.used || this.#labels.length === 0)
      .flatMap(({ tally, labels }) => tally.values(name, labels))
  }
}
