// SPDX-License-Identifier: Apache-2.0
/**
 * An attacker's client: sends what no honest client would, with back-pressure, and counts the replies without keeping
 * them, so that a million of them cost it nothing.
 */
import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { HOST } from './server.ts'

/** Where attackers come from unless they say otherwise: neither inside nor the prober. */
export const ATTACKER = '127.0.0.66'
/** Replies kept until somebody reads them; beyond, they are only counted. */
const MAX_KEPT = 1000
/** No attack waits longer than this for anything. */
const PATIENCE_MS = 180_000

export class Client {
  #socket: Socket
  #line = ''
  readonly #kept: string[] = []
  #ended = false
  readonly #waiting = new Set<() => void>()
  /** How many replies of each code have come. */
  readonly counts = new Map<number, number>()

  private constructor(socket: Socket) {
    this.#socket = socket
    this.#listen(socket)
  }

  static async connect(port: number, { from = ATTACKER } = {}): Promise<Client> {
    const socket = connect({ host: HOST, port, localAddress: from, noDelay: true, allowHalfOpen: true })
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    socket.removeAllListeners('error')
    return new Client(socket)
  }

  /** Connected, and the greeting read, which has to be 220. */
  static async greeted(port: number, options: { readonly from?: string } = {}): Promise<Client> {
    const client = await Client.connect(port, options)
    await client.expect(220)
    return client
  }

  /** Greeted, and EHLO said. */
  static async ready(port: number, options: { readonly from?: string } = {}): Promise<Client> {
    const client = await Client.greeted(port, options)
    await client.command('EHLO attacker.example', 250)
    return client
  }

  /** The server has ended the connection. */
  get ended(): boolean {
    return this.#ended
  }

  count(code: number): number {
    return this.counts.get(code) ?? 0
  }

  /** Resolves when the system has room for more. `false`: the server has hung up. */
  async send(octets: string | Uint8Array): Promise<boolean> {
    if (this.#ended) return false
    if (!this.#socket.write(octets)) await this.#until(() => this.#ended || !this.#socket.writableNeedDrain, 'drained')
    return !this.#ended
  }

  /** Sends, and waits until the system has it: nothing is joined to what comes next. */
  async sendWhole(octets: Uint8Array): Promise<void> {
    if (this.#ended) return
    await new Promise<void>((resolve) => this.#socket.write(octets, () => resolve()))
  }

  /** Sends a piece again and again. @returns octets sent when it was so many, or when the server hung up */
  async repeat(piece: Uint8Array, octets: number): Promise<number> {
    let sent = 0
    while (sent < octets && (await this.send(piece.subarray(0, octets - sent)))) sent += piece.length
    return Math.min(sent, octets)
  }

  /** The next reply, with all its lines. */
  async reply(): Promise<string> {
    await this.#until(() => this.#kept.length > 0 || this.#ended, 'a reply')
    return this.#kept.shift() ?? 'closed'
  }

  async expect(...codes: readonly number[]): Promise<string> {
    const reply = await this.reply()
    assert.ok(codes.includes(Number(reply.slice(0, 3))), `${codes.join(' or ')} was due, and came: ${reply}`)
    return reply
  }

  /** One command, one reply. Any code will do where none is given. */
  async command(line: string, ...codes: readonly number[]): Promise<string> {
    await this.send(`${line}\r\n`)
    return codes.length === 0 ? await this.reply() : await this.expect(...codes)
  }

  /** A transaction up to the reply 354. */
  async beginData(from = 'sender@far.example', to = 'kim@demo.test'): Promise<void> {
    await this.command(`MAIL FROM:<${from}>`, 250)
    await this.command(`RCPT TO:<${to}>`, 250)
    await this.command('DATA', 354)
  }

  /** Until so many replies have come, or the server has hung up. */
  async replies(total: number): Promise<void> {
    const come = (): number => this.counts.values().reduce((sum, count) => sum + count, 0)
    await this.#until(() => this.#ended || come() >= total, `${total} replies`)
  }

  async closed(): Promise<void> {
    await this.#until(() => this.#ended, 'closed')
  }

  async startTls(): Promise<void> {
    await this.command('STARTTLS', 220)
    await this.handshake()
  }

  async handshake(): Promise<void> {
    this.#socket.removeAllListeners()
    const socket = connectTls({ socket: this.#socket, rejectUnauthorized: false })
    await new Promise<void>((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject))
    socket.removeAllListeners('error')
    this.#socket = socket
    this.#listen(socket)
  }

  /** Stops reading: replies wait in the server. */
  deafen(): void {
    this.#socket.pause()
  }

  hear(): void {
    this.#socket.resume()
  }

  /** FIN: sends no more, and still reads. */
  half(): void {
    this.#socket.end()
  }

  /** RST. */
  reset(): void {
    this.#ended = true
    this.#socket.resetAndDestroy()
  }

  leave(): void {
    this.#ended = true
    this.#socket.destroy()
  }

  #listen(socket: Socket): void {
    socket.on('data', (chunk: Buffer) => this.#take(chunk.toString('latin1')))
    socket.on('drain', () => this.#wake())
    socket.on('error', () => this.#end())
    socket.on('close', () => this.#end())
    socket.on('end', () => {
      this.#end()
      socket.end()
    })
  }

  #take(text: string): void {
    const lines = (this.#line + text).split('\r\n')
    this.#line = lines.pop() ?? ''
    for (const line of lines) {
      if (line[3] === '-') continue
      const code = Number(line.slice(0, 3))
      this.counts.set(code, this.count(code) + 1)
      if (this.#kept.length < MAX_KEPT) this.#kept.push(line)
    }
    this.#wake()
  }

  #end(): void {
    this.#ended = true
    this.#wake()
  }

  #wake(): void {
    for (const wake of this.#waiting) wake()
  }

  async #until(done: () => boolean, what: string): Promise<void> {
    if (done()) return
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const look = (): void => {
      if (done()) resolve()
    }
    const late = setTimeout(() => reject(new Error(`not in time: ${what}`)), PATIENCE_MS)
    this.#waiting.add(look)
    try {
      await promise
    } finally {
      clearTimeout(late)
      this.#waiting.delete(look)
    }
  }
}
