// SPDX-License-Identifier: Apache-2.0
/**
 * One connection to a next hop: octets out, replies in, each wait bounded (RFC 5321 §4.5.3.2). Whatever the other side
 * does ends in a reply or in a ConnectionFailure. A reply that comes before anything was asked is a confused or hostile
 * server, and counts as nothing.
 *
 * Whatever is waited for ends with the deadline that is heeded, too (deadline.ts).
 */
import { constants } from 'node:crypto'
import { once } from 'node:events'
import net from 'node:net'
import tls from 'node:tls'
import { Alarm } from '../clock/alarm.ts'
import type { Clock } from '../clock/clock.ts'
import { type ParsedReply, ReplyParser } from '../smtp/reply-parser.ts'
import { wireSafe } from '../smtp/wire-safe.ts'
import type { Deadline } from './deadline.ts'
import { ConnectionFailure } from './failure.ts'
import { TIMEOUTS } from './timeouts.ts'

export type Endpoint =
  | { readonly address: string; readonly port: number; readonly bindAddress?: string }
  | { readonly socket: string }

/** Where octets come to lie until they are understood, which is at once: one place for all connections. */
const ARRIVED = Buffer.allocUnsafeSlow(16 * 1024)
const NOTHING = new Uint8Array(0)

/** What somebody waits for. There is one such wait at a time. */
interface Wait {
  /** Looked at whenever something has happened; `undefined` until it has come. @throws ConnectionFailure */
  readonly look: () => unknown
  /** What the other side did not do when it is over time, for people. */
  readonly undone: string
  readonly resolve: (found: unknown) => void
  readonly reject: (error: unknown) => void
}

export class ClientConnection implements AsyncDisposable {
  #socket: net.Socket
  #parser = new ReplyParser()
  /** How it came to nothing. An error is made of it where it is one: most connections end when nobody needs them. */
  #failed: { readonly kind: ConnectionFailure['kind']; readonly text: string } | undefined
  #wait: Wait | undefined
  /** The other end, for people: `192.0.2.1:25`, or the path of a socket. */
  readonly peer: string
  #tls: tls.TLSSocket | undefined

  readonly #clock: Clock
  readonly #alarm: Alarm
  /** The wait at hand is over time. */
  #late = false
  #heeded: Deadline | undefined
  /** The wait at hand ends with what is heeded, not with its own time. */
  #endsEarly = false

