// SPDX-License-Identifier: Apache-2.0
/**
 * The demo's SMTP client: says just what it is told, so that it can also say what no honest client would. Not a
 * delivery client; that is smtp-client/.
 */
import { once } from 'node:events'
import net from 'node:net'
import tls from 'node:tls'
import { ReplyParser } from '../smtp/reply-parser.ts'

export interface DemoReply {
  readonly code: number
  readonly lines: readonly string[]
}

export interface DemoClientOptions {
  /** Loopback address to come from. */
  readonly from: string
  readonly to: { readonly address: string; readonly port: number }
  /** TLS from the first octet. */
  readonly tls?: boolean
}

/** How long a reply may take. */
const REPLY_TIMEOUT_MS = 20_000

export class DemoClient implements AsyncDisposable {
  readonly #socket: net.Socket
  readonly #parser = new ReplyParser()
  #wake: () => void = () => {}
  #ended = false

  private constructor(socket: net.Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#parser.push(chunk)
      this.#wake()
    })
    for (const event of ['end', 'error', 'close'])
      socket.on(event, () => {
        this.#ended = true
        this.#wake()
      })
  }

  /** Connects and reads the greeting. */
  static async connect({
    from,
    to,
    tls: secure,
  }: DemoClientOptions): Promise<{ client: DemoClient; greeting: DemoReply }> {
    const socket = net.connect({ host: to.address, port: to.port, localAddress: from, noDelay: true })
    await once(socket, 'connect')
    // The demo's certificate is self-signed; this client is not here to be sure whom it talks to.
    const plain = secure !== true
    const stream = plain ? socket : tls.connect({ socket, rejectUnauthorized: false })
    if (!plain) await once(stream, 'secureConnect')
    const client = new DemoClient(stream)
    return { client, greeting: await client.reply() }
  }

  /** Sends octets as they are; strings as UTF-8. */
  send(bytes: string | Uint8Array): void {
    this.#socket.write(bytes)
  }

  /** Sends one command line and reads its reply. */
  async command(line: string): Promise<DemoReply> {
    this.send(`${line}\r\n`)
    return await this.reply()
  }

  async reply(): Promise<DemoReply> {
    const deadline = AbortSignal.timeout(REPLY_TIMEOUT_MS)
    deadline.addEventListener('abort', () => this.#wake())
    for (;;) {
      const reply = this.#parser.next()
      if (reply !== undefined) {
        if ('problem' in reply) throw new Error(`the server's reply makes no sense: ${reply.problem}`)
        return { code: reply.code, lines: reply.lines }
      }
      if (this.#ended) throw new Error('the server closed the connection')
      if (deadline.aborted) throw new Error('no reply in time')
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      await promise
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.end('QUIT\r\n')
    this.#socket.destroySoon()
    if (!this.#socket.closed) await once(this.#socket, 'close')
  }
}
