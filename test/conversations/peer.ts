// SPDX-License-Identifier: Apache-2.0
/** A bare client for conversations: sends octets whole or in pieces, reads replies, speaks TLS when told. */
import { connected, WireClient, type WireOptions } from '../peers/wire-client.ts'

export interface ReceivedReply {
  readonly code: string
  readonly enhanced: string
  /** All lines without code and enhanced code, joined with LF. */
  readonly text: string
  readonly raw: string
}

const PATIENCE_MS = 5000

export class Peer extends WireClient {
  static async connect(port: number, options: WireOptions = {}): Promise<Peer> {
    return new Peer(await connected(port, options), options, PATIENCE_MS)
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

  async #line(): Promise<string> {
    await this.until(() => this.received.includes('\r\n') || this.ended, 'no reply')
    const end = this.received.indexOf('\r\n')
    if (end < 0) throw new Error(`closed without a reply, after ${JSON.stringify(this.received.toString())}`)
    const line = this.received.toString('utf8', 0, end)
    this.received = this.received.subarray(end + 2)
    return line
  }
}
