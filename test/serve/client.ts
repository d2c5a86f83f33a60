// SPDX-License-Identifier: Apache-2.0
/** A client that knows when its connection has ended, for tests that end connections on purpose. */
import { connect, type Socket } from 'node:net'
import { HOST, INSIDE } from '../interop/site.ts'

export class Client implements Disposable {
  readonly #socket: Socket
  #text = ''
  /** Lines since `whole` began. */
  #seen: string[] = []
  #over = false
  #wake = (): void => {}

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setEncoding('latin1')
    socket.on('data', (text) => {
      this.#text += String(text)
      this.#wake()
    })
    const over = (): void => {
      this.#over = true
      this.#wake()
    }
    socket.on('error', over).on('end', over).on('close', over)
  }

  /** @param from the one address inside, unless given */
  static async connect(port: number, from = INSIDE): Promise<Client> {
    const socket = connect({ host: HOST, port, localAddress: from, noDelay: true })
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    return new Client(socket)
  }

  write(text: string): void {
    if (!this.#over) this.#socket.write(text, 'latin1')
  }

  /** The last line of the next reply; `undefined` when the connection has ended. */
  async reply(): Promise<string | undefined> {
    for (;;) {
      for (let line = this.#line(); line !== undefined; line = this.#line()) if (!/^\d{3}-/.test(line)) return line
      if (this.#over) return undefined
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** All lines of the next reply. */
  async whole(): Promise<string> {
    this.#seen = []
    await this.reply()
    return this.#seen.join('\n')
  }

  /** Says one line, and hears the answer. */
  async say(line: string): Promise<string | undefined> {
    this.write(`${line}\r\n`)
    return await this.reply()
  }

  /** Greeting to DATA, where content is expected then. The last reply. */
  async upToData(to: string, from = 'sam@example.net'): Promise<string | undefined> {
    let last = await this.reply()
    for (const line of ['EHLO client.example', `MAIL FROM:<${from}>`, `RCPT TO:<${to}>`, 'DATA'])
      last = await this.say(line)
    return last
  }

  /** Resolves when the other side has ended the connection. */
  async ended(): Promise<void> {
    while ((await this.reply()) !== undefined);
  }

  [Symbol.dispose](): void {
    this.#socket.destroy()
  }

  #line(): string | undefined {
    const end = this.#text.indexOf('\r\n')
    if (end < 0) return undefined
    const line = this.#text.slice(0, end)
    this.#text = this.#text.slice(end + 2)
    this.#seen.push(line)
    return line
  }
}

/** Sends one message; the last reply. */
export async function sendOne(port: number, to: string, subject = 'hello'): Promise<string | undefined> {
  using client = await Client.connect(port)
  const ready = await client.upToData(to)
  if (ready?.startsWith('354') !== true) return ready
  return await client.say(`Subject: ${subject}\r\n\r\nhello\r\n.`)
}
