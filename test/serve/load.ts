// SPDX-License-Identifier: Apache-2.0
/**
 * Clients that send without end, each message with a serial number of its own, never sent twice: what was answered
 * with 250 must arrive, and what arrives twice was delivered twice.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { Client } from './client.ts'

/** Dispose of it where a test fails: it would send for ever. */
export interface Load extends Disposable {
  /** Answered with 250. */
  readonly accepted: ReadonlySet<number>
  /** Sent whole, and the connection ended before the answer. */
  readonly doubtful: ReadonlySet<number>
  /** Connections that ended without a 421 said before, and without a kill that the test knows of. */
  readonly cut: { count: number }
  /** Replies that were no yes, by their text. */
  readonly refused: ReadonlyMap<string, number>
  /** Milliseconds from a command to its reply, newest last. */
  takeLatencies(): number[]
  stop(): Promise<void>
}

export interface LoadOptions {
  readonly port: number
  readonly clients: number
  readonly to: (serial: number) => string
  /** Messages a second, of all clients together; as fast as it goes unless given. */
  readonly rate?: number
  readonly octets?: number
  /** Messages of one connection. */
  readonly perConnection?: number
}

let loads = 0

export function startLoad(options: LoadOptions): Load {
  const { port, clients, to, rate, octets = 200, perConnection = 10 } = options
  const accepted = new Set<number>()
  const doubtful = new Set<number>()
  const refused = new Map<string, number>()
  const cut = { count: 0 }
  const body = `${'x'.repeat(70)}\r\n`.repeat(Math.ceil(octets / 72))
  // Nobody else's: what a test before had in hand at a kill makes no suspects of these (policy/poison.ts).
  const sender = `load-${++loads}@example.net`
  let latencies: number[] = []
  let next = 0
  let over = false
  const began = performance.now()

  const timed = async (client: Client, text: string): Promise<string | undefined> => {
    const from = performance.now()
    client.write(text)
    const reply = await client.reply()
    latencies.push(performance.now() - from)
    return reply
  }
  const refuse = (reply: string): void => void refused.set(reply, (refused.get(reply) ?? 0) + 1)

  async function session(): Promise<void> {
    using client = await Client.connect(port)
    const greeting = await client.reply()
    if (greeting === undefined) cut.count++
    else if (!greeting.startsWith('220')) refuse(greeting)
    if (greeting?.startsWith('220') !== true || (await timed(client, 'EHLO load.example\r\n')) === undefined) return
    for (let i = 0; i < perConnection && !over; i++) {
      if (rate !== undefined) {
        const due = began + (next / rate) * 1000
        if (due > performance.now()) await pause(due - performance.now())
      }
      const serial = next++
      for (const line of [`MAIL FROM:<${sender}>`, `RCPT TO:<${to(serial)}>`, 'DATA']) {
        const reply = await timed(client, `${line}\r\n`)
        if (reply === undefined) cut.count++
        else if (!/^[23]/.test(reply)) refuse(reply)
        if (reply === undefined || !/^[23]/.test(reply)) return
      }
      const reply = await timed(client, `Subject: load\r\nX-Serial: ${serial}\r\n\r\n${body}.\r\n`)
      if (reply === undefined) {
        cut.count++
        doubtful.add(serial)
        return
      }
      if (reply.startsWith('250')) accepted.add(serial)
      else refuse(reply)
    }
    await client.say('QUIT')
  }
  async function run(): Promise<void> {
    while (!over) await session().catch(() => pause(20)) // nobody listens at the moment
  }
  const running = Promise.all(Array.from({ length: clients }, run))
  return {
    accepted,
    doubtful,
    cut,
    refused,
    takeLatencies() {
      const taken = latencies
      latencies = []
      return taken
    },
    async stop() {
      over = true
      await running
    },
    [Symbol.dispose]() {
      over = true
    },
  }
}

/** The value that a share of them does not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}
