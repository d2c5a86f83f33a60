// SPDX-License-Identifier: Apache-2.0
/** LMTP to a message store, RFC 2033: a reply for each recipient. */
import type { MailAddress } from '../address/address.ts'
import { localPartOf } from '../address/address.ts'
import type { ChannelConfigOf } from '../config/schema-channels.ts'
import type { Outcome } from '../envelope/outcome.ts'
import { ConnectionFailure, type Endpoint } from '../smtp-client/connection.ts'
import { hostsOfNextHop } from '../smtp-client/mx.ts'
import { SessionPool } from '../smtp-client/pool.ts'
import { openSession, SessionRefused } from '../smtp-client/session.ts'
import { sendMessage } from '../smtp-client/transaction.ts'
import type { ChannelDeps } from './deps.ts'
import type { Delivery, Destination } from './destination.ts'

/** RFC 2033 §5: LMTP never runs on port 25. */
const DEFAULT_PORT = 24

export function createLmtp(config: ChannelConfigOf<'lmtp'>, deps: ChannelDeps): Destination {
  const pool = new SessionPool({ clock: deps.clock, idleMs: config.idle, maxMessages: config.reuse })
  const store = config.socket ?? config.host ?? ''

  async function endpoint(signal: AbortSignal): Promise<Endpoint | { readonly reason: string }> {
    if (config.socket !== undefined) return { socket: config.socket }
    const { resolver, random } = deps
    const self = new Set<string>()
    const hops = await hostsOfNextHop(store, {
      resolver,
      random,
      self,
      signal,
      port: DEFAULT_PORT,
      families: ['ipv6', 'ipv4'],
    })
    const [host] = hops.kind === 'hosts' ? hops.hosts : []
    if (host !== undefined) return { address: host.address, port: host.port }
    return { reason: hops.kind === 'hosts' ? `no address for ${store}` : hops.reason }
  }

  /** The store's name of a recipient: with its subaddress, for that is how stores find the folder (RFC 5233). */
  function named(delivery: Delivery): Delivery {
    const recipients = delivery.recipients.map((recipient) => {
      const local = localPartOf(recipient.address)
      const detailed = recipient.detail === undefined ? local : `${local}+${recipient.detail}`
      const address = config.address === 'full' ? `${detailed}@${recipient.address.slice(local.length + 1)}` : detailed
      return { ...recipient, address: address as MailAddress }
    })
    return { ...delivery, recipients }
  }

  return {
    destinationKey: () => store,
    async deliver(delivery, { signal }) {
      const all = (outcome: Outcome): readonly Outcome[] => delivery.recipients.map(() => outcome)
      try {
        const to = await endpoint(signal)
        if ('reason' in to) return all({ kind: 'deferred', status: '4.4.3', reason: to.reason, destinationDown: true })
        const { hostname } = deps
        const session =
          pool.take(store) ??
          (await openSession({
            endpoint: to,
            hostname,
            lmtp: true,
            tls: 'never',
            serverName: '',
            connectTimeoutMs: config.connectTimeout,
            signal,
          }))
        const outcomes = await sendMessage(session, named(delivery), { mta: store, signal })
        pool.give(store, session)
        return outcomes
      } catch (error) {
        if (!(error instanceof ConnectionFailure || error instanceof SessionRefused)) throw error
        return all({
          kind: 'deferred',
          status: '4.4.1',
          reason: error.message,
          remote: { mta: store },
          destinationDown: true,
        })
      }
    },
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  }
}
