// SPDX-License-Identifier: Apache-2.0
/**
 * A socket as a session's host sees it: read the next octets with a deadline, write, upgrade to TLS, close so that the
 * last reply arrives. Nothing is read ahead of being asked for, so a client that sends faster than we work is held up
 * by TCP; a client that does not read its replies is held up here.
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
  #ended = false
  #gone = false
  #stop = false
  #wake: (() => void) | undefined
  readonly #alarm: Alarm

  constructor(socket: Socket, clock: Clock) {
    this.#socket = socket
    this.#clock = clock
    this.#alarm = new Alarm(clock, () => this.#wake?.())
    this.#listen(socket)
  }

  get gone(): boolean {
    return this.#gone
  }

  /** What is there already, without waiting. */
  readNow(): Buffer | undefined {
    const chunk: Buffer | null = this.#socket.read()
    return chunk ?? undefined
  }

  /** The next octets. @param timeoutMs from now */
  async read(timeoutMs: number, options: { readonly stoppable: boolean }): Promise<Arrival> {
    let deadline: number | undefined
    for (let left = timeoutMs; ; ) {
      const chunk = this.readNow()
      if (chunk !== undefined) return chunk
      if (this.#gone) return 'gone'
      if (this.#ended) return 'end'
      if (this.#stop && options.stoppable) return 'stop'
      if (left <= 0) return 'timeout'
      deadline ??= this.#clock.monotonic() + timeoutMs
      await this.#wait(left)
      left = deadline - this.#clock.monotonic()
    }
  }

  /** Sends. Resolves at once, or when a client that does not read has caught up. `false`: it did not in time. */
  write(text: string, timeoutMs: number): true | Promise<boolean> {
    if (this.#gone || text === '') return true
    if (this.#socket.write(text)) return true
    return this.#drained(timeoutMs)
  }

  /** Wakes a stoppable read, now and later. */
  stop(): void {
    this.#stop = true
    this.#wake?.()
  }

  /**
   * Shakes hands. What was received and not read counts as the client's part of it, so a caller must read and drop
   * what came behind STARTTLS in the clear (RFC 3207 §6). @throws when the handshake fails
   */
  async upgrade(context: SecureContext): Promise<{ readonly version: string; readonly cipher: string }> {
    this.#forget(this.#socket)
    // The plain socket keeps a listener for errors for as long as it lives beneath the TLS socket.
    this.#socket.on('error', () => {})
    try {
      const { socket, version, cipher } = await shakeHands(this.#socket, context, this.#clock)
      this.#socket = socket
      this.#listen(socket)
      return { version, cipher }
    } catch (error) {
      this.#gone = true
      throw error
    }
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
    this.#wake?.()
  }

  readonly #onReadable = (): void => this.#wake?.()
  readonly #onEnd = (): void => {
    this.#ended = true
    this.#wake?.()
  }
  readonly #onGone = (): void => {
    this.#gone = true
    this.#wake?.()
  }

  #listen(socket: Socket | TLSSocket): void {
    socket.on('readable', this.#onReadable)
    socket.on('drain', this.#onReadable)
    socket.on('end', this.#onEnd)
    socket.on('error', this.#onGone)
    socket.on('close', this.#onGone)
  }

  #forget(socket: Socket): void {
    socket.off('readable', this.#onReadable)
    socket.off('drain', this.#onReadable)
    socket.off('end', this.#onEnd)
    socket.off('error', this.#onGone)
    socket.off('close', this.#onGone)
  }

  async #drained(timeoutMs: number): Promise<boolean> {
    const deadline = this.#clock.monotonic() + timeoutMs
    while (this.#socket.writableNeedDrain && !this.#gone) {
      const left = deadline - this.#clock.monotonic()
      if (left <= 0) return false
      await this.#wait(left)
    }
    return true
  }

  async #wait(ms: number): Promise<void> {
    this.#alarm.set(ms)
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    this.#alarm.clear()
    this.#wake = undefined
  }
}
