// SPDX-License-Identifier: Apache-2.0
/**
 * One connection to a next hop: octets out, replies in, each wait bounded (RFC 5321 §4.5.3.2). Whatever the other side
 * does ends in a reply or in a ConnectionFailure. A reply that comes before anything was asked is a confused or hostile
 * server, and counts as nothing.
 *
 * A signal may carry a ConnectionFailure as its reason (deadline.ts); with any other, this server is stopping.
 */
import { constants } from 'node:crypto'
import { once } from 'node:events'
import net from 'node:net'
import tls from 'node:tls'
import { Alarm } from '../clock/alarm.ts'
import type { Clock } from '../clock/clock.ts'
import { type ParsedReply, ReplyParser } from '../smtp/reply-parser.ts'
import { wireSafe } from '../smtp/wire-safe.ts'

/** The least that RFC 5321 §4.5.3.2.1 to §4.5.3.2.6 asks for, milliseconds: who needs longer is tried again later. */
export const TIMEOUTS = {
  greeting: 300_000,
  mail: 300_000,
  rcpt: 300_000,
  dataInit: 120_000,
  dataBlock: 180_000,
  dataEnd: 600_000,
  /** Not in the RFC: EHLO, STARTTLS, AUTH, RSET. */
  command: 300_000,
  /**
   * Not in the RFC: from the connection to the end of AUTH. A host that is slow at every step must leave time for the
   * next one.
   */
  session: 600_000,
  /** Nobody waits long for a goodbye. */
  quit: 2_000,
} as const

/** `setup`: we cannot begin, because of our own configuration. */
type FailureKind = 'connect' | 'timeout' | 'closed' | 'protocol' | 'tls' | 'aborted' | 'setup'

const STATUS: Readonly<Record<FailureKind, string>> = {
  connect: '4.4.1',
  timeout: '4.4.1',
  closed: '4.4.2',
  protocol: '4.4.2',
  tls: '4.7.5',
  aborted: '4.3.2',
  setup: '4.3.5',
}

interface Wait {
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

export class ConnectionFailure extends Error {
  override readonly name = 'ConnectionFailure'
  readonly kind: FailureKind
  constructor(kind: FailureKind, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.kind = kind
  }
  /** RFC 3463 §3.5, §3.8; always "later". */
  get status(): string {
    return STATUS[this.kind]
  }
}

export type Endpoint =
  | { readonly address: string; readonly port: number; readonly bindAddress?: string }
  | { readonly socket: string }

export class ClientConnection implements AsyncDisposable {
  #socket: net.Socket
  #parser = new ReplyParser()
  #failure: ConnectionFailure | undefined
  #wake: () => void = () => {}
  /** The other end, for people: `192.0.2.1:25`, or the path of a socket. */
  readonly peer: string
  #tls: tls.TLSSocket | undefined

  readonly #alarm: Alarm
  /** The wait at hand is over time. */
  #late = false
  /** The signal of the delivery at hand, which wakes whoever waits. */
  #heeded: AbortSignal | undefined
  /** It has fired. Asked once: an AbortSignal makes more of the question than a look at each wait is worth. */
  #aborted = false
  readonly #onWake = (): void => this.#wake()
  readonly #onAbort = (): void => {
    this.#aborted = true
    this.#wake()
  }

