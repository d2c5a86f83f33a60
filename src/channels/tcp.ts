// SPDX-License-Identifier: Apache-2.0
/**
 * SMTP to other systems: next hops by MX or as configured, one after the other until one takes the message (RFC 5321
 * §5.1). A host that cannot be reached or will not talk is passed over; what a host says about the message counts.
 */
import { readFile } from 'node:fs/promises'
import { domainOf } from '../address/address.ts'
import { isLoopback } from '../address/network.ts'
import type { AbortWish } from '../clock/abort.ts'
import type { ChannelConfigOf } from '../config/schema-channels.ts'
import type { ChannelName } from '../envelope/channel-name.ts'
import type { Delivery } from '../envelope/delivery.ts'
import type { Recipient } from '../envelope/envelope.ts'
import type { Outcome } from '../envelope/outcome.ts'
import type { IpVerdict } from '../policy/access/outgoing.ts'
import { attemptMs, Deadline } from '../smtp-client/deadline.ts'
import { ConnectionFailure } from '../smtp-client/failure.ts'
import { type Host, hostsOfDomain, hostsOfNextHop, type NextHops, parseNextHop } from '../smtp-client/mx.ts'
import { SessionPool } from '../smtp-client/pool.ts'
import { outcomeOfFailure, sendThrough } from '../smtp-client/send.ts'
import { type ClientSession, openSession } from '../smtp-client/session.ts'
import type { ChannelDeps } from './deps.ts'
import type { Destination } from './destination.ts'
import { encodingLongLines } from './line-length.ts'

/** Hosts tried in the first attempt, and so many more in each later one. */
const MAX_TRIES = 5

export function createTcp(config: ChannelConfigOf<'tcp'>, deps: ChannelDeps): Destination {
  const pool = new SessionPool({ clock: deps.clock, idleMs: config.idle, maxMessages: config.reuse })
  const smarthost = config.smarthost === undefined ? undefined : parseNextHop(config.smarthost, config.port)
  const hopOf = ({ via }: Pick<Recipient, 'via'>): string | undefined => via ?? config.smarthost

  /** Credentials are the smart host's alone: neither a route's next hop nor a stranger's MX ever sees them. */
  const loginFor = (hop: string | undefined) =>
    hop !== undefined && hop === config.smarthost ? config.login : undefined

  async function open(host: Host, hop: string | undefined, deadline: Deadline): Promise<ClientSession> {
    const account = loginFor(hop)
    const login =
      account === undefined
        ? undefined
        : { user: account.user, password: (await requireFile(account.passwordFile)).trim() }
    const ca = config.tlsCa === undefined ? undefined : await requireFile(config.tlsCa)
    // Whoever answers without a certificate that was checked could ask for the password too.
    const checked = login !== undefined && config.tls === 'opportunistic' && !isLoopback(host.address)
    return await openSession({
      endpoint: {
        address: host.address,
        port: host.port,
        ...(config.bindAddress === undefined ? {} : { bindAddress: config.bindAddress }),
      },
      hostname: deps.hostname,
      lmtp: false,
      tls: checked ? 'required' : config.tls,
      serverName: host.name.startsWith('[') || host.name === host.address ? '' : host.name,
      connectTimeoutMs: config.connectTimeout,
      clock: deps.clock,
      deadline,
      ...(ca === undefined ? {} : { ca }),
      ...(login === undefined ? {} : { login }),
    })
  }

  function hostsFor({ address }: Recipient, hop: string | undefined, deadline: Deadline): NextHops | Promise<NextHops> {
    const { resolver, random } = deps
    const { port, addressFamilies: families } = config
    const mx = { resolver, port, families, self: deps.self(), random, deadline }
    return hop === undefined
      ? hostsOfDomain(domainOf(address), mx)
      : hostsOfNextHop(hop, mx, hop === config.smarthost ? smarthost : undefined)
  }

  /** The host to connect to as IP_ACCESS has it, or what becomes of the message (spec access-control.md 10). */
  function allowed(host: Host, verdict: IpVerdict | undefined): Host | Outcome {
    switch (verdict?.do) {
      case undefined:
        return host
      case 'connect': {
        if (verdict.address === undefined) return host
        if (!deps.self().has(`${verdict.address}:${host.port}`)) return { ...host, address: verdict.address }
        return { kind: 'deferred', status: '4.4.6', reason: 'IP_ACCESS names this server itself' }
      }
      case 'skip':
        return { kind: 'deferred', status: '4.4.1', reason: `IP_ACCESS skips ${host.address}` }
      case 'fail':
        return { kind: 'failed', status: '5.4.4', reason: 'invalid host/domain' }
      case 'defer':
        return { kind: 'deferred', status: '4.3.0', reason: 'IP_ACCESS cannot be asked now' }
      default:
        return verdict satisfies never
    }
  }

  async function deliver(delivery: Delivery, { signal }: { readonly signal: AbortWish }): Promise<readonly Outcome[]> {
    const { ipAccess, channel = 'tcp_local' as ChannelName } = deps
    const all = (outcome: Outcome): readonly Outcome[] => delivery.recipients.map(() => outcome)
    const [first] = delivery.recipients
    if (first === undefined) return []
    const deadline = new Deadline('the delivery', attemptMs(config, delivery.size), deps.clock, signal)
    const hop = hopOf(first)
    const answer = hostsFor(first, hop, deadline)
    const hops = answer instanceof Promise ? await inTime(answer, deadline) : answer
    if (hops.kind !== 'hosts') return all(hops)
    const { length } = hops.hosts
    const tries = Math.min(length, MAX_TRIES * (delivery.attempts + 1))
    let last: Outcome = { kind: 'deferred', status: '4.4.1', reason: 'no host could be reached', destinationDown: true }
    let current = 0
    for (const found of hops.hosts) {
      if (current++ === tries || deadline.isOver) break
      const { address: asked, name: hostname } = found
      const verdict = ipAccess?.({ channel, current, count: length, address: asked, hostname })
      const host = allowed(found, verdict instanceof Promise ? await verdict : verdict)
      if ('kind' in host) {
        last = host
        if (host.kind === 'failed') break
        continue
      }
      const address = `${host.address}:${host.port}`
      const mta = host.name
      // The name is part of it: a certificate was checked against it. And so is whether we signed in.
      const key = `${mta} ${address}${loginFor(hop) === undefined ? '' : ' signed in'}`
      try {
        return await sendThrough(pool, key, () => open(host, hop, deadline), delivery, { mta, deadline })
      } catch (error) {
        last = outcomeOfFailure(error, { mta, address })
      }
    }
    return all(last)
  }

  return {
    destinationKey: (way) => hopOf(way) ?? way.domain,
    deliver: encodingLongLines(config.lineLength, deliver),
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  }
}

/** The timer of its signal, which names are looked up under, goes with the answer. */
async function inTime<T>(answer: Promise<T>, deadline: Deadline): Promise<T> {
  using _ = deadline
  return await answer
}

/** @throws ConnectionFailure: a file of the configuration that is not there is our slip, and nobody's mail returns for it */
async function requireFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unreadable'
    throw new ConnectionFailure('setup', `a file named in the configuration: ${code}`, { cause })
  }
}
