// SPDX-License-Identifier: Apache-2.0
/** A bare ManageSieve client for tests: sends octets whole or in pieces, reads lines with their literals, speaks TLS. */
import { connected, WireClient } from '../peers/wire-client.ts'

const PATIENCE_MS = 20_000

export interface Reply {
  readonly is: string
  readonly code: string
  readonly text: string
}

export class Client extends WireClient {
  /** @param cut octets of each piece; 0 for whole writes */
  static async connect(port: number, cut = 0): Promise<Client> {
    return new Client(await connected(port, {}), { cut }, PATIENCE_MS)
  }

  /** One line without its end; a literal in it as it came, with its size before it. */
  async line(): Promise<string> {
    let end = 0
    for (;;) {
      const from = end
      await this.until(() => this.received.indexOf('\r\n', from) >= 0 || this.ended, 'no line')
      const lf = this.received.indexOf('\r\n', from)
      if (lf < 0) throw new Error(`closed without a line, after ${JSON.stringify(this.received.toString())}`)
      const size = /\{(\d+)\}$/.exec(this.received.subarray(from, lf).toString('latin1'))?.[1]
      end = lf + 2
      if (size === undefined) break
      end += Number(size)
      await this.until(() => this.received.length >= end || this.ended, 'no literal')
    }
    const line = this.received.subarray(0, end - 2).toString()
    this.received = this.received.subarray(end)
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
