// SPDX-License-Identifier: Apache-2.0
/** A next hop that does just what a test tells it: reply as it likes, when it likes, or hang up. */
import { once } from 'node:events'
import net from 'node:net'

/** What to send for a command line (or `.` at the end of data, `greeting` at the start): octets, or what to do. */
export type Script = (command: string) => string | { readonly close: true } | { readonly silence: true }

export interface ScriptedServer extends AsyncDisposable {
  readonly port: number
  /** Command lines and `.`, in order, of all connections. */
  readonly seen: readonly string[]
  readonly connections: number
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

export async function startScriptedServer(script: Script, address = '127.0.0.1', port = 0): Promise<ScriptedServer> {
  const seen: string[] = []
  const sockets = new Set<net.Socket>()
  let connections = 0
  const server = net.createServer((socket) => {
    connections++
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    let text = ''
    let inData = false
    const act = (command: string): void => {
      if (command !== 'greeting') seen.push(command)
      const answer = script(command)
      if (typeof answer === 'string') {
        socket.write(answer)
        if (command === 'DATA' && answer.startsWith('354')) inData = true
      } else if ('close' in answer) socket.destroy()
    }
    act('greeting')
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      for (;;) {
        const mark = inData ? '\r\n.\r\n' : '\r\n'
        const bare = inData && text.startsWith('.\r\n')
        const at = bare ? 0 : text.indexOf(mark)
        if (at < 0) return
        const line = text.slice(0, at)
        text = text.slice(bare ? 3 : at + mark.length)
        const command = inData ? '.' : line
        inData = false
        act(command)
      }
    })
  })
  server.listen(port, address)
  await once(server, 'listening')
  const bound = server.address()
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : 0,
    seen,
    get connections() {
      return connections
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
