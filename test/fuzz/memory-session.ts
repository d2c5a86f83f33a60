// SPDX-License-Identifier: Apache-2.0
/**
 * Sessions of the real server without a network: sockets in memory are handed to its listener as the kernel would, the
 * clock stands still, and the directory is one of a few people. The same octets in the same pieces give the same
 * dialogue. No TLS: a certificate is not there.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { Server } from 'node:net'
import { Duplex } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { ManualClock } from '../../src/clock/clock.ts'
import type { Envelope } from '../../src/envelope/envelope.ts'
import { createIds } from '../../src/envelope/message-id.ts'
import { type Log, silentLog } from '../../src/monitor/log.ts'
import { noMetrics } from '../../src/monitor/metrics.ts'
import type { TraceRecord } from '../../src/policy/trace.ts'
import type { Draft } from '../../src/queue/store.ts'
import { directory, type Fixture, type FixtureOptions, startFixture } from '../conversations/server-fixture.ts'
import { cut } from './seed.ts'

export type Service = 'smtp' | 'submission' | 'lmtp'

/** A message that was committed. */
export interface Committed {
  readonly envelope: Envelope
  readonly content: Buffer
}

/** What came of a session. */
export interface Dialogue {
  readonly said: Buffer
  readonly committed: readonly Committed[]
  /** Ids handed to the scheduler. */
  readonly accepted: readonly string[]
  readonly records: readonly TraceRecord[]
  /** Drafts begun and neither committed nor aborted. */
  readonly openDrafts: number
}

export class MemoryServer implements AsyncDisposable {
  readonly #fixture: Fixture
  readonly #listener: Server
  readonly #scene: { now: Scene }

  private constructor(fixture: Fixture, listener: Server, scene: { now: Scene }) {
    this.#fixture = fixture
    this.#listener = listener
    this.#scene = scene
  }

  static async start(service: Service, config: NonNullable<FixtureOptions['config']>): Promise<MemoryServer> {
    const scene = { now: new Scene() }
    const log: Log = {
      ...silentLog,
      child: () => log,
      error: (event, fields) => scene.now.faults.push(fields?.['err'] ?? new Error(event)),
    }
    const listeners: Server[] = []
    const seen = (message: unknown): void => {
      if (typeof message === 'object' && message !== null && 'server' in message && message.server instanceof Server)
        listeners.push(message.server)
    }
    subscribe(LISTENING, seen)
    const fixture = await startFixture({
      service,
      config,
      deps: {
        host: { ...directory(), now: () => CLOCK.now(), random: ({ octets }) => 'ab'.repeat(octets) },
        begin: () => scene.now.begin(),
        accepted: (id) => scene.now.accepted.push(id),
        traces: { append: (record) => scene.now.records.push(record) },
        log,
        metrics: noMetrics,
        clock: CLOCK,
        ids: { message: () => scene.now.ids.message(), session: () => scene.now.ids.session() },
        tlsContext: () => undefined,
      },
    })
    unsubscribe(LISTENING, seen)
    const [listener] = listeners
    if (listener === undefined) throw new Error('the server listens nowhere')
    return new MemoryServer(fixture, listener, scene)
  }

  /** Says `octets` in pieces of `size`, then ends. @throws what the server logged as an error: a bug of its own */
  async converse(octets: Buffer, size: number): Promise<Dialogue> {
    const scene = new Scene()
    this.#scene.now = scene
    const socket = new MemorySocket(cut(octets, size))
    const closed = new Promise((resolve) => socket.once('close', resolve))
    this.#listener.emit('connection', socket)
    await closed
    while (this.#fixture.server.connections() > 0) await turn()
    if (scene.faults.length > 0) throw scene.faults[0]
    return { ...scene, said: socket.said }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#fixture[Symbol.asyncDispose]()
  }
}

/** Node tells of each server that begins to listen. */
const LISTENING = 'tracing:net.server.listen:asyncStart'
/** Stands still: no wait of a session ever ends by time. */
const CLOCK = new ManualClock()

/** What one session leaves behind. */
class Scene {
  readonly ids = createIds(() => CLOCK.now(), 1)
  readonly committed: Committed[] = []
  readonly accepted: string[] = []
  readonly records: TraceRecord[] = []
  readonly faults: unknown[] = []
  openDrafts = 0

  begin(): Draft {
    this.openDrafts++
    let ended = false
    const content: Buffer[] = []
    const end = (): void => {
      if (ended) throw new Error('a draft ended twice')
      ended = true
      this.openDrafts--
    }
    return {
      write: async (chunk) => {
        if (ended) throw new Error('content for a draft that has ended')
        content.push(Buffer.from(chunk))
      },
      beginning: async (most) => Buffer.concat(content).subarray(0, most),
      commit: async (envelope) => {
        end()
        this.committed.push({ envelope, content: Buffer.concat(content) })
      },
      abort: async () => end(),
      [Symbol.asyncDispose]: async () => {
        if (!ended) end()
      },
    }
  }
}

/** The server's end. Each read gives one piece, whatever else is waiting. */
class MemorySocket extends Duplex {
  readonly remoteAddress = '127.0.0.1'
  readonly remotePort = 40_000
  readonly localAddress = '127.0.0.1'
  readonly localPort = 25
  readonly #pieces: Iterator<Uint8Array>
  readonly #said: Buffer[] = []

  constructor(pieces: Iterable<Uint8Array>) {
    super({ allowHalfOpen: true, readableHighWaterMark: 1 })
    this.#pieces = pieces[Symbol.iterator]()
  }

  get said(): Buffer {
    return Buffer.concat(this.#said)
  }

  override _read(): void {
    queueMicrotask(() => {
      const next = this.#pieces.next()
      this.push(next.done === true ? null : next.value)
    })
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#said.push(chunk)
    done()
  }

  destroySoon(): void {
    if (this.writable) this.end()
    if (this.writableFinished) this.destroy()
    else this.once('finish', () => this.destroy())
  }
}
