// SPDX-License-Identifier: Apache-2.0
/**
 * A socket as a session's host sees it: the next octets with a deadline, write, upgrade to TLS, close so that the last
 * reply arrives. Octets come by themselves while they are taken, and at most one arrival and one buffer of the socket
 * wait here, so a client that sends faster than we work is held up by TCP; a client that does not read its replies is
 * held up here.
 */
import type { Socket } from 'node:net'
import type { SecureContext, TLSSocket } from 'node:tls'
import { Alarm } from '../clock/alarm.ts'
import type { Clock } from '../clock/clock.ts'
import { LINGER_MS } from './limits.ts'
import { shakeHands } from './tls.ts'

/** `end`: the client sends nothing more. `gone`: nothing can be sent to it either. `stop`: the server is stopping. */
export type Arrival = Buffer | 'end' | 'gone' | 'timeout' | 'stop'

export class Wire {
  #socket: Socket
  readonly #clock: Clock
  /** What came and was not taken; the socket is paused meanwhile. */
  #arrived: Buffer | undefined
  #ended = false
  #gone = false
  #secure = false
  #stop = false
  /** The time of the last wait was over, and nobody knows yet. */
  #late = false
  #wake: (() => void) | undefined
  readonly #alarm: Alarm

  constructor(socket: Socket, clock: Clock) {
    this.#socket = socket
    this.#clock = clock
    this.#alarm = new Alarm(clock, () => {
      this.#late = true
      this.#awake()
    })
    this.#listen(socket)
  }

  get gone(): boolean {
    return this.#gone
  }

  /** What is there, without waiting; `undefined`: nothing yet, see `wait`. */
  next({ stoppable }: { readonly stoppable: boolean }): Arrival | undefined {
    const late = this.#late
    this.#late = false
    const arrived = this.#arrived
    if (arrived !== undefined) {
      this.#arrived = undefined
      if (this.#socket.isPaused()) this.#socket.resume()
      return arrived
    }
    if (this.#gone) return 'gone'
    if (this.#ended) return 'end'
    if (this.#stop && stoppable) return 'stop'
    return late ? 'timeout' : undefined
  }

  /**
   * Nothing is there: calls `wake` once something may be, or the time is over. One waits at a time.
   * @param deadline monotonic milliseconds
   */
  wait(deadline: number, wake: () => void): void {
    this.#wake = wake
    this.#alarm.until(deadline)
  }

  /** The next octets. @param timeoutMs from now */
  async read(timeoutMs: number, options: { readonly stoppable: boolean }): Promise<Arrival> {
    const deadline = this.#clock.monotonic() + timeoutMs
    this.#late = timeoutMs <= 0
    for (;;) {
      const arrival = this.next(options)
      if (arrival !== undefined) return arrival
      await new Promise<void>((resolve) => this.wait(deadline, resolve))
    }
  }

  /** Drops what has come and was not taken. @returns how many octets */
  drop(): number {
    const socket = this.#socket
    let octets = this.#arrived?.length ?? 0
    this.#arrived = undefined
    socket.off('data', this.#onData)
    for (let chunk: Buffer | null = socket.read(); chunk !== null; chunk = socket.read()) octets += chunk.length
    socket.on('data', this.#onData)
    if (socket.isPaused()) socket.resume()
    return octets
  }

  /** Sends. Resolves at once, or when a client that does not read has caught up. `false`: it did not in time. */
  write(text: string, timeoutMs: number): true | Promise<boolean> {
    if (this.#gone || text === '') return true
    if (this.#socket.write(text)) return true
    return this.#drained(timeoutMs)
  }

  /** Wakes who waits for what is stoppable, now and later. */
  stop(): void {
    this.#stop = true
    this.#awake()
  }

  /**
   * Shakes hands. What was received and not taken counts as the client's part of it, so a caller must drop what came
   * behind STARTTLS in the clear (RFC 3207 §6). @throws when the handshake fails
   */
  async upgrade(context: SecureContext): Promise<{ readonly version: string; readonly cipher: string }> {
    this.#socket.pause() // what comes meanwhile waits for those who shake hands
    this.#forget(this.#socket)
    if (this.#arrived !== undefined && !this.#ended) this.#socket.unshift(this.#arrived)
    this.#arrived = undefined
    // The plain socket keeps a listener for errors for as long as it lives beneath the TLS socket.
    this.#socket.on('error', () => {})
    try {
      if (this.#ended) throw new Error('connection closed before the TLS handshake')
      const { socket, version, cipher } = await shakeHands(this.#socket, context, this.#clock)
      this.#socket = socket
      this.#secure = true
      this.#listen(socket)
      return { version, cipher }
    } catch (error) {
      this.#gone = true
      throw error
    }
  }

  /**
   * Closes where the client sends nothing more (RFC 5321 §4.1.1.10), so that no reset can take the last reply with it, and
   * the system has that reply. @returns `false` where it is not so; then `close` has to wait
   */
  closeAtOnce(): boolean {
    const socket = this.#socket
    // Under TLS the client still says that it closes.
    if (this.#secure || this.#arrived !== undefined || socket.writableLength > 0) return false
    this.#alarm.stop()
    socket.destroy()
    return true
  }

  /**
   * Ends our side; what the client still sends is dropped for a moment, lest a reset takes the last reply with it.
   * Resolves when the connection is closed on both sides.
   */
  async close(): Promise<void> {
    this.#alarm.stop()
    const socket = this.#socket
    if (socket.closed) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#forget(socket)
    socket.on('error', () => {})
    socket.once('close', resolve)
    if (this.#gone) socket.destroy()
    else if (this.#ended) socket.destroySoon()
    else {
      socket.once('end', () => socket.destroySoon())
      socket.end()
      socket.resume()
    }
    const cancel = this.#clock.after(LINGER_MS, () => socket.destroy())
    await promise
    cancel()
  }

  destroy(): void {
    this.#gone = true
    this.#socket.destroy()
    this.#awake()
  }

  readonly #onData = (octets: Buffer): void => {
    this.#arrived = octets
    this.#awake()
    if (this.#arrived !== undefined) this.#socket.pause()
  }
  readonly #onEnd = (): void => {
    this.#ended = true
    this.#awake()
  }
  readonly #onGone = (): void => {
    this.#gone = true
    this.#awake()
  }

  #listen(socket: Socket | TLSSocket): void {
    socket.on('data', this.#onData)
    socket.on('end', this.#onEnd)
    socket.on('error', this.#onGone)
    socket.on('close', this.#onGone)
  }

  #forget(socket: Socket): void {
    socket.off('data', this.#onData)
    socket.off('end', this.#onEnd)
    socket.off('error', this.#onGone)
    socket.off('close', this.#onGone)
  }

  async #drained(timeoutMs: number): Promise<boolean> {
    const socket = this.#socket
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const over = (): void => resolve(true)
    socket.once('drain', over).once('close', over)
    const cancel = this.#clock.after(timeoutMs, () => resolve(false))
    const caughtUp = await promise
    cancel()
    socket.off('drain', over).off('close', over)
    return caughtUp
  }

  #awake(): void {
    const wake = this.#wake
    if (wake === undefined) return
    this.#wake = undefined
    this.#alarm.clear()
    wake()
  }
}
