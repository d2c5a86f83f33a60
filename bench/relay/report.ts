// SPDX-License-Identifier: Apache-2.0
/** The tables that are printed, in Markdown, ready for docs/benchmarks.md. */

/** One run of one peer in one scenario. */
export interface Run {
  readonly acceptedPerSecond: number
  readonly relayedPerSecond: number
  /** CPU seconds of all its processes for 1,000 messages. */
  readonly cpuPer1000: number
  readonly peakMemory: number
}

export interface Scenario {
  readonly octets: number
  readonly sessions: number
  readonly reuse: boolean
}

export interface Measured {
  readonly scenario: Scenario
  readonly peer: string
  readonly runs: readonly Run[]
  readonly latency?: { readonly p50: number; readonly p99: number; readonly perSecond: number }
}

export const nameOf = ({ octets, sessions, reuse }: Scenario): string =>
  `${octets / 1024} KiB, ${sessions} sessions, ${reuse ? 'many' : 'one'} per connection`

/** The middle one: a run that noise hit does not count. */
export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? Number.NaN

const middle = (runs: readonly Run[], field: keyof Run): number => median(runs.map((run) => run[field]))

/** @param subject the peer that the others are compared with */
export function tables(measured: readonly Measured[], subject: string): string {
  const head = [
    '| load | server | accepted/s | relayed/s | CPU-s per 1,000 | peak memory MiB | 250 after DATA, p50 / p99 ms |',
    '|---|---|---:|---:|---:|---:|---:|',
  ]
  const rows = measured.map(({ scenario, peer, runs, latency }) =>
    row(
      nameOf(scenario),
      peer,
      middle(runs, 'acceptedPerSecond').toFixed(0),
      middle(runs, 'relayedPerSecond').toFixed(0),
      middle(runs, 'cpuPer1000').toFixed(2),
      (middle(runs, 'peakMemory') / 2 ** 20).toFixed(0),
      latency === undefined
        ? ''
        : `${latency.p50.toFixed(1)} / ${latency.p99.toFixed(1)} at ${latency.perSecond.toFixed(0)}/s`,
    ),
  )
  return [...head, ...rows, '', ...ratios(measured, subject)].join('\n')
}

function ratios(measured: readonly Measured[], subject: string): readonly string[] {
  const others = [...new Set(measured.map(({ peer }) => peer))].filter((peer) => peer !== subject)
  if (others.length === 0) return []
  const scenarios = [...new Map(measured.map(({ scenario }) => [nameOf(scenario), scenario])).keys()]
  const relayed = (load: string, peer: string): number => {
    const found = measured.find((one) => nameOf(one.scenario) === load && one.peer === peer)
    return found === undefined ? Number.NaN : middle(found.runs, 'relayedPerSecond')
  }
  const columns = others.map((other) => `relayed/s against ${other}`)
  return [
    row('load', ...columns),
    row('---', ...columns.map(() => '---:')),
    ...scenarios.map((load) =>
      row(load, ...others.map((other) => `${(relayed(load, subject) / relayed(load, other)).toFixed(1)} ×`)),
    ),
  ]
}

const row = (...cells: readonly string[]): string => `| ${cells.join(' | ')} |`
