// SPDX-License-Identifier: Apache-2.0
/** A steady load for as long as told: what each process takes of memory and descriptors, and how the ledger stands. */
import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { percentile, startLoad } from './load.ts'
import { type Server, scratchSite, soon } from './server.ts'
import { startSink } from './sink.ts'

const SAMPLE_MS = 5000

interface Sample {
  readonly atMs: number
  /** Proportional set size of the dispatcher and the workers together, MB (proc(5), smaps_rollup). */
  readonly memory: number
  readonly descriptors: number
}

export interface Soak {
  readonly accepted: number
  readonly p99: number
  readonly samples: readonly Sample[]
  /** MB an hour, over the second half. */
  readonly slope: number
}

export async function soak(
  options: { readonly minutes: number; readonly rate: number; readonly workers: number },
  say: (line: string) => void,
): Promise<Soak> {
  const { minutes, rate, workers } = options
  await using sink = await startSink()
  await using site = await scratchSite({
    server: { hostname: 'mx.demo.test', workers },
    routes: [{ domain: '*', channel: 'tcp_local', via: `[127.0.0.1]:${sink.port}` }],
  })
  const server = await site.start()
  const to = (serial: number): string => `r@d${serial % 50}.example`
  using load = startLoad({ port: site.port, clients: 10, rate, octets: 4096, to })
  const samples: Sample[] = []
  const latencies: number[] = []
  const until = performance.now() + minutes * 60_000
  while (performance.now() < until) {
    await pause(Math.min(SAMPLE_MS, Math.max(0, until - performance.now())))
    latencies.push(...load.takeLatencies())
    const sample = await measure(server)
    samples.push(sample)
    say(
      `${(sample.atMs / 60_000).toFixed(1)} min: ${load.accepted.size} accepted, ${sink.came.size} came, ` +
        `${sample.memory.toFixed(1)} MB, ${sample.descriptors} descriptors`,
    )
  }
  await load.stop()
  await soon('everything to arrive', () => ([...load.accepted].every((one) => sink.came.has(one)) ? true : undefined))
  assert.deepEqual([load.cut.count, [...load.refused], [...load.doubtful]], [0, [], []])
  assert.ok([...sink.came.values()].every((times) => times.length === 1))
  // What a delivery or two open counts, and what idle connections hold: it must not grow.
  const half = samples.slice(Math.floor(samples.length / 2))
  const most = Math.max(...half.map(({ descriptors }) => descriptors))
  const before = Math.max(...samples.slice(0, Math.ceil(samples.length / 2)).map(({ descriptors }) => descriptors))
  assert.ok(most <= before + 20, `descriptors grew from ${before} to ${most}`)
  await server.stop()
  say(`ledger: ${String((await server.log()).find(({ event }) => event === 'stopped')?.['ledger'])}`)
  return { accepted: load.accepted.size, p99: percentile(latencies, 0.99), samples, slope: slopeOf(half) }
}

async function measure(server: Server): Promise<Sample> {
  const pids = [server.pid, ...(await server.workers()).flatMap(({ pid }) => pid ?? [])]
  let kibibytes = 0
  let descriptors = 0
  for (const pid of pids) {
    kibibytes += Number(/^Pss:\s+(\d+)/m.exec(await readFile(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1])
    descriptors += (await readdir(`/proc/${pid}/fd`)).length
  }
  return { atMs: performance.now(), memory: kibibytes / 1024, descriptors }
}

/** Least squares. */
function slopeOf(samples: readonly Sample[]): number {
  const mean = (of: (sample: Sample) => number): number =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length
  const x = mean(({ atMs }) => atMs)
  const y = mean(({ memory }) => memory)
  const covariance = mean(({ atMs, memory }) => (atMs - x) * (memory - y))
  const variance = mean(({ atMs }) => (atMs - x) ** 2)
  return variance === 0 ? 0 : (covariance / variance) * 3_600_000
}
