// SPDX-License-Identifier: Apache-2.0
/** A real server that lives until it is killed, again and again on one configuration, and the shards it leaves. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type Handed, send, type Told } from './load.ts'

const MAIN = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts')
export const HOST = '127.0.0.1'
export const SINK_HOST = '127.0.0.9'
export const PATIENCE_MS = 120_000

/** One life: until `work` is done, and then ended by the signal. With SIGTERM it has to end in order. */
export async function live(
  at: { readonly folder: string; readonly port: number },
  signal: NodeJS.Signals,
  work: (ended: Promise<unknown>) => Promise<void>,
): Promise<void> {
  const server = spawn(process.execPath, [MAIN, 'serve', '--config', at.folder], {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const heard: string[] = []
  server.stderr?.on('data', (text: Buffer) => heard.push(text.toString().slice(0, 2000)))
  const ended = once(server, 'close')
  const atExit = (): void => killGroup(server, 'SIGKILL') // a test that is given up leaves nothing running
  process.on('exit', atExit)
  try {
    await listening(at.port, ended)
    await work(ended)
  } catch (error) {
    throw new Error(`the server: ${heard.slice(-5).join('')}`, { cause: error })
  } finally {
    killGroup(server, signal)
    await ended
    process.off('exit', atExit)
  }
  if (signal === 'SIGTERM') assert.equal(server.exitCode, 0, heard.join(''))
}

/** Lives under the load of some clients until it is killed at a random moment. */
export async function killedUnderLoad(
  at: { readonly folder: string; readonly port: number },
  load: {
    readonly clients: number
    readonly told: Told
    readonly next: () => Handed
    readonly random: () => number
  },
): Promise<void> {
  const { clients, told, next, random } = load
  await live(at, 'SIGKILL', (ended) =>
    underLoad(ended, {
      clients,
      connect: () => send({ host: HOST, port: at.port }, told, next),
      answers: () => told.accepted.size + told.refused,
      random,
    }),
  )
  await pause(50) // what was on its way between the processes arrives
}

/** Clients work until so many answers came: the moment is chosen by what was answered, not by time, for machines differ. */
async function underLoad(
  ended: Promise<unknown>,
  load: {
    readonly clients: number
    /** One connection of a client, until it ends. */
    readonly connect: () => Promise<void>
    readonly answers: () => number
    readonly random: () => number
  },
): Promise<void> {
  const { clients, connect: one, answers, random } = load
  let living = true
  const client = async (): Promise<void> => {
    while (living) {
      await one()
      await pause(5)
    }
  }
  for (let i = 0; i < clients; i++) void client()
  const enough = answers() + 1 + Math.floor(random() * 60)
  let over = false
  void ended.then(() => {
    over = true
  })
  const deadline = performance.now() + PATIENCE_MS
  while (answers() < enough) {
    assert.ok(!over, 'it ended of itself')
    assert.ok(performance.now() < deadline, 'nothing is answered')
    await pause(random() * 20)
  }
  living = false
}

/** postern.yaml and an empty spool. `more` is added to what every one of these servers has. */
export async function configure(
  folder: string,
  ports: { readonly port: number; readonly sink: number },
  more: { readonly workers: number; readonly concurrency: number },
): Promise<void> {
  const { workers, concurrency } = more
  const config = {
    server: { hostname: 'mx.crash.test', workers },
    listeners: { smtp: { service: 'smtp', address: HOST, port: ports.port } },
    networks: { own: [`${HOST}/32`] },
    channels: { tcp_local: { kind: 'tcp', concurrency, perDestination: concurrency, tls: 'never' } },
    routes: [{ domain: '*', channel: 'tcp_local', via: `[${SINK_HOST}]:${ports.sink}` }],
    limits: { freeSpace: 0, freeInodes: 0, loopDelay: '1m', connectionsPerMinute: 100_000 },
    queue: { retry: ['1s'], ownMail: { perOwner: 1_000_000, perAddress: 1_000_000, total: 1_000_000 } },
    dns: { servers: [`${HOST}:1`], timeout: '1s' },
    monitor: { log: 'error' },
  }
  await mkdir(join(folder, 'spool'), { recursive: true, mode: 0o700 })
  await writeFile(join(folder, 'postern.yaml'), JSON.stringify(config)) // JSON is YAML too
  await writeFile(join(folder, 'aliases'), '')
}

export async function shards(folder: string): Promise<readonly string[]> {
  const queue = join(folder, 'spool', 'queue')
  return (await readdir(queue)).filter((name) => /^\d{1,3}$/.test(name)).map((name) => join(queue, name))
}

/** What was in hand at our kills is innocent: without this, the next life holds what was so three times (policy/poison.ts). */
export async function forgetKills(folder: string): Promise<void> {
  for (const shard of await shards(folder))
    for (const known of [`${shard}.in-hand`, `${shard}.in-hand.suspects`]) await rm(known, { force: true })
}

/** A connection is greeted; rejects when the server ends first. */
async function listening(port: number, ended: Promise<unknown>): Promise<void> {
  let over = false
  void ended.then(() => {
    over = true
  })
  const deadline = performance.now() + PATIENCE_MS
  while (!over && performance.now() < deadline) {
    const socket = connect({ host: HOST, port })
    const greeted = await new Promise<boolean>((resolve) => {
      socket.once('data', () => resolve(true))
      socket.once('error', () => resolve(false))
      socket.once('close', () => resolve(false))
    })
    socket.destroy()
    if (greeted) return
    await pause(20)
  }
  throw new Error(over ? 'it ended before it listened' : 'it does not listen')
}

function killGroup(server: ChildProcess, signal: NodeJS.Signals): void {
  if (server.pid === undefined || server.exitCode !== null || server.signalCode !== null) return
  process.kill(signal === 'SIGKILL' ? -server.pid : server.pid, signal)
}

/** Small and good enough to choose a moment. */
export function randomFrom(start: number): () => number {
  let state = start | 1
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}
