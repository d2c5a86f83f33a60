// SPDX-License-Identifier: Apache-2.0
/**
 * `npm run bench:relay`: the same load on this server and on its peers, all durable, all on loopback. smtp-source sends
 * through the server to a smtp-sink of its own. All run at once, idle but for the one whose turn it is, and take turns
 * run by run, so that what disturbs the machine hits all alike. Compare within one run of the benchmark only.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, cpus, release } from 'node:os'
import { join } from 'node:path'
import { haraka } from './haraka.ts'
import { type Options, readOptions } from './options.ts'
import { paced } from './paced.ts'
import type { Peer } from './peer.ts'
import { postern } from './postern.ts'
import { postfix } from './postfix.ts'
import { findProgram, wait } from './programs.ts'
import { type Measured, median, nameOf, type Run, type Scenario, tables } from './report.ts'
import { type Server, startServer } from './server.ts'
import { send } from './source.ts'
import { countSyncs, straceMissing } from './syncs.ts'

/** Messages before each load is measured: connections to the next hop are open, and its pace is known. */
const BEFORE = 500
const LEAST = 1000
const MOST = 40_000
const DRAIN_MS = 180_000

const say = (line: string): void => console.log(line)

async function main(options: Options): Promise<void> {
  if (findProgram('smtp-source') === undefined || findProgram('smtp-sink') === undefined)
    return say('skipped: smtp-source and smtp-sink are not installed (Debian: postfix)')
  await using cleanup = new AsyncDisposableStack()
  const base = await mkdtemp(join(options.disk, 'postern-bench-'))
  await chmod(base, 0o755)
  cleanup.defer(() => rm(base, { recursive: true, force: true }))
  // Nothing is left running when somebody has seen enough.
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void cleanup.disposeAsync().finally(() => process.exit(1)))
  say(`${new Date().toISOString().slice(0, 10)}, Linux ${release()}, ${availableParallelism()} × ${cpus()[0]?.model}`)
  const peers = await preparePeers(options, cleanup)
  const servers: Server[] = []
  for (const peer of peers) servers.push(cleanup.use(await startServer(peer, { base })))
  say(`CPU time by ${[...new Set(servers.map(({ meter }) => meter.by))].join(', ')}`)
  for (const server of servers) await run(server, { octets: 4096, sessions: 100, reuse: true }, options.warm)
  const measured: Measured[] = []
  for (const scenario of options.scenarios) measured.push(...(await measure(scenario, servers, options)))
  say(`\n${tables(measured, 'postern')}\n`)
  if (options.syncs) await reportSyncs(peers, base)
}

async function preparePeers(options: Options, cleanup: AsyncDisposableStack): Promise<readonly Peer[]> {
  const { workers, nodeOptions } = options
  const ours = { workers, ...(nodeOptions === undefined ? {} : { nodeOptions }) }
  const known: Readonly<Record<string, Peer>> = {
    postern: postern(ours),
    'postern-tables': postern({ ...ours, tables: true }),
    'postern-filters': postern({ ...ours, filters: true }),
    haraka: haraka(options.haraka, cleanup),
    postfix,
  }
  const ready: Peer[] = []
  for (const name of options.peers) {
    const peer = known[name]
    if (peer === undefined) throw new Error(`no peer ${name}`)
    const found = await peer.prepare()
    say(found.available ? `${name}: ${found.version}` : `${name}: skipped, ${found.why}`)
    if (found.available) ready.push(peer)
  }
  return ready
}

async function measure(scenario: Scenario, servers: readonly Server[], options: Options): Promise<readonly Measured[]> {
  say(`# ${nameOf(scenario)}`)
  const counts = new Map<Server, number>()
  for (const server of servers) {
    const { relayedPerSecond } = await run(server, scenario, BEFORE)
    const wanted = Math.round(relayedPerSecond * options.seconds)
    counts.set(server, Math.max(LEAST, scenario.sessions, Math.min(MOST, wanted)))
  }
  const runs = new Map<Server, Run[]>(servers.map((server) => [server, []]))
  for (let round = 0; round < options.runs; round++)
    for (const server of servers) {
      const messages = counts.get(server) ?? LEAST
      const one = await run(server, scenario, messages)
      runs.get(server)?.push(one)
      const { acceptedPerSecond, relayedPerSecond, cpuPer1000 } = one
      const rates = `accepted/s ${acceptedPerSecond.toFixed(0)} relayed/s ${relayedPerSecond.toFixed(0)}`
      say(`${server.name.padEnd(8)} ${messages} messages ${rates} CPU-s/1000 ${cpuPer1000.toFixed(2)}`)
    }
  const measured: Measured[] = []
  for (const server of servers) {
    const mine = runs.get(server) ?? []
    const latency = options.latencySeconds > 0 ? await latencyOf(server, scenario, mine, options) : undefined
    measured.push({ scenario, peer: server.name, runs: mine, ...(latency === undefined ? {} : { latency }) })
  }
  return measured
}

async function run(server: Server, scenario: Scenario, messages: number): Promise<Run> {
  await wait(300)
  server.peakMemory()
  const cpu = server.cpuMs()
  const before = server.sink.taken()
  const start = performance.now()
  const fine = await send(server.port, { ...scenario, messages })
  const accepted = performance.now() - start
  const whole = await server.sink.reached(before + messages, DRAIN_MS)
  const relayed = performance.now() - start
  if (!fine) say(`${server.name}: the source failed`)
  if (!whole) say(`${server.name}: ${before + messages - server.sink.taken()} messages have not arrived`)
  // What is written behind the last message belongs to it.
  await wait(500)
  return {
    acceptedPerSecond: fine ? (messages * 1000) / accepted : Number.NaN,
    relayedPerSecond: ((server.sink.taken() - before) * 1000) / relayed,
    cpuPer1000: (server.cpuMs() - cpu) / messages,
    peakMemory: server.peakMemory(),
  }
}

/** At half of what it relays at full load; all over kept connections, for a pace has no other way to be kept. */
async function latencyOf(server: Server, { octets, sessions }: Scenario, runs: readonly Run[], options: Options) {
  const perSecond = median(runs.map(({ relayedPerSecond }) => relayedPerSecond)) / 2
  const before = server.sink.taken()
  const pace = { port: server.port, perSecond, seconds: options.latencySeconds, octets, connections: sessions }
  const { p50, p99, messages, late, most } = await paced(pace)
  say(
    `${server.name.padEnd(8)} at ${perSecond.toFixed(0)}/s: p50 ${p50.toFixed(1)} p99 ${p99.toFixed(1)} most ${most.toFixed(0)} ms, ${late} of ${messages} found no free connection`,
  )
  await server.sink.reached(before + messages, DRAIN_MS)
  return { p50, p99, perSecond }
}

async function reportSyncs(peers: readonly Peer[], base: string): Promise<void> {
  const missing = straceMissing()
  if (missing !== undefined) return say(`syncs per message: not counted, ${missing}`)
  say('| syncs per message | 20 sessions | 100 sessions |\n|---|---:|---:|')
  for (const peer of peers) {
    const counts: string[] = []
    for (const sessions of [20, 100])
      counts.push((await countSyncs(peer, base, { messages: 500, sessions })).toFixed(2))
    say(`| ${peer.name} | ${counts.join(' | ')} |`)
  }
}

await main(readOptions(process.argv.slice(2)))
