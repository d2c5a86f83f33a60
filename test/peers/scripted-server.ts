// SPDX-License-Identifier: Apache-2.0
/** A next hop that does just what a test tells it: reply as it likes, when it likes, or hang up. */
import { once } from 'node:events'
import net from 'node:net'

/** What to do at a command line (or `.` at the end of data, `greeting` at the start): octets to send, or else. */
export type Script = (command: string) => Answer

export type Answer =
  | string
  | { readonly close: true }
  | { readonly silence: true }
  /** Octets, then FIN; what comes is still read. */
  | { readonly end: string }
  /** Octets, and nothing is read any more. */
  | { readonly stopReading: string }

export interface ScriptedServer extends AsyncDisposable {
  readonly port: number
  /** Command lines and `.`, in order, of all connections. */
  readonly seen: readonly string[]
  /** Every octet that came, of all connections, as latin1. */
  readonly raw: string
  readonly connections: number
  /** Sends octets over every open connection, asked or not. */
  say(octets: string): void
  /** After `stopReading`. */
  readOn(): void
}

const PLAIN: Record<string, string> = {
  greeting: '220 scripted ESMTP\r\n',
  EHLO: '250-scripted\r\n250 PIPELINING\r\n',
  LHLO: '250-scripted\r\n250 PIPELINING\r\n',
  DATA: '354 go\r\n',
  QUIT: '221 bye\r\n',
}

/** The usual replies, where a script says nothing else. */
export const honest = (command: string): string => PLAIN[command.split(/[ :]/)[0] ?? ''] ?? '250 2.0.0 ok\r\n'

/** Honest, but for commands that begin so. */
export const saying =
  (answers: Readonly<Record<string, Answer>>): Script =>
  (command) =>
    Object.entries(answers).find(([start]) => command.startsWith(start))?.[1] ?? honest(command)

export async function startScriptedServer(script: Script, address = '127.0.0.1', port = 0): Promise<ScriptedServer> {
  const seen: string[] = []
  const sockets = new Set<net.Socket>()
  let connections = 0
  let raw = ''
  const server = net.createServer((socket) => {
    connections++
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    const take = reader((command) => {
      if (command !== 'greeting') seen.push(command)
      const answer = script(command)
      if (typeof answer === 'string') socket.write(answer)
      else if ('close' in answer) socket.destroy()
      else if ('end' in answer) socket.end(answer.end)
      else if ('stopReading' in answer) {
        socket.pause()
        socket.write(answer.stopReading)
      }
      return answer
    })
    socket.on('data', (chunk) => {
      raw += chunk.toString('latin1')
      take(chunk.toString('latin1'))
    })
  })
  server.listen(port, address)
  await once(server, 'listening')
  const bound = server.address()
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : 0,
    seen,
    get raw() {
      return raw
    },
    get connections() {
      return connections
    },
    say(octets) {
      for (const socket of sockets) socket.write(octets)
    },
    readOn() {
      for (const socket of sockets) socket.resume()
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/**
 * Octets in, commands out. After a 354 to DATA come lines up to the dot; after BDAT its octets are passed over, unless the
 * answer is a 50x: for a server that does not know BDAT they are commands.
 */
function reader(act: (command: string) => Answer): (octets: string) => void {
  let text = ''
  let inData = false
  let skip = 0
  act('greeting')
  return (octets) => {
    text += octets
    for (;;) {
      const skipped = Math.min(skip, text.length)
      text = text.slice(skipped)
      skip -= skipped
      const mark = inData ? '\r\n.\r\n' : '\r\n'
      const bare = inData && text.startsWith('.\r\n')
      const at = bare ? 0 : text.indexOf(mark)
      if (at < 0) return
      const command = inData ? '.' : text.slice(0, at)
      text = text.slice(bare ? 3 : at + mark.length)
      inData = false
      const answer = act(command)
      if (typeof answer !== 'string') continue
      inData = command === 'DATA' && answer.startsWith('354')
      const chunk = /^BDAT (\d+)/.exec(command)
      if (chunk !== null && !answer.startsWith('50')) skip = Number(chunk[1])
    }
  }
}
