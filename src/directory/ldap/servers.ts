// SPDX-License-Identifier: Apache-2.0
/**
 * Connections to LDAP servers (RFC 4511): opened when needed, with TLS and sign-in, kept for a while, never more than so
 * many, one request at a time on each, so that what an answer may take can be counted. A server that fails is left alone
 * for a time and the next one asked; with all of them away the answer is at once that they are.
 *
 * The library connects again by itself, without TLS and sign-in, when it finds a connection closed. So a connection that
 * has ended is never used again here (`isAlive`), and the library never sees one. Referrals are not followed.
 */
import { isIP, connect as netConnect, type Socket } from 'node:net'
import { connect as tlsConnect } from 'node:tls'
import type { Client } from 'ldapts'
import type { Log } from '../../monitor/log.ts'
import type { LdapSettings } from './settings.ts'

export type Ran<T> =
  | { readonly kind: 'done'; readonly value: T }
  /** The server's own refusal of this request; RFC 4511 §4.1.9. */
  | { readonly kind: 'refused'; readonly code: number; readonly cause: string }
  /** No server, no connection, no answer in time: what became of the request is not known. */
  | { readonly kind: 'away'; readonly cause: string }

export interface LdapServers extends AsyncDisposable {
  /** Servers that failed when they were asked last, with the cause. */
  failing(): readonly { readonly url: string; readonly cause: string }[]
  /** Signed in as the configuration says. May ask twice. */
  run<T>(work: (client: Client) => Promise<T>): Promise<Ran<T>>
  /** The same for what must not be done twice. */
  change<T>(work: (client: Client) => Promise<T>): Promise<Ran<T>>
  /** Connections that nobody is signed in on, or whoever was before: for checking a password by signing in. */
  runUnbound<T>(work: (client: Client) => Promise<T>): Promise<Ran<T>>
}

/** Requests that wait for a connection; with more, the directory is as good as away. */
const MAX_WAITING = 1000
const IDLE_MS = 60_000
/** Servers say so when another one should be asked: busy, unavailable. RFC 4511 §A.1. */
const NOT_NOW: ReadonlySet<number> = new Set([51, 52])

interface Connection {
  readonly client: Client
  readonly url: string
  isAlive(): boolean
  /** It was ended since an answer was too long. */
  isTooLong(): boolean
  /** Octets received since; the answer to one request may have so many. */
  startCounting(): void
  /** Whether it keeps the process alive: while it rests it does not. */
  hold(held: boolean): void
  end(): void
  idleTimer?: NodeJS.Timeout
}

export function ldapServers(
  settings: LdapSettings,
  { now, log }: { readonly now: () => number; readonly log: Log },
): LdapServers {
  const breaker = breakerOf(settings.config.urls, settings.config.retryAfter, now, log)
  const look = new Pool(settings, breaker, true)
  const unbound = new Pool(settings, breaker, false)
  return {
    failing: () => breaker.failing(),
    run: (work) => look.run(work, true),
    change: (work) => look.run(work, false),
    runUnbound: (work) => unbound.run(work, true),
    async [Symbol.asyncDispose]() {
      look.close()
      unbound.close()
    },
  }
}

interface Breaker {
  /** Those to try, in the order of the configuration. */
  usable(): readonly string[]
  failed(url: string, cause: string): void
  worked(url: string): void
  cause(): string
  failing(): readonly { readonly url: string; readonly cause: string }[]
}

function breakerOf(urls: readonly string[], retryAfterMs: number, now: () => number, log: Log): Breaker {
  const out = new Map<string, { readonly until: number; readonly cause: string }>()
  return {
    usable: () => urls.filter((url) => (out.get(url)?.until ?? Number.NEGATIVE_INFINITY) <= now()),
    failed(url, cause) {
      if (!out.has(url)) log.error('ldap.away', { url, cause })
      out.set(url, { until: now() + retryAfterMs, cause })
    },
    worked(url) {
      if (out.delete(url)) log.info('ldap.back', { url })
    },
    failing: () => [...out].map(([url, { cause }]) => ({ url, cause })),
    cause: () => [...out.values()][0]?.cause ?? 'no server answers',
  }
}

class Pool {
  readonly #settings: LdapSettings
  readonly #breaker: Breaker
  readonly #signedIn: boolean
  readonly #idle: Connection[] = []
  readonly #waiting: (() => void)[] = []
  #open = 0
  #closed = false

  constructor(settings: LdapSettings, breaker: Breaker, signedIn: boolean) {
    this.#settings = settings
    this.#breaker = breaker
    this.#signedIn = signedIn
  }