  private constructor(socket: net.Socket, peer: string, clock: Clock) {
    this.#socket = socket
    this.peer = peer
    this.#alarm = new Alarm(clock, () => {
      this.#late = true
      this.#wake()
    })
    this.#listen(socket)
  }

  static async connect(endpoint: Endpoint, options: Wait & { readonly clock: Clock }): Promise<ClientConnection> {
    const path = 'socket' in endpoint
    const peer = path
      ? endpoint.socket
      : net.isIP(endpoint.address) === 6
        ? `[${endpoint.address}]:${endpoint.port}`
        : `${endpoint.address}:${endpoint.port}`
    const socket = path
      ? net.connect({ path: endpoint.socket })
      : net.connect({
          host: endpoint.address,
          port: endpoint.port,
          noDelay: true,
          ...(endpoint.bindAddress === undefined ? {} : { localAddress: endpoint.bindAddress }),
        })
    const late = new AbortController()
    const cancel = options.clock.after(options.timeoutMs, () => late.abort())
    try {
      await once(socket, 'connect', { signal: AbortSignal.any([options.signal, late.signal]) })
    } catch (error) {
      socket.destroy()
      if (options.signal.aborted) throw failureOf(options.signal)
      const why = late.signal.aborted ? ' in time' : `: ${messageOf(error)}`
      throw new ConnectionFailure('connect', `no connection to ${peer}${why}`)
    } finally {
      cancel()
    }
    return new ClientConnection(socket, peer, options.clock)
  }

  get secure(): { readonly version: string; readonly cipher: string } | undefined {
    return this.#tls === undefined
      ? undefined
      : { version: this.#tls.getProtocol() ?? '', cipher: this.#tls.getCipher().name }
  }

  get alive(): boolean {
    return this.#failure === undefined
  }

  /** Octets nobody asked for have come. */
  get outOfStep(): boolean {
    return this.#parser.bytesPending > 0
  }

  /** Waits until the octets are out of this process, as long as the other side lets them. @throws ConnectionFailure */
  async write(bytes: Uint8Array | string, options: Wait): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    this.#socket.write(bytes, this.#onWake)
    await this.#until(() => this.#socket.writableLength === 0, options, 'took no more octets')
  }

  /**
   * One command line. Whoever made its words, a line end or NUL among them goes nowhere.
   * @throws ConnectionFailure; of kind `protocol` too when the other side has spoken before it was asked
   */
  async command(line: string, options: Wait): Promise<ParsedReply> {
    if (!wireSafe(line)) throw new ConnectionFailure('setup', 'a command with a line end in it')
    this.requireInStep()
    await this.write(`${line}\r\n`, options)
    return await this.reply(options)
  }

  /** @throws ConnectionFailure when octets have come that nothing was asked for: they count as nothing. */
  requireInStep(): void {
    if (this.outOfStep) throw new ConnectionFailure('protocol', `${this.peer} replied before it was asked`)
  }

  /** The next reply. @throws ConnectionFailure */
  async reply(options: Wait): Promise<ParsedReply> {
    let reply = this.#parser.next()
    const came = (): boolean => {
      reply ??= this.#parser.next()
      return reply !== undefined
    }
    await this.#until(came, options, 'did not reply')
    if (reply === undefined) throw new ConnectionFailure('protocol', 'no reply')
    if ('problem' in reply) {
      this.destroy()
      throw new ConnectionFailure('protocol', `${this.peer}: ${reply.problem}`)
    }
    return reply
  }

  /** After the reply to STARTTLS. @throws ConnectionFailure */
  async startTls(options: tls.ConnectionOptions, wait: Wait): Promise<void> {
    // Octets behind the reply would be taken for replies under TLS: somebody in the middle put them there.
    // No reason to try again in the clear either, which is what they may have wanted.
    if (this.outOfStep) throw new ConnectionFailure('protocol', `${this.peer} sent octets before TLS`)
    this.#socket.removeAllListeners()
    this.#socket.on('error', () => {})
    // Nobody renegotiates with good reason, and TLS 1.3 knows no such thing.
    const secure = tls.connect({ secureOptions: constants.SSL_OP_NO_RENEGOTIATION, ...options, socket: this.#socket })
    this.#parser = new ReplyParser()
    this.#listen(secure)
    this.#socket = secure
    let done = false
    secure.once('secureConnect', () => {
      done = true
      this.#wake()
    })
    try {
      await this.#until(() => done, wait, 'did not finish the TLS handshake')
    } catch (error) {
      if (error instanceof ConnectionFailure && error.kind === 'aborted') throw error
      throw new ConnectionFailure('tls', messageOf(error), { cause: error })
    }
    this.#tls = secure
  }

  destroy(): void {
    this.#failure ??= new ConnectionFailure('closed', `${this.peer}: connection closed`)
    this.#alarm.stop()
    this.#heed(undefined)
    this.#socket.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#failure === undefined) {
      this.#socket.end('QUIT\r\n')
      const signal = AbortSignal.timeout(TIMEOUTS.quit)
      await once(this.#socket, 'close', { signal }).catch(() => {})
    }
    this.destroy()
  }

  #listen(socket: net.Socket): void {
    const fail = (kind: ConnectionFailure['kind'], text: string): void => {
      this.#failure ??= new ConnectionFailure(kind, `${this.peer}: ${text}`)
      this.#wake()
    }
    socket.on('data', (chunk: Buffer) => {
      this.#parser.push(chunk)
      // A flood ends here, whether or not anybody waits for a reply.
      if (this.#parser.broken !== undefined) {
        fail('protocol', this.#parser.broken.problem)
        socket.destroy()
      }
      this.#wake()
    })
    socket.on('error', (error) => fail('closed', error.message))
    socket.on('end', () => fail('closed', 'connection closed by the other side'))
    socket.on('close', () => {
      fail('closed', 'connection closed')
      this.#alarm.stop()
    })
  }

  async #until(done: () => boolean, { timeoutMs, signal }: Wait, else_: string): Promise<void> {
    if (done()) return
    this.#late = false
    this.#alarm.set(timeoutMs)
    this.#heed(signal)
    for (;;) {
      // What arrived before the connection failed still counts.
      if (done()) break
      if (this.#failure !== undefined) throw this.#failure
      if (this.#aborted) throw failureOf(signal)
      if (this.#late) throw new ConnectionFailure('timeout', `${this.peer} ${else_} in time`)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    this.#alarm.clear()
  }

  /** One listener for all the waits of a delivery. */
  #heed(signal: AbortSignal | undefined): void {
    if (this.#heeded === signal) return
    this.#heeded?.removeEventListener('abort', this.#onAbort)
    signal?.addEventListener('abort', this.#onAbort)
    this.#heeded = signal
    this.#aborted = signal?.aborted ?? false
  }
}

const failureOf = ({ reason }: AbortSignal): ConnectionFailure =>
  reason instanceof ConnectionFailure ? reason : new ConnectionFailure('aborted', 'the server is stopping')
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
