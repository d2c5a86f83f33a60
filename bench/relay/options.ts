// SPDX-License-Identifier: Apache-2.0
/** The command line of `npm run bench:relay`. */
import { tmpdir } from 'node:os'
import { parseArgs } from 'node:util'
import type { Scenario } from './report.ts'

export interface Options {
  readonly peers: readonly string[]
  readonly scenarios: readonly Scenario[]
  readonly runs: number
  /** Messages before anything is measured: a server that has run for a minute has its code compiled. */
  readonly warm: number
  /** About how long one run takes. */
  readonly seconds: number
  readonly latencySeconds: number
  readonly syncs: boolean
  readonly workers: string
  readonly haraka: string | undefined
  readonly nodeOptions: string | undefined
  /** Folder on the disk to be measured; /tmp is memory on some machines. */
  readonly disk: string
}

const USAGE = `usage: node bench/relay/main.ts [--quick] [--peers postern,postern-tables,postern-filters,haraka,postfix] [--workers auto]
  [--loads 4096/100/many,51200/20/one] [--warm 5000] [--runs 3] [--seconds 5] [--latency 10] [--no-syncs]
  [--disk FOLDER] [--haraka FOLDER] [--node-options "--cpu-prof"]`

const KIB = 1024
const ALL: readonly Scenario[] = [4 * KIB, 50 * KIB].flatMap((octets) =>
  [20, 100].flatMap((sessions) => [true, false].map((reuse) => ({ octets, sessions, reuse }))),
)
const QUICK: readonly Scenario[] = [true, false].map((reuse) => ({ octets: 4 * KIB, sessions: 100, reuse }))

/** @throws Error with how it is used */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    allowNegative: true,
    options: {
      quick: { type: 'boolean', default: false },
      peers: { type: 'string', default: 'postern,haraka,postfix' },
      loads: { type: 'string' },
      runs: { type: 'string' },
      warm: { type: 'string' },
      seconds: { type: 'string' },
      latency: { type: 'string' },
      syncs: { type: 'boolean', default: true },
      workers: { type: 'string', default: 'auto' },
      haraka: { type: 'string' },
      'node-options': { type: 'string' },
      disk: { type: 'string', default: tmpdir() },
    },
  })
  const { quick } = values
  return {
    peers: values.peers.split(','),
    scenarios: values.loads === undefined ? (quick ? QUICK : ALL) : values.loads.split(',').map(scenarioOf),
    runs: Number(values.runs ?? (quick ? 1 : 3)),
    warm: Number(values.warm ?? (quick ? 1000 : 5000)),
    seconds: Number(values.seconds ?? (quick ? 2 : 5)),
    latencySeconds: Number(values.latency ?? (quick ? 3 : 10)),
    syncs: values.syncs,
    workers: values.workers,
    haraka: values.haraka,
    nodeOptions: values['node-options'],
    disk: values.disk,
  }
}

function scenarioOf(text: string): Scenario {
  const [octets, sessions, per] = text.split('/')
  if (!(Number(octets) > 0 && Number(sessions) > 0) || (per !== 'one' && per !== 'many')) throw new Error(USAGE)
  return { octets: Number(octets), sessions: Number(sessions), reuse: per === 'many' }
}
