// SPDX-License-Identifier: Apache-2.0
/**
 * Kills a real server's process group at random moments under load, again and again, while its next hop is slow and
 * fails. After each kill the queue is opened and compared with what clients and next hop were told: nothing that was
 * answered 250 is lost; and delivered twice is only what the next hop had taken and the server had not yet written down
 * when it was killed, which RFC 5321 §4.5.4.1 permits. SIGKILL leaves the page cache alone: torn-disk.test.ts does not.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { silentLog } from '../../src/monitor/log.ts'
import { checkConservation } from '../../src/queue/conservation.ts'
import { openLogStore } from '../../src/queue/log/log-store.ts'
import { freePort } from '../peers/free-port.ts'
import { CONTENT, send, type Told } from './load.ts'
import { startSink } from './sink.ts'

export interface KillOptions {
  /** Where configuration and spool go. */
  readonly folder: string
  readonly rounds: number
  readonly seed: number
  /** Processes beside the first; 0: one process. */
  readonly workers: number
  /** Largest message. */
  readonly octets: number
  /** The disk is meant to become full. */
  readonly fills: boolean
  readonly say: (line: string) => void
}

const MAIN = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts')
const HOST = '127.0.0.1'
const SINK_HOST = '127.0.0.9'
const CLIENTS = 6
const CONCURRENCY = 8
const PATIENCE_MS = 120_000

export async function killServer({ folder, rounds, seed, workers, octets, fills, say }: KillOptions): Promise<void> {
  const random = randomFrom(seed)
  await using sink = await startSink(SINK_HOST, random)
  const port = await freePort()
  await configure(folder, port, sink.port, workers)
  const told: Told = { accepted: new Set(), unanswered: new Set(), refused: 0 }
  /** Taken by the next hop and not written down at a kill: these may come twice. */
  const window = new Map<string, number>()
  /** In hand at three kills, and so held as suspects of them. */
  const held = new Set<string>()
  let count = 0
  const sizes = new Map<string, number>()
  const next = () => {
    const message = { name: `m${++count}`, octets: Math.floor(random() * octets) }
    sizes.set(message.name, message.octets)
    return message
  }

  const life = async (work: (ended: Promise<unknown>) => Promise<void>, signal: NodeJS.Signals): Promise<void> => {
    const server = spawn(process.execPath, [MAIN, 'serve', '--config', folder], {
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const heard: string[] = []
    server.stderr?.on('data', (text: Buffer) => heard.push(text.toString().slice(0, 2000)))
    const ended = once(server, 'close')
    const atExit = (): void => killGroup(server, 'SIGKILL') // a test that is given up leaves nothing running
    process.on('exit', atExit)
    try {
      await listening(port, ended)
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

  for (let round = 0; round < rounds; round++) {
    await life(async (ended) => {
      let living = true
      const client = async (): Promise<void> => {
        while (living) {
          await send({ host: HOST, port }, told, next)
          await pause(5)
        }
      }
      for (let i = 0; i < CLIENTS; i++) void client()
      // The moment is chosen by what was answered, not by time: machines differ.
      const answers = (): number => told.accepted.size + told.refused
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
    }, 'SIGKILL')
    await pause(50) // what was on its way between the processes arrives
    await look()
  }
  sink.heal()
  await life(async () => {
    const deadline = performance.now() + PATIENCE_MS
    while (missing().length > 0) {
      assert.ok(performance.now() < deadline, `${missing().length} messages did not arrive: ${missing().slice(0, 5)}`)
      await pause(100)
    }
  }, 'SIGTERM')
  await look()
  const twice = [...sink.taken].filter(([, times]) => times > 1)
  for (const [name, times] of twice)
    assert.ok(times <= 1 + (window.get(name) ?? 0), `${name} was delivered ${times} times, and only once in the window`)
  if (!fills) assert.ok(told.accepted.size > 0)
  say(
    `seed ${seed}: ${rounds} kills, ${told.accepted.size} messages accepted, ${told.refused} refused, 0 lost, ${held.size} held; ` +
      `${twice.length} delivered twice, all of them taken and not yet written down at a kill`,
  )

  function missing(): readonly string[] {
    return [...told.accepted].filter((name) => !sink.taken.has(name) && !held.has(name))
  }

  /** Opens what the dead server left. */
  async function look(): Promise<void> {
    const queued = new Set<string>()
    let inWindow = 0
    for (const shard of await shards(folder)) {
      await using store = await openLogStore(shard, { log: silentLog })
      assert.deepEqual(store.recovered.findings, [])
      for await (const { envelope, recipients } of store.messages()) {
        const [name = ''] = envelope.recipients[0]?.address.split('@') ?? []
        queued.add(name)
        if (recipients.get(0)?.state === 'held') held.add(name)
        assert.ok(told.accepted.has(name) || told.unanswered.has(name), `${name} was never handed in whole`)
        const content = Buffer.concat(await Array.fromAsync(store.content(envelope.id))).toString('latin1')
        assert.ok(content === CONTENT(name, sizes.get(name) ?? 0), `the content of ${name} is not what was sent`)
        const times = sink.taken.get(name) ?? 0
        if (times === (window.get(name) ?? 0)) continue // not taken, or in the window of an earlier kill
        window.set(name, times)
        inWindow++
      }
      const { balanced, detail } = checkConservation(store)
      assert.ok(balanced, detail)
    }
    const lost = [...told.accepted].filter((name) => !queued.has(name) && !sink.taken.has(name))
    assert.deepEqual(lost, [], `${lost.length} of ${told.accepted.size} accepted messages are lost`)
    assert.ok(inWindow <= CONCURRENCY * Math.max(1, workers), `${inWindow} deliveries were not written down`)
  }
}

async function configure(folder: string, port: number, sinkPort: number, workers: number): Promise<void> {
  const config = {
    server: { hostname: 'mx.crash.test', workers },
    listeners: { smtp: { service: 'smtp', address: HOST, port } },
    networks: { own: [`${HOST}/32`] },
    channels: { tcp_local: { kind: 'tcp', concurrency: CONCURRENCY, perDestination: CONCURRENCY, tls: 'never' } },
    routes: [{ domain: '*', channel: 'tcp_local', via: `[${SINK_HOST}]:${sinkPort}` }],
    limits: { freeSpace: 0, freeInodes: 0, loopDelay: '1m', connectionsPerMinute: 100_000 },
    queue: { retry: ['1s'] },
    dns: { servers: [`${HOST}:1`], timeout: '1s' },
    monitor: { log: 'error' },
  }
  await mkdir(join(folder, 'spool'), { recursive: true, mode: 0o700 })
  await writeFile(join(folder, 'postern.yaml'), JSON.stringify(config)) // JSON is YAML too
  await writeFile(join(folder, 'aliases'), '')
}

async function shards(folder: string): Promise<readonly string[]> {
  const queue = join(folder, 'spool', 'queue')
  return (await readdir(queue)).filter((name) => /^\d{1,3}$/.test(name)).map((name) => join(queue, name))
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
