// SPDX-License-Identifier: Apache-2.0
/**
 * A next hop that is slow and fails: temporary refusals at RCPT and at the end of the content, connections dropped before
 * and after the content. What it has said 250 to it has taken; the name of a message is its recipient's local part.
 */
import { createServer, type Socket } from 'node:net'

export interface Sink extends AsyncDisposable {
  readonly port: number
  /** How often each message was taken. */
  readonly taken: Map<string, number>
  /** Ends the failures. */
  heal(): void
}

export async function startSink(host: string, random: () => number): Promise<Sink> {
  const taken = new Map<string, number>()
  const sockets = new Set<Socket>()
  let failing = true
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => {})
    converse(socket, {
      fails: (share) => failing && random() < share,
      pauseMs: () => (failing ? Math.floor(random() * 30) : 0),
      take: (name) => taken.set(name, (taken.get(name) ?? 0) + 1),
    })
  })
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  const bound = server.address()
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : 0,
    taken,
    heal: () => {
      failing = false
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

interface Manner {
  readonly fails: (share: number) => boolean
  readonly pauseMs: () => number
  readonly take: (name: string) => void
}

function converse(socket: Socket, { fails, pauseMs, take }: Manner): void {
  let buffered = ''
  let inContent = false
  let names: string[] = []
  const say = (text: string): void => void (socket.destroyed || socket.write(`${text}\r\n`))
  const later = (work: () => void): void => void setTimeout(work, pauseMs())
  const endOfContent = (): void => {
    inContent = false
    const these = names
    names = []
    later(() => {
      if (fails(0.05))
        socket.destroy() // it had all of it, and has not taken it
      else if (fails(0.1)) say('451 4.3.0 not now')
      else if (!socket.destroyed) {
        for (const name of these) take(name)
        say('250 2.0.0 taken')
      }
    })
  }
  const command = (line: string): void => {
    const verb = line.slice(0, 4).toUpperCase()
    if (verb === 'EHLO') say('250-sink.test\r\n250 PIPELINING')
    else if (verb === 'MAIL' || verb === 'RSET') {
      names = []
      say('250 2.0.0 ok')
    } else if (verb === 'RCPT') {
      const later = fails(0.15)
      if (!later) names.push(/<([^@>]*)/.exec(line)?.[1] ?? '')
      say(later ? '451 4.2.1 later' : '250 2.1.5 ok')
    } else if (verb === 'DATA') {
      if (names.length === 0) say('554 5.5.1 nobody')
      else if (fails(0.03)) socket.destroy()
      else {
        inContent = true
        say('354 go on')
      }
    } else if (verb === 'QUIT') socket.end('221 2.0.0 bye\r\n')
    else say('250 2.0.0 ok')
  }
  socket.setEncoding('latin1')
  socket.on('data', (text: string) => {
    buffered += text
    for (;;) {
      const mark = inContent ? '\r\n.\r\n' : '\r\n'
      const end = buffered.indexOf(mark)
      if (end === -1) return
      const line = buffered.slice(0, end)
      buffered = buffered.slice(end + mark.length)
      if (inContent) endOfContent()
      else command(line)
    }
  })
  say('220 sink.test')
}
