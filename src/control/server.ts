// SPDX-License-Identifier: Apache-2.0
/**
 * The server's end of the control protocol (protocol.ts). Whoever may open the socket may do everything, so the
 * bounds here guard against mistakes and broken clients rather than against attackers: length of a line, requests at
 * one time, and what waits for a client that does not read.
 */
import { lstat, unlink } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { z } from 'zod'
import type { Log } from '../monitor/log.ts'
import { LineReader } from './line-reader.ts'
import { ControlError, type Handlers, METHODS, type Method } from './protocol.ts'
import { listenOnPath } from './socket-path.ts'

/** Octets of a request. The largest real one is a selection of ten thousand ids: 200 KB. */
const MAX_LINE = 1 << 20
/** Clients at one time; the next is cut off at once. */
const MAX_CONNECTIONS = 64
/** Requests of one client at one time; the next is refused. The command line sends one. */
const MAX_REQUESTS = 16
/** How long a client that was cut off may stay silent before its connection goes away. */
const LINGER_MS = 1000
/** Octets waiting for a client. Events beyond are dropped and counted; a client that lets answers pile up this high is cut off. */
const MAX_EVENTS_WAITING = 1 << 20
const MAX_ANSWERS_WAITING = 64 << 20

const Request = z.strictObject({ id: z.int().nonnegative(), method: z.string(), params: z.unknown().optional() })

export interface ControlOptions {
  readonly path: string
  readonly handlers: Handlers
  readonly log: Log
  /** Ends every connection and the server. */
  readonly signal: AbortSignal
}

/** Disposing ends it as the signal does, and waits until the socket is gone. */
export async function startControl({ path, handlers, log, signal }: ControlOptions): Promise<AsyncDisposable> {
  signal.throwIfAborted()
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    serveClient(socket, handlers, log)
  })
  server.maxConnections = MAX_CONNECTIONS
  await listenOnPath(server, path)
  server.on('error', (err) => log.error('control.error', { err }))
  const { ino } = await lstat(path)

  const end = (): Promise<void> => {
    signal.removeEventListener('abort', onAbort)
    ended ??= (async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      // Our own entry, not that of a server that took the path over.
      if ((await lstat(path).catch(() => undefined))?.ino === ino) await unlink(path).catch(() => {})
      for (const socket of sockets) socket.destroy()
      await closed
    })()
    return ended
  }
  let ended: Promise<void> | undefined
  const onAbort = (): void => void end()
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) await end()
  return { [Symbol.asyncDispose]: end }
}

function serveClient(socket: Socket, handlers: Handlers, log: Log): void {
  const reader = new LineReader(MAX_LINE)
  const gone = new AbortController()
  let running = 0
  let dropped = 0
  socket.on('error', (err) => log.debug('control.client', { err }))
  // A client that ends its side is gone: a half-closed UNIX socket looks like a closed one.
  socket.once('close', () => gone.abort())

  const send = (message: Readonly<Record<string, unknown>>): void => {
    if (socket.destroyed) return
    socket.write(`${JSON.stringify(message)}\n`)
    if (socket.writableLength > MAX_ANSWERS_WAITING) socket.destroy()
  }
  const refuse = (id: number | null, error: ControlError): void =>
    send({
      id,
      error: {
        code: error.code,
        message: error.message,
        ...(error.detail === undefined ? {} : { detail: error.detail }),
      },
    })
  const sendEvent = (id: number, event: unknown): void => {
    if (socket.writableLength > MAX_EVENTS_WAITING) {
      dropped += 1
      return
    }
    if (dropped > 0) send({ id, event: { record: 'dropped', count: dropped } })
    dropped = 0
    send({ id, event })
  }

  const answer = async (line: string): Promise<void> => {
    let id: number | null = null
    try {
      const request = parseRequest(line)
      id = request.id
      const method = request.method
      if (!isMethod(method)) throw new ControlError('bad-request', `no method ${JSON.stringify(method.slice(0, 100))}`)
      if (running >= MAX_REQUESTS)
        throw new ControlError('bad-request', `more than ${MAX_REQUESTS} requests at one time`)
      running += 1
      try {
        const result = await call(handlers, method, request.params, gone.signal, (event) =>
          sendEvent(request.id, event),
        )
        send({ id, result: result ?? null })
      } finally {
        running -= 1
      }
    } catch (error) {
      if (error instanceof ControlError) refuse(id, error)
      else if (!gone.signal.aborted) {
        log.error('control.failed', { err: error })
        refuse(id, new ControlError('internal', 'the server failed to answer; its log says why'))
      }
    }
  }

  socket.on('data', (chunk: Buffer) => {
    try {
      for (const line of reader.push(chunk)) {
        if (line.trim() !== '') void answer(line)
      }
    } catch (error) {
      refuse(null, new ControlError('bad-request', error instanceof Error ? error.message : 'not a line'))
      // Closing with unread octets would reset the connection and take the refusal with it: read on, keep nothing.
      socket.removeAllListeners('data')
      socket.resume()
      socket.end()
      socket.setTimeout(LINGER_MS, () => socket.destroy())
    }
  })
}

function parseRequest(line: string): { id: number; method: string; params: unknown } {
  let json: unknown
  try {
    json = JSON.parse(line)
  } catch {
    throw new ControlError('bad-request', 'not JSON')
  }
  const request = Request.safeParse(json)
  if (!request.success) throw new ControlError('bad-request', z.prettifyError(request.error))
  const { id, method, params } = request.data
  return { id, method, params: params ?? {} }
}

const isMethod = (name: string): name is Method => Object.hasOwn(METHODS, name)

function call(
  handlers: Handlers,
  method: Method,
  params: unknown,
  signal: AbortSignal,
  send: (event: unknown) => void,
): Promise<unknown> {
  if (method === 'tail') return handlers.tail(checked('tail', params), signal, send)
  // One line a method would say the same thing a dozen times: the schema and the handler of one name fit each other.
  const handler = handlers[method] as (params: unknown, signal: AbortSignal) => Promise<unknown>
  return handler(checked(method, params), signal)
}

function checked<M extends Method>(method: M, params: unknown): z.output<(typeof METHODS)[M]> {
  const result = METHODS[method].safeParse(params)
  if (!result.success) throw new ControlError('bad-request', z.prettifyError(result.error))
  return result.data as z.output<(typeof METHODS)[M]>
}
