// SPDX-License-Identifier: Apache-2.0
/** LMTP to a message store, RFC 2033: a reply for each recipient. */
import type { MailAddress } from '../address/address.ts'
import { localPartOf } from '../address/address.ts'
import type { ChannelConfigOf } from '../config/schema-channels.ts'
import type { Delivery } from '../envelope/delivery.ts'
import type { Outcome } from '../envelope/outcome.ts'
import type { Endpoint } from '../smtp-client/connection.ts'
import { attemptMs, Deadline } from '../smtp-client/deadline.ts'
import { hostsOfNextHop } from '../smtp-client/mx.ts'
import { SessionPool } from '../smtp-client/pool.ts'
import { outcomeOfFailure, sendThrough } from '../smtp-client/send.ts'
import { type ClientSession, openSession } from '../smtp-client/session.ts'
import type { ChannelDeps } from './deps.ts'
import type { Destination } from './destination.ts'
import { encodingLongLines } from './line-length.ts'

/** RFC 2033 §5: LMTP never runs on port 25. */
const DEFAULT_PORT = 24

/** @param separator between a user and a subaddress; empty: the store is told of users alone */
export function createLmtp(config: ChannelConfigOf<'lmtp'>, deps: ChannelDeps, separator = '+'): Destination {
  const pool = new SessionPool({ clock: deps.clock, idleMs: config.idle, maxMessages: config.reuse })
  const store = config.socket ?? config.host ?? ''

  async function endpoints(deadline: Deadline): Promise<readonly Endpoint[] | { readonly reason: string }> {
    if (config.socket !== undefined) return [{ socket: config.socket }]
    const { resolver, random } = deps
    const hops = await hostsOfNextHop(store, {
      resolver,
      random,
      self: new Set(),
      deadline,
      port: DEFAULT_PORT,
      families: ['ipv6', 'ipv4'],
    })
    if (hops.kind !== 'hosts') return { reason: hops.reason }
    return hops.hosts.map(({ address, port }) => ({ address, port }))
  }

  const open = (endpoint: Endpoint, deadline: Deadline): Promise<ClientSession> =>
    openSession({
      endpoint,
      hostname: deps.hostname,
      lmtp: true,
      tls: 'never',
      serverName: '',
      connectTimeoutMs: config.connectTimeout,
      clock: deps.clock,
      deadline,
    })

  /** The store's name of a recipient: with its subaddress, for that is how stores find the folder (RFC 5233). */
  function named(delivery: Delivery): Delivery {
    const recipients = delivery.recipients.map((recipient) => {
      const local = localPartOf(recipient.address)
      // A quoted local part has its end inside the quotes; it names the inbox.
      const plain = recipient.detail === undefined || separator === '' || local.startsWith('"')
      const detailed = plain ? local : `${local}${separator}${recipient.detail}`
      const address = config.address === 'full' ? `${detailed}@${recipient.address.slice(local.length + 1)}` : detailed
      return { ...recipient, address: address as MailAddress }
    })
    return { ...delivery, recipients }
  }

  return {
    destinationKey: () => store,
    deliver: encodingLongLines(config.lineLength, async (delivery, { signal }) => {
      using deadline = new Deadline('the delivery', attemptMs(config, delivery.size), deps.clock, signal)
      const all = (outcome: Outcome): readonly Outcome[] => delivery.recipients.map(() => outcome)
      const to = await endpoints(deadline)
      if ('reason' in to) return all({ kind: 'deferred', status: '4.4.3', reason: to.reason, destinationDown: true })
      let last: Outcome = {
        kind: 'deferred',
        status: '4.4.1',
        reason: `no address for ${store}`,
        destinationDown: true,
      }
      for (const endpoint of to) {
        const address = 'socket' in endpoint ? endpoint.socket : `${endpoint.address}:${endpoint.port}`
        try {
          const options = { mta: store, deadline }
          return await sendThrough(pool, address, () => open(endpoint, deadline), named(delivery), options)
        } catch (error) {
          last = outcomeOfFailure(error, { mta: store, address })
        }
      }
      return all(last)
    }),
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  }
}