  private constructor(endpoint: Endpoint, clock: Clock) {
    this.#clock = clock
    this.#alarm = new Alarm(clock, () => {
      this.#late = true
      this.#wake()
    })
    const onread: net.OnReadOpts = {
      buffer: ARRIVED,
      callback: (octets, arrived) => {
        this.#take(arrived, octets)
        return true
      },
    }
    if ('socket' in endpoint) {
      this.peer = endpoint.socket
      this.#socket = net.connect({ path: endpoint.socket, onread })
    } else {
      const { address: host, port, bindAddress } = endpoint
      this.peer = net.isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`
      const from = bindAddress === undefined ? {} : { localAddress: bindAddress }
      this.#socket = net.connect({ host, port, noDelay: true, onread, ...from })
    }
    this.#listen(this.#socket)
  }

  /** Heeds the deadline it is given. @throws ConnectionFailure */
  static async connect(
    endpoint: Endpoint,
    options: { readonly timeoutMs: number; readonly deadline: Deadline; readonly clock: Clock },
  ): Promise<ClientConnection> {
    const connection = new ClientConnection(endpoint, options.clock)
    connection.heed(options.deadline)
    try {
      await connection.#connected(options.timeoutMs)
      return connection
    } catch (error) {
      connection.destroy()
      throw error
    }
  }

  get secure(): { readonly version: string; readonly cipher: string } | undefined {
    return this.#tls === undefined
      ? undefined
      : { version: this.#tls.getProtocol() ?? '', cipher: this.#tls.getCipher().name }
  }

  get alive(): boolean {
    return this.#failed === undefined
  }

  /** Octets nobody asked for have come. */
  get outOfStep(): boolean {
    return this.#parser.bytesPending > 0
  }

  /** From now on no wait goes on when this is over; `undefined` when there will be none for the time being. */
  heed(deadline: Deadline | undefined): void {
    if (this.#heeded === deadline) return
    this.#heeded?.wish.removeEventListener('abort', this.#wake)
    deadline?.wish.addEventListener('abort', this.#wake)
    this.#heeded = deadline
  }

  /**
   * Waits until the octets are out of this process, as long as the other side lets them: mostly they are at once, and
   * there is nothing to wait for. @throws ConnectionFailure
   */
  write(bytes: Uint8Array | string, timeoutMs: number): Promise<unknown> | undefined {
    this.#requireAlive()
    // Under TLS nothing goes at once.
    if (this.#tls === undefined) this.#socket.write(bytes)
    else this.#socket.write(bytes, this.#wake)
    return this.#socket.writableLength === 0 ? undefined : this.#gone(timeoutMs)
  }

  /**
   * One command line. Whoever made its words, a line end or NUL among them goes nowhere.
   * @throws ConnectionFailure; of kind `protocol` too when the other side has spoken before it was asked
   */
  async command(line: string, timeoutMs: number): Promise<ParsedReply> {
    if (!wireSafe(line)) throw new ConnectionFailure('setup', 'a command with a line end in it')
    this.requireInStep()
    await this.write(`${line}\r\n`, timeoutMs)
    return await this.reply(timeoutMs)
  }

  /** @throws ConnectionFailure when octets have come that nothing was asked for: they count as nothing. */
  requireInStep(): void {
    if (this.outOfStep) throw new ConnectionFailure('protocol', `${this.peer} replied before it was asked`)
  }

  /** The next reply, if it has come. @throws ConnectionFailure */
  replyAtHand(): ParsedReply | undefined {
    const reply = this.#parser.next()
    if (reply === undefined || !('problem' in reply)) return reply
    this.destroy()
    throw new ConnectionFailure('protocol', `${this.peer}: ${reply.problem}`)
  }

  /** The next reply, to be waited for. Rejects with ConnectionFailure. */
  reply(timeoutMs: number): Promise<ParsedReply> {
    return this.#until(this.#look, 'did not reply', timeoutMs)
  }

  /** What arrived before the connection failed still counts. */
  readonly #look = (): ParsedReply | undefined => this.replyAtHand()

  /** After the reply to STARTTLS. @throws ConnectionFailure */
  async startTls(options: tls.ConnectionOptions, timeoutMs: number): Promise<void> {
    // Octets behind the reply would be taken for replies under TLS: somebody in the middle put them there.
    // No reason to try again in the clear either, which is what they may have wanted.
    if (this.outOfStep) throw new ConnectionFailure('protocol', `${this.peer} sent octets before TLS`)
    this.#socket.removeAllListeners()
    this.#socket.on('error', () => {})
    // Nobody renegotiates with good reason, and TLS 1.3 knows no such thing.
    const secure = tls.connect({ secureOptions: constants.SSL_OP_NO_RENEGOTIATION, ...options, socket: this.#socket })
    this.#parser = new ReplyParser()
    this.#listen(secure)
    secure.on('data', (octets: Buffer) => this.#take(octets, octets.length))
    this.#socket = secure
    let done = false
    secure.once('secureConnect', () => {
      done = true
      this.#wake()
    })
    try {
      await this.#until(() => done || undefined, 'did not finish the TLS handshake', timeoutMs)
    } catch (error) {
      if (error instanceof ConnectionFailure && error.kind === 'aborted') throw error
      throw new ConnectionFailure('tls', messageOf(error), { cause: error })
    }
    this.#tls = secure
  }

  destroy(): void {
    this.#fail('closed', 'connection closed')
    this.#alarm.stop()
    this.heed(undefined)
    this.#socket.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#failed === undefined) {
      this.#socket.end('QUIT\r\n')
      const signal = AbortSignal.timeout(TIMEOUTS.quit)
      await once(this.#socket, 'close', { signal }).catch(() => {})
    }
    this.destroy()
  }

  /** Octets from the other side, so many of these; they are copied where they are kept. */
  #take(octets: Uint8Array, length: number): void {
    this.#parser.push(octets, length)
    // A flood ends here, whether or not anybody waits for a reply.
    if (this.#parser.broken !== undefined) {
      this.#fail('protocol', this.#parser.broken.problem)
      this.#socket.destroy()
    }
    this.#wake()
  }

  #fail(kind: ConnectionFailure['kind'], text: string): void {
    this.#failed ??= { kind, text }
  }

  #listen(socket: net.Socket): void {
    const fail = (text: string): void => {
      this.#fail('closed', text)
      this.#wake()
    }
    socket.on('error', (error) => fail(error.message))
    socket.on('end', () => fail('connection closed by the other side'))
    socket.on('close', () => {
      fail('connection closed')
      this.#alarm.stop()
    })
  }

  async #connected(timeoutMs: number): Promise<void> {
    let done = false
    let refused = ''
    this.#socket.once('connect', () => {
      done = true
      this.#wake()
    })
    this.#socket.once('error', ({ message }) => {
      refused = message
    })
    try {
      await this.#until(() => done || undefined, 'did not answer', timeoutMs)
    } catch (error) {
      if (this.#heeded?.wish.aborted) throw this.#heeded.failure
      const why = this.#late ? ' in time' : `: ${refused === '' ? messageOf(error) : refused}`
      throw new ConnectionFailure('connect', `no connection to ${this.peer}${why}`)
    }
  }

  #gone(timeoutMs: number): Promise<unknown> {
    // A write of nothing, behind what did not go at once, tells when that is gone.
    if (this.#tls === undefined) this.#socket.write(NOTHING, this.#wake)
    return this.#until(() => this.#socket.writableLength === 0 || undefined, 'took no more octets', timeoutMs)
  }

  /** Until `look` finds something. Rejects with ConnectionFailure when there is nothing to wait for any more. */
  #until<T>(look: () => T | undefined, undone: string, timeoutMs: number): Promise<T> {
    const now = this.#clock.monotonic()
    const endsAt = this.#heeded?.at ?? Number.POSITIVE_INFINITY
    this.#late = endsAt <= now
    this.#endsEarly = endsAt <= now + timeoutMs
    this.#alarm.until(Math.min(now + timeoutMs, endsAt))
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    this.#wait = { look, undone, resolve: resolve as Wait['resolve'], reject }
    this.#wake()
    return promise
  }

  /** Something has happened: ends the wait that it ends. */
  readonly #wake = (): void => {
    const wait = this.#wait
    if (wait === undefined) return
    try {
      const found = wait.look()
      if (found === undefined) {
        this.#requireHope(wait)
        return
      }
      wait.resolve(found)
    } catch (error) {
      wait.reject(error)
    }
    this.#wait = undefined
    this.#alarm.clear()
  }

  /** @throws ConnectionFailure */
  #requireAlive(): void {
    if (this.#failed !== undefined) throw new ConnectionFailure(this.#failed.kind, `${this.peer}: ${this.#failed.text}`)
  }

  /** @throws ConnectionFailure when there is nothing to wait for any more */
  #requireHope({ undone }: Wait): void {
    this.#requireAlive()
    const heeded = this.#heeded
    if (heeded !== undefined && (heeded.wish.aborted || (this.#late && this.#endsEarly))) throw heeded.failure
    if (this.#late) throw new ConnectionFailure('timeout', `${this.peer} ${undone} in time`)
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
