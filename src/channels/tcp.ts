// SPDX-License-Identifier: Apache-2.0
/**
 * SMTP to other systems: next hops by MX or as configured, one after the other until one takes the message (RFC 5321
 * §5.1). A host that cannot be reached or will not talk is passed over; what a host says about the message counts.
 */
import { readFile } from 'node:fs/promises'
import { domainOf } from '../address/address.ts'
import type { ChannelConfigOf } from '../config/schema-channels.ts'
import type { Recipient } from '../envelope/envelope.ts'
import type { Outcome } from '../envelope/outcome.ts'
import { ConnectionFailure } from '../smtp-client/connection.ts'
import { type Host, hostsOfDomain, hostsOfNextHop, type MxOptions } from '../smtp-client/mx.ts'
import { SessionPool } from '../smtp-client/pool.ts'
import { type ClientSession, formatParsed, openSession, SessionRefused } from '../smtp-client/session.ts'
import { sendMessage } from '../smtp-client/transaction.ts'
import type { ChannelDeps } from './deps.ts'
import type { Delivery, Destination } from './destination.ts'

/** Hosts tried in one attempt; the others have their turn at the next one. */
const MAX_TRIES = 5

export function createTcp(config: ChannelConfigOf<'tcp'>, deps: ChannelDeps): Destination {
  const pool = new SessionPool({ clock: deps.clock, idleMs: config.idle, maxMessages: config.reuse })
  const hopOf = (recipient: Recipient): string | undefined => recipient.via ?? config.smarthost

  async function open(host: Host, signal: AbortSignal): Promise<ClientSession> {
    const login =
      config.login === undefined
        ? undefined
        : { user: config.login.user, password: (await readFile(config.login.passwordFile, 'utf8')).trim() }
    const ca = config.tlsCa === undefined ? undefined : await readFile(config.tlsCa, 'utf8')
    return await openSession({
      endpoint: {
        address: host.address,
        port: host.port,
        ...(config.bindAddress === undefined ? {} : { bindAddress: config.bindAddress }),
      },
      hostname: deps.hostname,
      lmtp: false,
      tls: config.tls,
      serverName: host.name.startsWith('[') || host.name === host.address ? '' : host.name,
      connectTimeoutMs: config.connectTimeout,
      signal,
      ...(ca === undefined ? {} : { ca }),
      ...(login === undefined ? {} : { login }),
    })
  }

  async function deliver(
    delivery: Delivery,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<readonly Outcome[]> {
    const all = (outcome: Outcome): readonly Outcome[] => delivery.recipients.map(() => outcome)
    const [first] = delivery.recipients
    if (first === undefined) return []
    const mx: MxOptions = {
      resolver: deps.resolver,
      port: config.port,
      families: config.addressFamilies,
      self: deps.self(),
      random: deps.random,
      signal,
    }
    const hop = hopOf(first)
    const hops = hop === undefined ? await hostsOfDomain(domainOf(first.address), mx) : await hostsOfNextHop(hop, mx)
    if (hops.kind !== 'hosts') return all(hops)
    let last: Outcome = { kind: 'deferred', status: '4.4.1', reason: 'no host could be reached', destinationDown: true }
    for (const host of hops.hosts.slice(0, MAX_TRIES)) {
      if (signal.aborted) break
      const key = `${host.address}:${host.port}`
      const mta = host.name
      try {
        const session = pool.take(key) ?? (await open(host, signal))
        const outcomes = await sendMessage(session, delivery, { mta, signal })
        pool.give(key, session)
        // A connection that broke before anything was decided says nothing about the next host.
        if (!outcomes.every((outcome) => outcome.kind === 'deferred' && outcome.status === '4.4.2')) return outcomes
        last = outcomes[0] ?? last
      } catch (error) {
        last = failureOf(error, mta, host)
      }
    }
    return all(last)
  }

  return {
    destinationKey: (recipient) => hopOf(recipient) ?? domainOf(recipient.address),
    deliver,
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  }
}

/** A session that did not come to be: the reason is the host's, so it is never final (a 554 greeting speaks of us, not of the message). */
function failureOf(error: unknown, mta: string, host: Host): Outcome {
  const address = `${host.address}:${host.port}`
  if (error instanceof SessionRefused) {
    const status = `4.${error.reply.enhanced ?? '7.0'}`
    return {
      kind: 'deferred',
      status,
      reason: error.message,
      destinationDown: true,
      remote: { mta, address, reply: formatParsed(error.reply) },
    }
  }
  if (error instanceof ConnectionFailure)
    return {
      kind: 'deferred',
      status: error.kind === 'tls' ? '4.7.5' : '4.4.1',
      reason: error.message,
      remote: { mta, address },
      destinationDown: error.kind !== 'aborted',
    }
  throw error
}
