// SPDX-License-Identifier: Apache-2.0
/**
 * A connection to Redis or Valkey that is never waited for: while it is away every command is answered at once that it
 * is, and a new attempt is made every few seconds. The library is loaded by whoever has configured Redis, and only then.
 */
import type { Log } from '../monitor/log.ts'

/** As much of @redis/client as is used here. */
interface Library {
  createClient(options: {
    readonly url: string
    readonly RESP: 2
    readonly disableOfflineQueue: true
    readonly commandsQueueMaxLength: number
    readonly socket: { readonly connectTimeout: number; readonly reconnectStrategy: (retries: number) => number }
  }): LibraryClient
}
interface LibraryClient {
  readonly isReady: boolean
  on(event: 'error', told: (error: unknown) => void): unknown
  on(event: 'ready', told: () => void): unknown
  connect(): Promise<unknown>
  sendCommand(command: readonly string[]): Promise<unknown>
  destroy(): void
}

export interface RedisOptions {
  /** `redis://user:password@host:port/database`, `rediss://` for TLS. */
  readonly url: string
  /** For one command. */
  readonly timeoutMs: number
  /** Between attempts to connect, and for one attempt. */
  readonly reconnectMs: number
  readonly log: Log
}

export type RedisAnswer =
  | { readonly kind: 'answer'; readonly value: unknown }
  /** Redis said no, with its own words. */
  | { readonly kind: 'refused'; readonly cause: string }
  /** Away, or too slow: whether it was done is not known. */
  | { readonly kind: 'away'; readonly cause: string }

export interface RedisConnection extends AsyncDisposable {
  readonly ready: boolean
  command(words: readonly string[]): Promise<RedisAnswer>
}

/** Commands that wait for their answers; more are refused as if it were away. */
const MAX_WAITING = 10_000
/** Not a literal where it is used: the types of the library are not needed, and sites without Redis need not have it. */
const LIBRARY: string = '@redis/client'

/**
 * Answers when the first attempt has ended, well or badly, or has taken as long as a command may. @throws Error when
 * the library is not installed
 */
export async function connectRedis({ url, timeoutMs, reconnectMs, log }: RedisOptions): Promise<RedisConnection> {
  const { createClient } = await loadLibrary()
  const client = createClient({
    url,
    RESP: 2,
    disableOfflineQueue: true,
    commandsQueueMaxLength: MAX_WAITING,
    socket: { connectTimeout: reconnectMs, reconnectStrategy: () => reconnectMs },
  })
  const tried = Promise.withResolvers<void>()
  let down = false
  client.on('ready', () => {
    if (down) log.info('redis.back')
    down = false
    tried.resolve()
  })
  client.on('error', (error) => {
    // Once for each time it goes away: every attempt to come back ends here too.
    if (!down) log.error('redis.away', { cause: messageOf(error) })
    down = true
    tried.resolve()
  })
  client.connect().then(
    () => tried.resolve(),
    () => tried.resolve(),
  )
  const patience = setTimeout(() => tried.resolve(), timeoutMs)
  await tried.promise
  clearTimeout(patience)
  return {
    get ready() {
      return client.isReady
    },
    async command(words) {
      if (!client.isReady) return { kind: 'away', cause: 'Redis is away' }
      const late = Promise.withResolvers<RedisAnswer>()
      const timer = setTimeout(() => late.resolve({ kind: 'away', cause: `no answer in ${timeoutMs} ms` }), timeoutMs)
      try {
        return await Promise.race([ask(client, words), late.promise])
      } finally {
        clearTimeout(timer)
      }
    },
    async [Symbol.asyncDispose]() {
      client.destroy()
    },
  }
}

async function ask(client: LibraryClient, words: readonly string[]): Promise<RedisAnswer> {
  try {
    return { kind: 'answer', value: await client.sendCommand(words) }
  } catch (error) {
    // Redis begins its refusals with a word in capitals: NOSCRIPT, NOAUTH, OOM, READONLY.
    const cause = messageOf(error)
    return /^[A-Z]{2,} /.test(cause) ? { kind: 'refused', cause } : { kind: 'away', cause }
  }
}

async function loadLibrary(): Promise<Library> {
  const loaded: unknown = await import(LIBRARY).catch((cause: unknown) => {
    throw new Error(`state.kind: redis needs the package ${LIBRARY}; install it beside Postern`, { cause })
  })
  if (!isLibrary(loaded)) throw new Error(`the package ${LIBRARY} is not the one this was written for`)
  return loaded
}

const isLibrary = (loaded: unknown): loaded is Library =>
  typeof loaded === 'object' && loaded !== null && 'createClient' in loaded && typeof loaded.createClient === 'function'

const messageOf = (error: unknown): string => (error instanceof Error ? error.message || error.name : String(error))
