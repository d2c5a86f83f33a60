// SPDX-License-Identifier: Apache-2.0
/**
 * The guards of disk and load together: started and stopped as one, asked by the stages as `pressure`, looked at by
 * health and operators.
 */
import type { Host } from '../ask/ask.ts'
import type { Pressure, Standing } from '../ask/pressure.ts'
import type { Clock } from '../clock/clock.ts'
import type { Revision } from '../config/revision.ts'
import type { TraceSink } from '../policy/trace.ts'
import { FreeSpace, type FreeSpaceOptions } from './free-space.ts'
import type { Health } from './health.ts'
import { KnownClients } from './known-clients.ts'
import { Load, type LoadOptions } from './load.ts'
import { type Log, silentLog } from './log.ts'
import type { Metrics } from './metrics.ts'

export interface GuardOptions {
  /** A folder of the file system that the queue is on. */
  readonly spool: string
  readonly revision: () => Revision
  /** Where traces go after the guards have learned from them who is a known client. */
  readonly traces: TraceSink
  /** Another process of this machine raises the alarm about the disk: this one only heeds it. */
  readonly quiet?: boolean
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly fileSystem?: FreeSpaceOptions['read']
  readonly memory?: LoadOptions['memory']
}

export interface Guards extends Disposable {
  readonly answers: Pick<Host, 'pressure'>
  readonly traces: TraceSink
  readonly space: FreeSpace
  readonly checks: () => Health['checks']
}

export async function startGuards(options: GuardOptions): Promise<Guards> {
  const { spool: path, revision, clock, log, metrics, fileSystem, memory } = options
  const settings = () => revision().config.limits
  const common = { settings, clock, log, metrics }
  const spaceLog = options.quiet === true ? silentLog : log
  const space = new FreeSpace({
    ...common,
    log: spaceLog,
    path,
    ...(fileSystem === undefined ? {} : { read: fileSystem }),
  })
  const load = new Load({ ...common, ...(memory === undefined ? {} : { memory }) })
  const clients = new KnownClients(whileThereIsRoom(options.traces, space, metrics), clock)
  await space.start()
  load.start()
  const pressures = new SamePressure()
  const pressure = (client: string | undefined): Pressure =>
    pressures.of(space.left, load.load, client === undefined ? 'unknown' : clients.standing(client))
  return {
    answers: { pressure: ({ client }) => pressure(client) },
    traces: clients,
    space,
    checks: () => [
      { name: 'free space', ...space.health },
      { name: 'load', ...load.health },
    ],
    [Symbol.dispose]() {
      space[Symbol.dispose]()
      load[Symbol.dispose]()
    },
  }
}

/** Asked some times for each message, measured some times a second: what has not changed is the same object. */
class SamePressure {
  #left: FreeSpace['left'] | undefined
  #load: Load['load'] | undefined
  readonly #known = new Map<Standing, Pressure>()

  of(left: FreeSpace['left'], load: Load['load'], client: Standing): Pressure {
    if (left !== this.#left || load !== this.#load) this.#known.clear()
    this.#left = left
    this.#load = load
    const known = this.#known.get(client)
    if (known !== undefined) return known
    const pressure = { ...left, load, client }
    this.#known.set(client, pressure)
    return pressure
  }
}

/** A client that is refused for want of space, and comes again and again, must not write the rest full with traces. */
function whileThereIsRoom(traces: TraceSink, space: { readonly low: boolean }, metrics: Metrics): TraceSink {
  const withheld = metrics.counter('postern_traces_withheld_total', 'Traces of refused mail not kept for want of space')
  return {
    append(record) {
      const refused = record.record === 'trace' && (record.outcome === 'deferred' || record.outcome === 'refused')
      if (space.low && refused) withheld.add()
      else traces.append(record)
    },
  }
}
