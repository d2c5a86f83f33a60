// SPDX-License-Identifier: Apache-2.0
/** A next hop that takes everything and writes down which serial number came on which connection. */
import { createServer, type Socket } from 'node:net'
import { HOST } from '../interop/site.ts'

export interface Sink extends AsyncDisposable {
  readonly port: number
  /** By serial number, the connection on which it came, each time. */
  readonly came: ReadonlyMap<number, readonly Connection[]>
}

export interface Connection {
  /** The client said QUIT; one that dies does not. */
  quit: boolean
}

export async function startSink(): Promise<Sink> {
  const came = new Map<number, Connection[]>()
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket)).on('error', () => {})
    take(socket, (serial, on) => came.set(serial, [...(came.get(serial) ?? []), on]))
  })
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve))
  const at = server.address()
  if (at === null || typeof at === 'string') throw new Error('no port')
  return {
    port: at.port,
    came,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function take(socket: Socket, came: (serial: number, on: Connection) => void): void {
  const connection: Connection = { quit: false }
  let text = ''
  let content: string[] | undefined
  socket.setEncoding('latin1').write('220 sink.test\r\n')
  socket.on('data', (chunk) => {
    const lines = (text + String(chunk)).split('\r\n')
    text = lines.pop() ?? ''
    let answer = ''
    for (const line of lines) {
      if (content !== undefined) {
        if (line !== '.') content.push(line)
        else {
          const serial = content.map((one) => /^X-Serial: (\d+)/.exec(one)?.[1]).find((found) => found !== undefined)
          content = undefined
          if (serial !== undefined) came(Number(serial), connection)
          answer += '250 taken\r\n'
        }
      } else if (/^DATA/i.test(line)) {
        content = []
        answer += '354 go\r\n'
      } else if (/^QUIT/i.test(line)) {
        connection.quit = true
        answer += '221 bye\r\n'
      } else if (/^EHLO/i.test(line)) answer += '250-sink.test\r\n250 PIPELINING\r\n'
      else answer += '250 fine\r\n'
    }
    if (answer !== '') socket.write(answer)
  })
}
