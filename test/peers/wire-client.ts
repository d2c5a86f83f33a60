// SPDX-License-Identifier: Apache-2.0
/** The octets of a client for tests, whatever it speaks: sends whole or in pieces, waits with a deadline, speaks TLS. */
import { connect, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'

/** Pieces a write is cut into at most: long writes are cut coarser. */
const MAX_PIECES = 1500

export interface WireOptions {
  /** Loopback address to come from. */
  readonly from?: string
  /** Octets of each piece; 0 for whole writes. */
  readonly cut?: number
}

export const connected = async (port: number, { from }: WireOptions): Promise<Socket> => {
  const localAddress = from === undefined ? {} : { localAddress: from }
  const socket = connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true, ...localAddress })
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  return socket
}

export class WireClient implements AsyncDisposable {
  /** What has come and was not read yet. */
  protected received = Buffer.alloc(0)
  /** The server closed, or the connection broke. */
  protected ended = false
  readonly #cut: number
  readonly #patienceMs: number
  #socket: Socket
  #wake = (): void => {}

  constructor(socket: Socket, { cut = 0 }: WireOptions, patienceMs: number) {
    this.#socket = socket
    this.#cut = cut
    this.#patienceMs = patienceMs
    this.#listen(socket)
  }

  async send(text: string | Uint8Array): Promise<void> {
    const octets = Buffer.from(text)
    const size = this.#cut === 0 ? octets.length : Math.max(this.#cut, Math.ceil(octets.length / MAX_PIECES))
    for (let at = 0; at < octets.length; at += size) {
      if (this.#socket.destroyed) return
      this.#socket.write(octets.subarray(at, at + size))
      if (this.#cut > 0) await turn()
    }
  }

  async startTls(): Promise<void> {
    if (this.received.length > 0) throw new Error(`octets before the handshake: ${this.#shown()}`)
    this.#socket.removeAllListeners()
    const socket = connectTls({ socket: this.#socket, rejectUnauthorized: false })
    await new Promise<void>((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject))
    this.#socket = socket
    this.#listen(socket)
  }

  /** Reads no more. */
  pause(): void {
    this.#socket.pause()
  }

  shut(): void {
    this.#socket.end()
  }

  /** Everything until the server closes. */
  async rest(): Promise<string> {
    await this.until(() => this.ended, 'the server does not close')
    return this.received.toString()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy()
  }

  protected async until(done: () => boolean, complaint: string): Promise<void> {
    const deadline = Date.now() + this.#patienceMs
    while (!done()) {
      const left = deadline - Date.now()
      if (left <= 0) throw new Error(`${complaint}; received ${this.#shown()}`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  #shown(): string {
    return JSON.stringify(this.received.toString())
  }

  #listen(socket: Socket): void {
    socket.on('data', (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk])
      this.#wake()
    })
    const end = (): void => {
      this.ended = true
      this.#wake()
    }
    socket.on('end', end).on('close', end).on('error', end)
    // As clients do: when the server has ended, so do we.
    socket.on('end', () => socket.end())
  }
}
