// SPDX-License-Identifier: Apache-2.0
/**
 * Metrics as the parts see them, so that the library behind them can change. Label values come from closed sets:
 * never an address, a domain or anything else a stranger chooses. Names as Prometheus likes them:
 * `postern_messages_accepted_total`.
 */

export interface Counter {
  add(by?: number): void
}

export interface Histogram {
  observe(seconds: number): void
}

/** One metric with labels. What counts often keeps what `with` gives it, which is the same for the same values. */
export interface Labelled<Label extends string, Metric> {
  with(labels: Readonly<Record<Label, string>>): Metric
}

export interface Metrics {
  counter(name: string, help: string): Counter
  counters<Label extends string>(name: string, help: string, labels: readonly Label[]): Labelled<Label, Counter>
  histogram(name: string, help: string): Histogram
  histograms<Label extends string>(name: string, help: string, labels: readonly Label[]): Labelled<Label, Histogram>
  /** `read` is called when the metrics are fetched. `across`: what several processes' numbers make together. */
  gauge(name: string, help: string, read: () => number, across?: 'sum' | 'min' | 'max'): void
}

const nothing = { add: () => {}, observe: () => {} }

/** For tests and tools. */
export const noMetrics: Metrics = {
  counter: () => nothing,
  counters: () => ({ with: () => nothing }),
  histogram: () => nothing,
  histograms: () => ({ with: () => nothing }),
  gauge: () => {},
}
