// SPDX-License-Identifier: Apache-2.0
/**
 * `npm run bench:idle`: what an idle connection costs in memory, beside a bare socket of Node in the same run, and
 * whether many of them hold up the mail of others: full speed without them, with them, and without them again.
 * `--quick` with fewer; `--connections N`, `--messages N`, `--rounds N`, `--workers N`, `--disk FOLDER`.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { privateMemoryOf } from '../relay/meter.ts'
import { postern } from '../relay/postern.ts'
import { findProgram, wait } from '../relay/programs.ts'
import { median } from '../relay/report.ts'
import { type Server, startServer } from '../relay/server.ts'
import { send } from '../relay/source.ts'
import { holdConnections, startBareServer } from './processes.ts'

/** Memory of garbage comes down when nothing happens for a moment. */
const SETTLE_MS = 3000
const DRAIN_MS = 180_000

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    connections: { type: 'string' },
    messages: { type: 'string' },
    rounds: { type: 'string' },
    workers: { type: 'string', default: 'auto' },
    disk: { type: 'string', default: tmpdir() },
  },
})
const connections = Number(values.connections ?? (values.quick ? 1000 : 10_000))
const messages = Number(values.messages ?? (values.quick ? 1000 : 4000))
const rounds = Number(values.rounds ?? (values.quick ? 1 : 3))
const say = (line: string): void => console.log(line)

async function main(): Promise<void> {
  if (findProgram('smtp-source') === undefined || findProgram('smtp-sink') === undefined)
    return say('skipped: smtp-source and smtp-sink are not installed (Debian: postfix)')
  await using cleanup = new AsyncDisposableStack()
  const base = await mkdtemp(join(values.disk, 'postern-bench-'))
  await chmod(base, 0o755)
  cleanup.defer(() => rm(base, { recursive: true, force: true }))
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void cleanup.disposeAsync().finally(() => process.exit(1)))
  const bare = await bareCost()
  say(`a bare socket: ${kib(bare)} of user memory`)

  const server = cleanup.use(await startServer(postern({ workers: values.workers }), { base }))
  await rate(server)
  const without = [await rates(server)]
  await wait(SETTLE_MS)
  const before = privateMemoryOf(server.pids())
  const held = await holdConnections(server.port, connections)
  await wait(SETTLE_MS)
  const each = (privateMemoryOf(server.pids()) - before) / connections
  say(`${held.greeted} of ${connections} connections greeted, ${held.refused} refused`)
  say(`an idle connection: ${kib(each)}, ${kib(each - bare)} over a bare socket`)
  const beside = await rates(server)
  say(`${await held.open()} connections are open still`)
  await held[Symbol.asyncDispose]()
  await wait(SETTLE_MS)
  without.push(await rates(server))
  const full = median(without.flat())
  const share = (100 * median(beside)) / full
  say(`relayed/s without them ${full.toFixed(0)}, beside them ${median(beside).toFixed(0)}: ${share.toFixed(0)} %`)
}

/** Octets of user memory that a connection takes in a program that does nothing with it. */
async function bareCost(): Promise<number> {
  await using server = await startBareServer()
  await using _warm = await holdConnections(server.port, 100)
  await wait(SETTLE_MS)
  const before = privateMemoryOf([server.pid])
  await using _held = await holdConnections(server.port, connections)
  await wait(SETTLE_MS)
  return (privateMemoryOf([server.pid]) - before) / connections
}

async function rates(server: Server): Promise<readonly number[]> {
  const all: number[] = []
  for (let round = 0; round < rounds; round++) all.push(await rate(server))
  return all
}

/** Messages relayed in a second, at full load. */
async function rate(server: Server): Promise<number> {
  const before = server.sink.taken()
  const start = performance.now()
  await send(server.port, { messages, octets: 4096, sessions: 100, reuse: true })
  if (!(await server.sink.reached(before + messages, DRAIN_MS))) throw new Error('messages have not arrived')
  const relayed = (messages * 1000) / (performance.now() - start)
  say(`  ${relayed.toFixed(0)} relayed/s`)
  return relayed
}

const kib = (octets: number): string => `${(octets / 1024).toFixed(1)} KiB`

await main()
