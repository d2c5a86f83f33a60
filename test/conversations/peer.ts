// SPDX-License-Identifier: Apache-2.0
/** A bare client for conversations: sends octets whole or in pieces, reads replies, speaks TLS when told. */
import { connect, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'

export interface ReceivedReply {
  readonly code: string
  readonly enhanced: string
  /** All lines without code and enhanced code, joined with LF. */
  readonly text: string
  readonly raw: string
}

const PATIENCE_MS = 5000
/** Pieces a write is cut into at most: long writes are cut coarser. */
const MAX_PIECES = 1500

export class Peer implements AsyncDisposable {
  #socket: Socket
  #received = ''
  #ended = false
  #wake = (): void => {}
  readonly #cut: number

  private constructor(socket: Socket, cut: number) {
    this.#socket = socket
    this.#cut = cut
    this.#listen(socket)
  }

  /** @param cut octets of each piece; 0 for whole writes */
  static async connect(port: number, options: { readonly from?: string; readonly cut?: number } = {}): Promise<Peer> {
    const localAddress = options.from === undefined ? {} : { localAddress: options.from }
    const socket = connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true, ...localAddress })
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    return new Peer(socket, options.cut ?? 0)
  }

  async send(octets: Uint8Array): Promise<void> {
    const size = this.#cut === 0 ? octets.length : Math.max(this.#cut, Math.ceil(octets.length / MAX_PIECES))
    for (let at = 0; at < octets.length; at += size) {
      if (this.#socket.destroyed) return
      this.#socket.write(octets.subarray(at, at + size))
      if (this.#cut > 0) await turn()
    }
  }

  async reply(): Promise<ReceivedReply> {
    const raw: string[] = []
    for (;;) {
      const line = await this.#line()
      raw.push(line)
      if (!/^\d{3}-/.test(line)) break
    }
    const parsed = raw.map((line) => /^(\d{3})[ -](?:([245]\.\d{1,3}\.\d{1,3}) )?(.*)$/.exec(line))
    const last = parsed.at(-1)
    if (last === undefined || last === null) throw new Error(`no reply: ${JSON.stringify(raw)}`)
    const text = parsed.map((found) => found?.[3] ?? '').join('\n')
    return { code: last[1] ?? '', enhanced: last[2] ?? '', text, raw: raw.join('\n') }
  }

  async startTls(): Promise<void> {
    if (this.#received !== '') throw new Error(`octets before the handshake: ${JSON.stringify(this.#received)}`)
    this.#socket.removeAllListeners()
    const socket = connectTls({ socket: this.#socket, rejectUnauthorized: false })
    await new Promise<void>((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject))
    this.#socket = socket
    this.#listen(socket)
  }

  shut(): void {
    this.#socket.end()
  }

  /** Everything until the server closes. */
  async rest(): Promise<string> {
    await this.#until(() => this.#ended, 'the server does not close')
    return this.#received
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy()
  }

  async #line(): Promise<string> {
    await this.#until(() => this.#received.includes('\r\n') || this.#ended, 'no reply')
    const end = this.#received.indexOf('\r\n')
    if (end < 0) throw new Error(`closed without a reply, after ${JSON.stringify(this.#received)}`)
    const line = this.#received.slice(0, end)
    this.#received = this.#received.slice(end + 2)
    return line
  }

  async #until(done: () => boolean, complaint: string): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS
    while (!done()) {
      const left = deadline - Date.now()
      if (left <= 0) throw new Error(`${complaint}; received ${JSON.stringify(this.#received)}`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  #listen(socket: Socket): void {
    socket.on('data', (chunk: Buffer) => {
      this.#received += chunk.toString()
      this.#wake()
    })
    const end = (): void => {
      this.#ended = true
      this.#wake()
    }
    socket.on('end', end).on('close', end).on('error', end)
    // As clients do: when the server has ended, so do we.
    socket.on('end', () => socket.end())
  }
}
