// SPDX-License-Identifier: Apache-2.0
/** An honest little SMTP sink: takes mail, keeps the last of it, and answers otherwise where it is told to. */
import { once } from 'node:events'
import net from 'node:net'
import { parseCommand } from '../smtp/command.ts'
import { DataScanner } from '../smtp/data-scanner.ts'
import { LineScanner } from '../smtp/line-scanner.ts'
import { formatReply, type Reply, reply } from '../smtp/reply.ts'

export interface SunkMessage {
  readonly from: string
  readonly to: readonly string[]
  readonly content: Buffer
}

export interface Sink extends AsyncDisposable {
  readonly port: number
  /** The last thousand. */
  readonly messages: readonly SunkMessage[]
}

const KEPT = 1000

export async function startSink(options: {
  readonly address: string
  readonly port: number
  /** Another reply than the usual one, by command line; `.` stands for the end of data. */
  readonly answer?: (command: string) => Reply | undefined
}): Promise<Sink> {
  const messages: SunkMessage[] = []
  const sockets = new Set<net.Socket>()
  const server = net.createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    converse(socket, options.answer ?? (() => undefined), (message) => {
      messages.push(message)
      if (messages.length > KEPT) messages.shift()
    })
  })
  server.listen(options.port, options.address)
  await once(server, 'listening')
  const bound = server.address()
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : options.port,
    messages,
    async [Symbol.asyncDispose]() {
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
  }
}

function converse(
  socket: net.Socket,
  answer: (command: string) => Reply | undefined,
  keep: (message: SunkMessage) => void,
): void {
  const lines = new LineScanner(4096)
  let from: string | undefined
  let to: string[] = []
  let ending = false
  let data: { readonly scanner: DataScanner; readonly content: Buffer[] } | undefined
  const say = (r: Reply): void => void socket.write(formatReply(r))
  say(reply(220, undefined, 'sink.test ESMTP'))

  function replyTo(line: string): Reply {
    const parsed = parseCommand(Buffer.from(line))
    const other = answer(line)
    if ('problem' in parsed) return parsed.problem
    if (other !== undefined) return other
    const path = /<([^>]*)>/.exec(parsed.argument)?.[1] ?? ''
    switch (parsed.verb) {
      case 'EHLO':
        return {
          code: 250,
          lines: ['sink.test', 'PIPELINING', '8BITMIME', 'SMTPUTF8', 'ENHANCEDSTATUSCODES', 'SIZE 52428800'],
        }
      case 'HELO':
        return reply(250, undefined, 'sink.test')
      case 'MAIL':
        from = path
        to = []
        return reply(250, '1.0', 'Ok')
      case 'RCPT':
        to.push(path)
        return reply(250, '1.5', 'Ok')
      case 'DATA':
        if (from === undefined || to.length === 0) return reply(554, '5.1', 'No valid recipients')
        data = { scanner: new DataScanner({ bareNewlines: 'pass' }), content: [] }
        return reply(354, undefined, 'Go ahead')
      case 'RSET':
        from = undefined
        to = []
        return reply(250, '0.0', 'Ok')
      case 'NOOP':
        return reply(250, '0.0', 'Ok')
      case 'QUIT':
        ending = true
        return reply(221, '0.0', 'Bye')
      default:
        return reply(502, '5.1', 'Not implemented')
    }
  }

  socket.on('data', (chunk: Buffer) => {
    let bytes: Buffer | undefined = chunk
    while (bytes !== undefined) {
      if (data !== undefined) {
        const scanned = data.scanner.push(bytes)
        data.content.push(...scanned.content.map((slice) => Buffer.from(slice)))
        if (!scanned.ended) return
        const other = answer('.')
        if (other === undefined) keep({ from: from ?? '', to, content: Buffer.concat(data.content) })
        data = undefined
        say(other ?? reply(250, '0.0', 'Ok: queued'))
        bytes = scanned.rest
        continue
      }
      lines.push(bytes)
      bytes = undefined
      for (let line = lines.next(); line !== undefined; line = lines.next()) {
        if (line.kind === 'bad') say(reply(500, '5.2', 'Bad line'))
        else say(replyTo(line.bytes.toString('utf8')))
        if (ending) socket.end()
        if (data !== undefined) {
          bytes = lines.rest()
          break
        }
      }
    }
  })
}
