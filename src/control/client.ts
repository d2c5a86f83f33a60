// SPDX-License-Identifier: Apache-2.0
/** The command line's end of the control protocol: calls, and following. */
import { connect, type Socket } from 'node:net'
import type { z } from 'zod'
import { LineReader } from './line-reader.ts'
import type { METHODS, Method, ResultOf } from './protocol.ts'

/** Octets of an answer: ten thousand rows of a queue, or a message with its content. */
const MAX_LINE = 64 << 20

/** Nobody is there, or the server went away before it answered. */
export class ControlUnreachable extends Error {
  override readonly name = 'ControlUnreachable'
}

/** The server said no. The codes are those of the protocol. */
export class ControlRefused extends Error {
  override readonly name = 'ControlRefused'
  readonly code: string
  readonly detail: string | undefined
  constructor(code: string, message: string, detail: string | undefined) {
    super(message)
    this.code = code
    this.detail = detail
  }
}

type Params<M extends Method> = z.input<(typeof METHODS)[M]>

export interface ControlClient extends AsyncDisposable {
  /** @throws ControlRefused, ControlUnreachable */
  call<M extends Exclude<Method, 'tail'>>(method: M, params: Params<M>): Promise<ResultOf[M]>
  /** Hands over events until the signal, or until the server ends it. @throws ControlRefused, ControlUnreachable */
  follow(method: 'tail', onEvent: (event: unknown) => void, signal: AbortSignal): Promise<void>
}

interface Waiting {
  resolve(result: unknown): void
  reject(error: Error): void
  event(event: unknown): void
}

/** @throws ControlUnreachable */
export async function connectControl(path: string): Promise<ControlClient> {
  const socket = await open(path)
  const waiting = new Map<number, Waiting>()
  const reader = new LineReader(MAX_LINE)
  let lastId = 0
  let lost: Error | undefined
  const lose = (error: Error): void => {
    lost ??= error
    for (const one of waiting.values()) one.reject(lost)
    waiting.clear()
    socket.destroy()
  }
  socket.on('error', (error) => lose(new ControlUnreachable(`the connection to the server broke: ${error.message}`)))
  socket.on('close', () => lose(new ControlUnreachable('the server ended the connection before it answered')))
  socket.on('data', (chunk: Buffer) => {
    try {
      for (const line of reader.push(chunk)) take(line, waiting, lose)
    } catch (error) {
      lose(error instanceof Error ? error : new Error(String(error)))
    }
  })
  const request = (method: Method, params: unknown, event: (event: unknown) => void): Promise<unknown> => {
    if (lost !== undefined) return Promise.reject(lost)
    lastId += 1
    const id = lastId
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject, event })
      socket.write(`${JSON.stringify({ id, method, params })}\n`)
    })
  }
  return {
    call: async <M extends Exclude<Method, 'tail'>>(method: M, params: Params<M>) =>
      (await request(method, params, () => {})) as ResultOf[M],
    follow: async (method, onEvent, signal) => {
      if (signal.aborted) return
      const stop = (): void => void socket.destroy()
      signal.addEventListener('abort', stop, { once: true })
      try {
        await request(method, {}, onEvent)
      } catch (error) {
        if (!signal.aborted) throw error
      } finally {
        signal.removeEventListener('abort', stop)
      }
    },
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        if (socket.closed) resolve()
        else {
          socket.once('close', () => resolve())
          socket.destroy()
        }
      }),
  }
}

function open(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    const failed = (error: NodeJS.ErrnoException): void =>
      reject(
        new ControlUnreachable(
          error.code === 'ENOENT' || error.code === 'ECONNREFUSED'
            ? `no server answers on ${path}`
            : `${path} cannot be opened: ${error.message}`,
          { cause: error },
        ),
      )
    socket.once('error', failed)
    socket.once('connect', () => {
      socket.removeListener('error', failed)
      resolve(socket)
    })
  })
}

interface Answer {
  readonly id?: number | null
  readonly result?: unknown
  readonly event?: unknown
  readonly error?: { readonly code?: unknown; readonly message?: unknown; readonly detail?: unknown }
}

function take(line: string, waiting: Map<number, Waiting>, lose: (error: Error) => void): void {
  const answer = JSON.parse(line) as Answer | null
  const error = answer?.error
  const refused =
    error &&
    new ControlRefused(
      String(error.code),
      String(error.message),
      typeof error.detail === 'string' ? error.detail : undefined,
    )
  // An error without an id is about the connection itself.
  if (refused && typeof answer.id !== 'number') {
    lose(refused)
    return
  }
  const one = typeof answer?.id === 'number' ? waiting.get(answer.id) : undefined
  if (answer === null || one === undefined) return
  if ('event' in answer) {
    one.event(answer.event)
    return
  }
  waiting.delete(Number(answer.id))
  if (refused) one.reject(refused)
  else one.resolve(answer.result)
}
