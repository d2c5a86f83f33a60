// SPDX-License-Identifier: Apache-2.0
/** A bare ManageSieve client for tests: sends octets whole or in pieces, reads lines with their literals, speaks TLS. */
import { connect, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'

const PATIENCE_MS = 20_000
/** Pieces a write is cut into at most. */
const MAX_PIECES = 1500

export interface Reply {
  readonly is: string
  readonly code: string
  readonly text: string
}

export class Client implements AsyncDisposable {
  #socket: Socket
  #received = Buffer.alloc(0)
  #ended = false
  #wake = (): void => {}
  readonly #cut: number

  private constructor(socket: Socket, cut: number) {
    this.#socket = socket
    this.#cut = cut
    this.#listen(socket)
  }

  /** @param cut octets of each piece; 0 for whole writes */
  static async connect(port: number, cut = 0): Promise<Client> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true })
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    return new Client(socket, cut)
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

  /** One line without its end; a literal in it as it came, with its size before it. */
  async line(): Promise<string> {
    let end = 0
    for (;;) {
      const from = end
      await this.#until(() => this.#received.indexOf('\r\n', from) >= 0 || this.#ended, 'no line')
      const lf = this.#received.indexOf('\r\n', from)
      if (lf < 0) throw new Error(`closed without a line, after ${JSON.stringify(this.#received.toString())}`)
      const size = /\{(\d+)\}$/.exec(this.#received.subarray(from, lf).toString('latin1'))?.[1]
      end = lf + 2
      if (size === undefined) break
      end += Number(size)
      await this.#until(() => this.#received.length >= end || this.#ended, 'no literal')
    }
    const line = this.#received.subarray(0, end - 2).toString()
    this.#received = this.#received.subarray(end)
    return line
  }

  /** The next reply, and the lines before it. */
  async reply(): Promise<Reply & { readonly before: readonly string[] }> {
    const before: string[] = []
    for (;;) {
      const line = await this.line()
      const reply = parseReply(line)
      if (reply !== undefined) return { ...reply, before }
      before.push(line)
    }
  }

  /** Sends one line, and reads what comes back for it. */
  async ask(line: string): Promise<Reply & { readonly before: readonly string[] }> {
    await this.send(`${line}\r\n`)
    return await this.reply()
  }

  async startTls(): Promise<void> {
    if (this.#received.length > 0) throw new Error(`before the handshake: ${JSON.stringify(this.#received.toString())}`)
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
    await this.#until(() => this.#ended, 'the server does not close')
    return this.#received.toString()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy()
  }

  async #until(done: () => boolean, complaint: string): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS
    while (!done()) {
      const left = deadline - Date.now()
      if (left <= 0) throw new Error(`${complaint}; received ${JSON.stringify(this.#received.toString())}`)
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
      this.#received = Buffer.concat([this.#received, chunk])
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

export function parseReply(line: string): Reply | undefined {
  const found = /^(OK|NO|BYE)(?: \(((?:"(?:[^"\\]|\\.)*"|[^")])*)\))?(?: (.*))?$/s.exec(line)
  if (found === null) return undefined
  const [, is = '', code = '', text = ''] = found
  return { is, code, text: unquote(text) }
}

/** The string that a quoted string or a literal stands for. */
export const unquote = (text: string): string =>
  text.startsWith('{') ? text.slice(text.indexOf('\n') + 1) : text.replace(/^"|"$/g, '').replace(/\\(.)/g, '$1')
