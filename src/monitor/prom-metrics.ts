// SPDX-License-Identifier: Apache-2.0
/**
 * Metrics through prom-client, with the event loop's delay (perf_hooks, by its default collectors) and the basics of
 * the process. A name asked for twice is the same metric.
 */
import { AggregatorRegistry, Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Metrics } from './metrics.ts'

/** Seconds; from a command answered from memory to a delivery that had to wait. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 100]

export interface PromMetrics extends Metrics {
  text(): Promise<string>
  /** All metrics as plain data, to be combined with those of other processes. */
  snapshot(): Promise<unknown>
}

/** The metrics of several processes as text. */
export async function combined(snapshots: readonly unknown[]): Promise<string> {
  // Each is what `snapshot` gave, maybe through a link: prom-client types its own registries only.
  const given = snapshots as Parameters<typeof AggregatorRegistry.aggregate>[0]
  return await AggregatorRegistry.aggregate(given).metrics()
}

/** What counts up in these snapshots, as one: what is left of processes that are gone. */
export async function countsOf(snapshots: readonly unknown[]): Promise<unknown> {
  const given = snapshots as Parameters<typeof AggregatorRegistry.aggregate>[0]
  const metrics = await AggregatorRegistry.aggregate(given).getMetricsAsJSON()
  // The type says numbers, the library gives names.
  return metrics.filter(({ type }) => ['counter', 'histogram'].includes(String(type)))
}

export function createMetrics(): PromMetrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, prefix: 'postern_' })
  const registers = [registry]
  return {
    counter(name, help, labelNames = []) {
      const known = registry.getSingleMetric(name)
      const counter =
        known instanceof Counter ? known : new Counter({ name, help, labelNames: [...labelNames], registers })
      return (labels, by = 1) => counter.inc(labels ?? {}, by)
    },
    histogram(name, help, labelNames = []) {
      const known = registry.getSingleMetric(name)
      const histogram =
        known instanceof Histogram
          ? known
          : new Histogram({ name, help, labelNames: [...labelNames], buckets: BUCKETS, registers })
      return (seconds, labels) => histogram.observe(labels ?? {}, seconds)
    },
    gauge(name, help, read, across = 'sum') {
      // A later reader replaces the earlier one: what that read is gone.
      registry.removeSingleMetric(name)
      new Gauge({
        name,
        help,
        registers,
        aggregator: across,
        collect() {
          try {
            this.set(read())
          } catch {
            // One gauge that fails must not hide the others.
            this.set(Number.NaN)
          }
        },
      })
    },
    text: () => registry.metrics(),
    snapshot: () => registry.getMetricsAsJSON(),
  }
}