  /** Requests in hand are finished; later ones are answered too, each on a connection of its own. */
  close(): void {
    this.#closed = true
    for (const connection of this.#idle.splice(0)) this.#end(connection)
  }

  async run<T>(work: (client: Client) => Promise<T>, again: boolean): Promise<Ran<T>> {
    if (!(await this.#turn())) return { kind: 'away', cause: 'ldap: too many requests at one time' }
    try {
      const rested = this.#reusable()
      if (rested !== undefined) {
        const ran = await this.#use(rested, work, 'rested')
        // It may have died while it rested, which says nothing of the server. What changes something is not done twice.
        if (ran.kind !== 'away' || !again || !('died' in ran)) return ran
      }
      const opened = await this.#connect()
      return 'cause' in opened ? { kind: 'away', cause: opened.cause } : await this.#use(opened, work, 'new')
    } finally {
      // The place goes straight to whoever waits, so that nobody comes between.
      const next = this.#waiting.shift()
      if (next === undefined) this.#open--
      else next()
    }
  }

  /** A place for one connection; `false` when there is none in time. */
  async #turn(): Promise<boolean> {
    const { connections, timeout } = this.#settings.config
    if (this.#open >= connections) {
      if (this.#waiting.length >= MAX_WAITING) return false
      const { promise, resolve } = Promise.withResolvers<boolean>()
      const turn = (): void => resolve(true)
      this.#waiting.push(turn)
      const timer = setTimeout(() => {
        const at = this.#waiting.indexOf(turn)
        if (at >= 0) this.#waiting.splice(at, 1)
        resolve(false)
      }, timeout)
      const had = await promise
      clearTimeout(timer)
      return had
    }
    this.#open++
    return true
  }

  #reusable(): Connection | undefined {
    for (;;) {
      const connection = this.#idle.pop()
      if (connection === undefined) return undefined
      clearTimeout(connection.idleTimer)
      if (connection.isAlive()) {
        connection.hold(true)
        return connection
      }
      connection.end()
    }
  }

  async #use<T>(
    connection: Connection,
    work: (client: Client) => Promise<T>,
    age: 'new' | 'rested',
  ): Promise<Ran<T> | { readonly kind: 'away'; readonly cause: string; readonly died: true }> {
    connection.startCounting()
    try {
      const value = await work(connection.client)
      this.#breaker.worked(connection.url)
      this.#keep(connection)
      return { kind: 'done', value }
    } catch (error) {
      const code = codeOf(error)
      const cause = `ldap: ${messageOf(error)}`
      if (code !== undefined && !NOT_NOW.has(code)) {
        this.#keep(connection)
        return { kind: 'refused', code, cause }
      }
      connection.end()
      // One entry that is too large must not take the others with it.
      if (connection.isTooLong())
        return { kind: 'away', cause: `ldap: an answer of more than ${this.#settings.config.maxAnswer} octets` }
      if (age === 'rested' && code === undefined) return { kind: 'away', cause, died: true }
      this.#breaker.failed(connection.url, cause)
      return { kind: 'away', cause }
    }
  }

  #keep(connection: Connection): void {
    if (this.#closed || !connection.isAlive()) {
      connection.end()
      return
    }
    connection.idleTimer = setTimeout(() => {
      const at = this.#idle.indexOf(connection)
      if (at >= 0) this.#idle.splice(at, 1)
      this.#end(connection)
    }, IDLE_MS)
    connection.idleTimer.unref()
    connection.hold(false)
    this.#idle.push(connection)
  }

  #end(connection: Connection): void {
    clearTimeout(connection.idleTimer)
    connection.end()
  }

  async #connect(): Promise<Connection | { readonly cause: string }> {
    for (const url of this.#breaker.usable()) {
      try {
        return await connectTo(url, this.#settings, this.#signedIn)
      } catch (error) {
        this.#breaker.failed(url, `ldap: ${messageOf(error)}`)
      }
    }
    return { cause: this.#breaker.cause() }
  }
}

/** @throws Error when it is not there in time, its certificate is not to be trusted, or it does not let us in */
async function connectTo(url: string, { config, password, ca }: LdapSettings, signedIn: boolean): Promise<Connection> {
  const { Client } = await import('ldapts')
  const sockets = new Set<Socket>()
  let ended = false
  let received = 0
  const watch = <S extends Socket>(socket: S): S => {
    sockets.add(socket)
    socket.on('data', (octets: Uint8Array) => {
      received += octets.length
      if (received > config.maxAnswer) socket.destroy(new Error(`an answer of more than ${config.maxAnswer} octets`))
    })
    socket.on('close', () => {
      ended = true
    })
    return socket
  }
  const end = (why?: Error): void => {
    ended = true
    for (const socket of sockets) socket.destroy(why)
  }
  const { hostname: written, protocol } = new URL(url)
  const host = written.replace(/^\[|\]$/g, '')
  const tls = {
    host,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(ca === undefined ? {} : { ca }),
    minVersion: 'TLSv1.2',
  } as const
  const client = new Client({
    url,
    timeout: config.timeout,
    connectTimeout: config.connectTimeout,
    ...(protocol === 'ldaps:' ? { tlsOptions: tls } : {}),
    createConnection: ((port: number, name: string) => watch(netConnect(port, name))) as typeof netConnect,
    // Called with port, host and options for ldaps://, with options alone for StartTLS.
    createSecureConnection: ((...given: Parameters<typeof tlsConnect>) =>
      watch(tlsConnect(...given))) as typeof tlsConnect,
  })
  // With an error: the library waits for one while TLS begins, and for ever where a socket only closes.
  const late = (): void => end(new Error(`no connection in ${config.connectTimeout} ms`))
  const patience = setTimeout(late, config.connectTimeout)
  try {
    if (protocol === 'ldap:' && config.startTls) await client.startTLS({ ...tls })
    if (signedIn && config.bindDn !== undefined) await client.bind(config.bindDn, password ?? '')
  } catch (error) {
    end()
    throw error
  } finally {
    clearTimeout(patience)
  }
  return {
    client,
    url,
    isAlive: () => !ended,
    isTooLong: () => received > config.maxAnswer,
    startCounting() {
      received = 0
    },
    hold(held) {
      for (const socket of sockets) held ? socket.ref() : socket.unref()
    },
    end,
  }
}

/** Of a result of the server, RFC 4511 §4.1.9. */
function codeOf(error: unknown): number | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'number' ? code : undefined
}

const messageOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/[\r\n]+/g, ' ').slice(0, 300)
