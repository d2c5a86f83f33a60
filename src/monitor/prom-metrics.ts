// SPDX-License-Identifier: Apache-2.0
/**
 * Metrics of our own (tallies.ts), with the event loop's delay (perf_hooks) and the basics of the process, which
 * prom-client collects; it also makes the text of them all and puts together those of several processes. A name asked
 * for twice is the same metric.
 */
import { AggregatorRegistry, collectDefaultMetrics, Registry } from 'prom-client'
import type { Metrics } from './metrics.ts'
import { CounterTally, HistogramTally, Tallies, type Tally, type Value } from './tallies.ts'

export interface PromMetrics extends Metrics {
  text(): Promise<string>
  /** All metrics as plain data, to be combined with those of other processes. */
  snapshot(): Promise<unknown>
}

const registryOf = (snapshots: readonly unknown[]): Registry =>
  // Each is what `snapshot` gave, maybe through a link: prom-client types its own registries only.
  AggregatorRegistry.aggregate(snapshots as Parameters<typeof AggregatorRegistry.aggregate>[0])

/** The metrics of several processes as text. */
export const combined = async (snapshots: readonly unknown[]): Promise<string> => await registryOf(snapshots).metrics()

/** What counts up in these snapshots, as one: what is left of processes that are gone. */
export async function countsOf(snapshots: readonly unknown[]): Promise<unknown> {
  const metrics = await registryOf(snapshots).getMetricsAsJSON()
  // The type says numbers, the library gives names.
  return metrics.filter(({ type }) => ['counter', 'histogram'].includes(String(type)))
}

/** A metric in the form that prom-client has for plain data. */
interface Family {
  readonly type: 'counter' | 'histogram' | 'gauge'
  readonly help: string
  readonly aggregator: 'sum' | 'min' | 'max'
  values(): readonly Value[]
}

export function createMetrics(): PromMetrics {
  const ofProcess = new Registry()
  collectDefaultMetrics({ register: ofProcess, prefix: 'postern_' })
  const families = new Map<string, Family>()
  const counters = tallied('counter', () => new CounterTally(), families)
  const histograms = tallied('histogram', () => new HistogramTally(), families)
  const ours = (): readonly unknown[] =>
    [...families].map(([name, { type, help, aggregator, values }]) => ({
      name,
      help,
      type,
      aggregator,
      values: values(),
    }))
  return {
    counter: (name, help) => counters(name, help, []).with({}),
    counters,
    histogram: (name, help) => histograms(name, help, []).with({}),
    histograms,
    gauge(name, help, read, aggregator = 'sum') {
      const value = (): number => {
        try {
          return read()
        } catch {
          // One gauge that fails must not hide the others.
          return Number.NaN
        }
      }
      // A later reader replaces the earlier one: what that read is gone.
      families.delete(name)
      families.set(name, { type: 'gauge', help, aggregator, values: () => [{ labels: {}, value: value() }] })
    },
    text: async () => `${await ofProcess.metrics()}\n${await combined([ours()])}`,
    snapshot: async () => [...(await ofProcess.getMetricsAsJSON()), ...ours()],
  }
}

function tallied<T extends Tally>(type: Family['type'], make: () => T, families: Map<string, Family>) {
  const known = new Map<string, Tallies<string, T>>()
  return (name: string, help: string, labels: readonly string[]): Tallies<string, T> => {
    const before = known.get(name)
    if (before !== undefined) return before
    const made = new Tallies(labels, make)
    known.set(name, made)
    families.set(name, { type, help, aggregator: 'sum', values: () => made.values(name) })
    return made
  }
}
