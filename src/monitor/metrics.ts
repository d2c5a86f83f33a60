// SPDX-License-Identifier: Apache-2.0
/**
 * Metrics as the parts see them, so that the library behind them can change. Label values come from closed sets:
 * never an address, a domain or anything else a stranger chooses.
 */

export type Labels = Readonly<Record<string, string>>

export interface Metrics {
  /** Returns a function that adds to the counter. Names as Prometheus likes them: `postern_messages_accepted_total`. */
  counter(name: string, help: string, labelNames?: readonly string[]): (labels?: Labels, by?: number) => void
  /** Returns a function that observes seconds. */
  histogram(name: string, help: string, labelNames?: readonly string[]): (seconds: number, labels?: Labels) => void
  /** `read` is called when the metrics are fetched. `across`: what several processes' numbers make together. */
  gauge(name: string, help: string, read: () => number, across?: 'sum' | 'min' | 'max'): void
}

/** For tests and tools. */
export const noMetrics: Metrics = {
  counter: () => () => {},
  histogram: () => () => {},
  gauge: () => {},
}
