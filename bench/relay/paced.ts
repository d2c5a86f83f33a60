// SPDX-License-Identifier: Apache-2.0
/**
 * A load of a given pace, for latency: messages begin at fixed times whatever became of those before, so that a server
 * that stalls is charged for all that wait. Measured is the time from the final dot to its reply.
 */
import { connect, type Socket } from 'node:net'

export interface Pace {
  readonly port: number
  readonly perSecond: number
  readonly seconds: number
  readonly octets: number
  readonly connections: number
}

export interface Latency {
  readonly p50: number
  readonly p99: number
  readonly most: number
  readonly messages: number
  /** Messages that found no free connection when their time had come. */
  readonly late: number
}

export async function paced({ port, perSecond, seconds, octets, connections }: Pace): Promise<Latency> {
  const clients = await Promise.all(Array.from({ length: connections }, () => greet(port)))
  const content = contentOf(octets)
  const free = [...clients]
  const waiting: ((client: Client) => void)[] = []
  const times: number[] = []
  const under: Promise<void>[] = []
  let late = 0
  const release = (client: Client): void => {
    const next = waiting.shift()
    if (next === undefined) free.push(client)
    else next(client)
  }
  const one = async (dueAt: number): Promise<void> => {
    let client = free.pop()
    if (client === undefined) {
      late++
      client = await new Promise<Client>((resolve) => waiting.push(resolve))
      // Whoever had to wait for a connection has waited for the server.
      times.push(performance.now() - dueAt + (await client.message(content)))
    } else times.push(await client.message(content))
    release(client)
  }
  const total = Math.round(perSecond * seconds)
  const start = performance.now()
  for (let i = 0; i < total; ) {
    const now = performance.now() - start
    for (; i < total && (i * 1000) / perSecond <= now; i++) under.push(one(start + (i * 1000) / perSecond))
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await Promise.all(under)
  for (const client of clients) client.quit()
  times.sort((a, b) => a - b)
  const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(share * times.length))] ?? 0
  return { p50: at(0.5), p99: at(0.99), most: at(1), messages: total, late }
}

interface Client {
  /** Sends one. Resolves to milliseconds from the dot to the reply. */
  message(content: string): Promise<number>
  quit(): void
}

async function greet(port: number): Promise<Client> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  const replies = readReplies(socket)
  const expect = async (code: string): Promise<void> => {
    const reply = await replies()
    if (!reply.startsWith(code)) throw new Error(`${reply.trim()} instead of ${code}`)
  }
  await expect('220')
  socket.write('EHLO client.example\r\n')
  await expect('250')
  return {
    async message(content) {
      socket.write('MAIL FROM:<sender@client.example>\r\n')
      await expect('250')
      socket.write('RCPT TO:<rcpt@example.org>\r\n')
      await expect('250')
      socket.write('DATA\r\n')
      await expect('354')
      const began = performance.now()
      socket.write(content)
      await expect('250')
      return performance.now() - began
    },
    quit() {
      socket.end('QUIT\r\n')
    },
  }
}

/** Gives whole replies, in their order. */
function readReplies(socket: Socket): () => Promise<string> {
  let text = ''
  let failure: Error | undefined
  let wake = (): void => {}
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1')
    wake()
  })
  const fail = (why: string) => (): void => {
    failure ??= new Error(why)
    wake()
  }
  socket.on('error', fail('the connection failed'))
  socket.on('close', fail('the connection was closed'))
  return async () => {
    for (;;) {
      const whole = /^(?:\d{3}-[^\n]*\n)*\d{3} [^\n]*\n/.exec(text)
      if (whole !== null) {
        text = text.slice(whole[0].length)
        return whole[0]
      }
      if (failure !== undefined) throw failure
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
}

function contentOf(octets: number): string {
  const head = 'From: <sender@client.example>\r\nTo: <rcpt@example.org>\r\nSubject: paced\r\n\r\n'
  const line = `${'x'.repeat(70)}\r\n`
  return `${head}${line.repeat(Math.max(1, Math.ceil((octets - head.length) / line.length)))}.\r\n`
}
