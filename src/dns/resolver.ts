// SPDX-License-Identifier: Apache-2.0
/**
 * The stub resolver: asks configured servers over UDP, and over TCP where an answer was cut (RFC 7766), with EDNS
 * (RFC 6891) and the AD bit asked for (RFC 6840 §5.7). Answers are kept for their time to live, absences as RFC 2308
 * says. It validates nothing itself: AD is only as good as the path to the server.
 */
import { LRUCache } from 'lru-cache'
import type { DnsLookup, DnsType } from '../ask/lookup.ts'
import type { Clock } from '../clock/clock.ts'
import type { Log } from '../monitor/log.ts'
import { type Interpreted, interpret } from './answer.ts'
import { exchange, type NameServer, parseNameServer } from './exchange.ts'

export interface Resolver {
  /** @param name ASCII, with or without the dot at its end */
  lookup<T extends DnsType>(name: string, type: T, options?: { readonly signal?: AbortSignal }): Promise<DnsLookup<T>>
}

export interface ResolverOptions {
  /** `address`, `address:port`, `[v6]:port`; in order of preference. */
  readonly servers: readonly string[]
  /** For one look-up, all tries and aliases included. */
  readonly timeoutMs: number
  readonly cacheEntries: number
  readonly clock: Clock
  readonly log: Log
}

/** RFC 1034 §3.6.2 leaves it open how long a chain of aliases may be. */
const MAX_ALIASES = 8
/** Time for one try at one server; doubled with each round. */
const FIRST_TRY_MS = 1500
const MIN_TTL_S = 1
const MAX_TTL_S = 86_400

export function createResolver(options: ResolverOptions): Resolver {
  const { timeoutMs, clock, log } = options
  const servers = options.servers.flatMap((text) => parseNameServer(text) ?? [])
  const cache =
    options.cacheEntries === 0
      ? undefined
      : new LRUCache<string, { readonly answer: DnsLookup; readonly until: number }>({ max: options.cacheEntries })
  const underWay = new Map<string, Promise<DnsLookup>>()
  /** Servers that did not answer lately are asked last. */
  const failedAt = new Map<NameServer, number>()

  async function ask(name: string, type: DnsType, signal: AbortSignal): Promise<Interpreted> {
    const healthy = servers.toSorted((a, b) => (failedAt.get(a) ?? 0) - (failedAt.get(b) ?? 0))
    let cause = servers.length === 0 ? 'no name servers' : 'no answer in time'
    for (let round = 0; round < 3 && !signal.aborted; round++) {
      for (const server of healthy) {
        if (signal.aborted) break
        const tryMs = AbortSignal.timeout(FIRST_TRY_MS * 2 ** round)
        const result = await exchange(server, name, type, AbortSignal.any([signal, tryMs]))
        if (result.kind === 'answer') {
          const answer = interpret(result.packet, name, type)
          if (answer.kind !== 'defer') {
            failedAt.delete(server)
            return answer
          }
          cause = `${server.address}: ${answer.cause}`
        } else cause = `${server.address}: ${result.cause}`
        failedAt.set(server, clock.monotonic())
      }
    }
    return { kind: 'defer', cause }
  }

  async function resolve(start: string, type: DnsType): Promise<DnsLookup> {
    const signal = AbortSignal.timeout(timeoutMs)
    let name = start
    let ttl = MAX_TTL_S
    for (let aliases = 0; aliases <= MAX_ALIASES; aliases++) {
      const answer = await ask(name, type, signal)
      if (answer.kind === 'alias') {
        name = answer.name
        ttl = Math.min(ttl, answer.ttlSeconds)
        continue
      }
      if (answer.kind === 'defer') return answer
      return { ...answer, ttlSeconds: Math.max(MIN_TTL_S, Math.min(ttl, answer.ttlSeconds)) }
    }
    return { kind: 'defer', cause: 'chain of aliases too long' }
  }

  function cached(name: string, type: DnsType): Promise<DnsLookup> | DnsLookup {
    const key = `${type} ${name}`
    const hit = cache?.get(key)
    if (hit !== undefined && hit.until > clock.monotonic()) return hit.answer
    const running = underWay.get(key)
    if (running !== undefined) return running
    const started = resolve(name, type)
      .then((answer) => {
        if (answer.kind === 'defer') log.debug('dns.deferred', { name, type, cause: answer.cause })
        else cache?.set(key, { answer, until: clock.monotonic() + answer.ttlSeconds * 1000 })
        return answer
      })
      .finally(() => underWay.delete(key))
    underWay.set(key, started)
    return started
  }

  return {
    async lookup<T extends DnsType>(
      given: string,
      type: T,
      { signal }: { readonly signal?: AbortSignal } = {},
    ): Promise<DnsLookup<T>> {
      const name = given.replace(/\.$/, '').toLowerCase()
      // What cannot be a name has no records; nobody needs to be asked.
      if (!isName(name)) return { kind: 'absent', why: 'nxdomain', ttlSeconds: MAX_TTL_S }
      const answer = await untilAborted(Promise.resolve(cached(name, type)), signal)
      // The key holds the type, so the records are of it.
      return answer as DnsLookup<T>
    },
  }
}

/** The caller's abort ends its wait, not the look-up others may share. */
async function untilAborted(answer: Promise<DnsLookup>, signal: AbortSignal | undefined): Promise<DnsLookup> {
  if (signal === undefined) return await answer
  const { promise, resolve } = Promise.withResolvers<DnsLookup>()
  const abort = (): void => resolve({ kind: 'defer', cause: 'given up' })
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([answer, promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** RFC 1035 §2.3.4 sizes; underscores are in use. */
const isName = (name: string): boolean =>
  name.length > 0 &&
  name.length <= 253 &&
  name.split('.').every((label) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label))
