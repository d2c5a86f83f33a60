// SPDX-License-Identifier: Apache-2.0
/** A peer that runs, with its meter and a sink of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { freePort } from '../../test/peers/free-port.ts'
import { type Meter, memoryOf, openMeter } from './meter.ts'
import type { Peer } from './peer.ts'
import { wait } from './programs.ts'
import { type Sink, startSink } from './sink.ts'

/** Time for a greeting after the start, and for the end after SIGTERM. */
const START_MS = 30_000
const STOP_MS = 15_000
/** Seldom: a look at all three servers takes some 30 ms of a processor, which whoever uses both of them would lack. */
const MEMORY_EVERY_MS = 2000

export interface Server extends AsyncDisposable {
  readonly name: string
  readonly port: number
  readonly sink: Sink
  readonly meter: Meter
  readonly folder: string
  cpuMs(): number
  pids(): readonly number[]
  /** The most memory, in octets, since the last call. */
  peakMemory(): number
}

export interface StartOptions {
  /** Folder below which the peer has one of its own. */
  readonly base: string
  /** Put before its command: strace, for instance. */
  readonly before?: readonly string[]
}

/** @throws when it does not greet; nothing is left running */
export async function startServer(peer: Peer, { base, before = [] }: StartOptions): Promise<Server> {
  await using parts = new AsyncDisposableStack()
  const folder = await mkdtemp(join(base, `${peer.name}-`))
  await chmod(folder, 0o755)
  const sink = parts.use(await startSink())
  const port = await freePort()
  const { command, env } = await peer.configure({ folder, port, sinkPort: sink.port })
  const meter = openMeter(peer.name)
  parts.defer(() => meter.close())
  const [program, ...rest] = meter.wrap([...before, ...command] as [string, ...string[]])
  const log = openSync(join(folder, 'bench.log'), 'a')
  const child = spawn(program, rest, { stdio: ['ignore', log, log], env: { ...process.env, ...env }, detached: true })
  closeSync(log)
  const pid = child.pid ?? 0
  parts.defer(() => stop(child, meter))
  let most = 0
  const look = (): void => {
    most = Math.max(most, memoryOf(meter.pids(pid)))
  }
  const looking = setInterval(look, MEMORY_EVERY_MS)
  parts.defer(() => clearInterval(looking))
  try {
    await greets(port)
  } catch (error) {
    const said = await readFile(join(folder, 'bench.log'), 'utf8').catch(() => '')
    throw new Error(`${peer.name}: ${String(error)}\n${said.slice(-2000)}`, { cause: error })
  }
  const kept = parts.move()
  return {
    name: peer.name,
    port,
    sink,
    meter,
    folder,
    cpuMs: () => meter.cpuMs(pid),
    pids: () => meter.pids(pid),
    peakMemory() {
      look()
      const peak = most
      most = 0
      return peak
    },
    async [Symbol.asyncDispose]() {
      await kept.disposeAsync()
      await rm(folder, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}

async function greets(port: number): Promise<void> {
  const until = Date.now() + START_MS
  while (Date.now() < until) {
    const said = await new Promise<string>((resolve) => {
      const socket = connect(port, '127.0.0.1')
      socket.setTimeout(2000, () => socket.destroy())
      socket.once('data', (bytes) => {
        socket.end('QUIT\r\n')
        resolve(bytes.toString('latin1'))
      })
      socket.on('error', () => {})
      socket.on('close', () => resolve(''))
    })
    if (said.startsWith('220')) return
    await wait(100)
  }
  throw new Error('no greeting')
}

/** Everything the meter knows of was started here: told to end, and made to. */
async function stop(child: ChildProcess, meter: Meter): Promise<void> {
  const pid = child.pid ?? 0
  const running = (): readonly number[] => meter.pids(pid).filter(alive)
  child.kill('SIGTERM')
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const until = Date.now() + STOP_MS
    while (running().length > 0 && Date.now() < until) await wait(50)
    for (const one of running()) kill(one, signal)
  }
}

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended by itself.
  }
}
