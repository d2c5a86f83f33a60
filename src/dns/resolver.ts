// SPDX-License-Identifier: Apache-2.0
/**
 * The stub resolver: asks configured servers over UDP, and over TCP where an answer was cut (RFC 7766), with EDNS
 * (RFC 6891) and the AD bit asked for (RFC 6840 §5.7). What it cannot find out is `defer`. It validates nothing
 * itself: AD is only as good as the path to the server.
 */
import { getServers } from 'node:dns'
import type { DnsLookup, DnsType } from '../ask/lookup.ts'
import type { Clock } from '../clock/clock.ts'
import type { Log } from '../monitor/log.ts'
import { type Metrics, noMetrics } from '../monitor/metrics.ts'
import { type Interpreted, interpret, MAX_ALIASES } from './answer.ts'
import { createAnswerCache } from './cache.ts'
import { exchange, type NameServer, parseNameServer } from './exchange.ts'
import { isName } from './name.ts'
import { createTurns } from './turns.ts'

export interface Resolver {
  /** @param name ASCII, with or without the dot at its end. On abort the answer is `defer`. */
  lookup<T extends DnsType>(name: string, type: T, options?: { readonly signal?: AbortSignal }): Promise<DnsLookup<T>>
}

export interface ResolverOptions {
  /** `address`, `address:port`, `[v6]:port`; in order of preference. Empty: those of the system. */
  readonly servers: readonly string[]
  /** For one look-up, all tries and aliases included. */
  readonly timeoutMs: number
  /** 0: none. */
  readonly cacheEntries: number
  readonly clock: Clock
  readonly log: Log
  readonly metrics?: Metrics
}

/** Time for one try at one server; doubled with each round. */
const FIRST_TRY_MS = 1500
const ROUNDS = 3
/** A server that did not answer is asked last for so long. */
const PENALTY_MS = 30_000
const MIN_TTL_S = 1
const MAX_TTL_S = 86_400
/** Each try holds a socket; look-ups beyond these wait for their turn. */
const MAX_TRIES_AT_ONCE = 256

export function createResolver(options: ResolverOptions): Resolver & AsyncDisposable {
  const { timeoutMs, clock, log, metrics = noMetrics } = options
  const given = options.servers.length === 0 ? getServers() : options.servers
  const servers = given.flatMap((text) => parseNameServer(text) ?? [])
  const cache = createAnswerCache(options.cacheEntries, clock)
  const underWay = new Map<string, Promise<DnsLookup>>()
  const turns = createTurns(MAX_TRIES_AT_ONCE)
  const failedAt = new Map<NameServer, number>()
  const closing = new AbortController()
  const lookups = metrics.counters('postern_dns_lookups_total', 'Look-ups that were not in the cache', [
    'type',
    'result',
  ])
  const seconds = metrics.histogram('postern_dns_lookup_seconds', 'Time of look-ups that were not in the cache')
  const hits = metrics.counter('postern_dns_cached_total', 'Look-ups answered from the cache')

  /** Servers that failed of late come last. */
  const inOrder = (): readonly NameServer[] => {
    const penalised = (server: NameServer): boolean => {
      const at = failedAt.get(server)
      return at !== undefined && clock.monotonic() - at < PENALTY_MS
    }
    return [...servers.filter((server) => !penalised(server)), ...servers.filter(penalised)]
  }

  async function tryOnce(server: NameServer, name: string, type: DnsType, tryMs: number, signal: AbortSignal) {
    if (!(await turns.take(signal))) return { kind: 'failure', cause: 'no answer in time' } as const
    try {
      return await exchange(server, name, type, AbortSignal.any([signal, AbortSignal.timeout(tryMs)]))
    } finally {
      turns.giveBack()
    }
  }

  async function ask(name: string, type: DnsType, signal: AbortSignal): Promise<Interpreted> {
    let left = inOrder()
    let cause = left.length === 0 ? 'no name servers' : 'no answer in time'
    for (let round = 0; round < ROUNDS; round++) {
      for (const server of left) {
        if (signal.aborted) return { kind: 'defer', cause }
        const result = await tryOnce(server, name, type, FIRST_TRY_MS * 2 ** round, signal)
        if (result.kind === 'failure') {
          cause = `${server.address}: ${result.cause}`
          // A caller's deadline says nothing about the server.
          if (!signal.aborted) failedAt.set(server, clock.monotonic())
          continue
        }
        failedAt.delete(server)
        const answer = interpret(result.packet, name, type)
        if (answer.kind !== 'defer') return answer
        // It will say the same again; another may know better.
        cause = `${server.address}: ${answer.cause}`
        left = left.filter((other) => other !== server)
      }
    }
    return { kind: 'defer', cause }
  }

  async function resolve(start: string, type: DnsType): Promise<DnsLookup> {
    const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(timeoutMs)])
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
      const ttlSeconds = Math.max(MIN_TTL_S, Math.min(ttl, answer.ttlSeconds))
      if (answer.kind === 'found') return { ...answer, ttlSeconds }
      const { denied, ...absent } = answer
      if (answer.why === 'nxdomain') cache.keepDenied(denied, ttlSeconds)
      return { ...absent, ttlSeconds }
    }
    return { kind: 'defer', cause: 'chain of aliases too long' }
  }

  function cached(name: string, type: DnsType): Promise<DnsLookup> | DnsLookup {
    const hit = cache.find(name, type)
    if (hit !== undefined) {
      hits.add()
      return hit
    }
    const key = `${type} ${name}`
    const running = underWay.get(key)
    if (running !== undefined) return running
    const startedMs = clock.monotonic()
    const started = resolve(name, type)
      .then((answer) => {
        lookups.with({ type, result: answer.kind }).add()
        seconds.observe((clock.monotonic() - startedMs) / 1000)
        if (answer.kind === 'defer') log.debug('dns.deferred', { name, type, cause: answer.cause })
        else cache.keep(name, type, answer)
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
    async [Symbol.asyncDispose]() {
      closing.abort()
      await Promise.all(underWay.values())
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
    return await Promise.race([promise, answer])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
