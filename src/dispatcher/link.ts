// SPDX-License-Identifier: Apache-2.0
/**
 * The link between the dispatcher and one worker: calls with an answer and notices without one, both ways, as lines of
 * JSON over a socket pair of their own (design 2.4). What is said within one turn of the event loop goes out in one
 * write. Both ends are ours, so nothing here defends against the other; a line that cannot be read ends the link.
 */
import type { Duplex } from 'node:stream'
import { LineReader } from '../control/line-reader.ts'

/** What one side may be asked: by name, the parameters and the answer; a notice answers `undefined`. */
export type CallsOf<T> = { readonly [K in keyof T]: { readonly params: unknown; readonly result: unknown } }

export type HandlersOf<T extends CallsOf<T>> = {
  readonly [K in keyof T]: (params: T[K]['params']) => T[K]['result'] | Promise<T[K]['result']>
}

/** The other side, as this one sees it. */
export interface Link<Theirs extends CallsOf<Theirs>> {
  /** Rejects with LinkClosed when the other side goes away first, with Error when its handler failed. */
  call<K extends keyof Theirs & string>(kind: K, params: Theirs[K]['params']): Promise<Theirs[K]['result']>
  /** Says something that nobody answers. */
  notify<K extends keyof Theirs & string>(kind: K, params: Theirs[K]['params']): void
  /** Resolves when the other side is gone. */
  readonly closed: Promise<void>
  close(): void
}

/** The process at the other end is gone; whether it did what it was asked is not known. */
export class LinkClosed extends Error {
  override readonly name = 'LinkClosed'
  constructor() {
    super('the process at the other end is gone')
  }
}

/** `[id, kind, params]` asks, `[0, kind, params]` tells, `[-id, answer]` and `[-id, null, cause]` answer. */
type Line = readonly [number, string, unknown] | readonly [number, unknown] | readonly [number, null, string]

/** Octets of a line: a slice of a long listing fits many times. */
const MAX_LINE = 64 << 20

/** @param failed told about handlers of notices that threw, and about lines that make no sense */
export function createLink<Mine extends CallsOf<Mine>, Theirs extends CallsOf<Theirs>>(
  socket: Duplex,
  handlers: HandlersOf<Mine>,
  failed: (error: unknown) => void,
): Link<Theirs> {
  const closed = Promise.withResolvers<void>()
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  let lastId = 0
  let gone = false
  let outgoing = ''
  const incoming = new LineReader(MAX_LINE)

  const send = (line: Line): void => {
    if (gone) return
    if (outgoing === '') setImmediate(flush)
    outgoing += `${JSON.stringify(line)}\n`
  }
  const flush = (): void => {
    if (!gone && outgoing !== '') socket.write(outgoing)
    outgoing = ''
  }
  const end = (): void => {
    if (gone) return
    gone = true
    for (const { reject } of waiting.values()) reject(new LinkClosed())
    waiting.clear()
    socket.destroy()
    closed.resolve()
  }

  const answer = async (id: number, kind: string, params: unknown): Promise<void> => {
    try {
      if (!Object.hasOwn(handlers, kind)) throw new Error(`nobody here answers ${kind}`)
      const handler = handlers[kind as keyof Mine]
      const result = await handler(params)
      if (id > 0) send([-id, result ?? null])
    } catch (error) {
      if (id > 0) send([-id, null, error instanceof Error ? error.message : String(error)])
      else failed(error)
    }
  }
  const take = (text: string): void => {
    const [id, second, third] = JSON.parse(text) as [number, unknown, unknown]
    const asked = waiting.get(-id)
    if (id >= 0 && typeof second === 'string') void answer(id, second, third)
    else if (asked !== undefined) {
      waiting.delete(-id)
      if (typeof third === 'string') asked.reject(new Error(third))
      else asked.resolve(second)
    }
  }

  socket.on('data', (chunk: Buffer) => {
    try {
      for (const line of incoming.push(chunk)) take(line)
    } catch (error) {
      failed(error)
      end()
    }
  })
  socket.on('error', end) // a worker that dies resets it
  socket.on('close', end)
  socket.on('end', end)

  return {
    call: (kind, params) => {
      if (gone) return Promise.reject(new LinkClosed())
      const answered = Promise.withResolvers<unknown>()
      lastId += 1
      waiting.set(lastId, answered)
      send([lastId, kind, params])
      return answered.promise as Promise<Theirs[typeof kind]['result']>
    },
    notify: (kind, params) => send([0, kind, params]),
    closed: closed.promise,
    close: () => {
      flush()
      end()
    },
  }
}
