// SPDX-License-Identifier: Apache-2.0
/** What a hypothetical session needs to know of a site: a revision, who looks at the world, where it would listen. */
import { isIPv6 } from 'node:net'
import type { CallOuts } from '../ask/call-outs.ts'
import type { Revision } from '../config/revision.ts'
import type { ListenerConfig } from '../config/schema.ts'
import { START_CHANNEL } from '../config/start-channel.ts'
import { type ChannelName, parseChannelName } from '../envelope/channel-name.ts'
import type { createIds } from '../envelope/message-id.ts'
import { NO_COUNTS, type SessionContext } from '../policy/stage.ts'
import type { Reads } from './copied-world.ts'
import { BadScenario, type Scenario } from './scenario.ts'

export interface Site {
  readonly revision: Revision
  readonly reads: Reads
  /** There is a certificate. */
  readonly tls: boolean
  /** Routines of mapping tables, with counts that begin anew. */
  readonly callOuts: () => CallOuts
  readonly ids: ReturnType<typeof createIds>
  /** Wall-clock milliseconds. */
  readonly now: () => number
  /** Milliseconds that never run backwards. */
  readonly elapsed: () => number
}

/** Any; tables that look at it are rare. */
const CLIENT_PORT = 40_000

/** @throws BadScenario when there is no such listener */
export function sessionContext({ revision, ids }: Site, scenario: Scenario): SessionContext {
  const [name, listener] = listenerOf(revision, scenario)
  const channel = parseChannelName(listener.channel ?? START_CHANNEL[listener.service])
  if (channel === undefined) throw new BadScenario(`the listener ${name} has no channel that exists`)
  return {
    session: ids.session(),
    revision,
    listener: name,
    service: listener.service,
    client: { address: scenario.ip, port: scenario.clientPort ?? CLIENT_PORT },
    server: { address: serverAddress(listener, scenario), port: scenario.port ?? listener.port },
    source: channel,
    initial: channel satisfies ChannelName,
    counts: NO_COUNTS,
    esmtp: false,
  }
}

function listenerOf(
  { config }: Revision,
  { listener, port, login }: Scenario,
): readonly [name: string, config: ListenerConfig] {
  const all = Object.entries(config.listeners)
  if (listener !== undefined) {
    const named = config.listeners[listener]
    if (named === undefined) throw new BadScenario(`there is no listener ${listener}; ${listOf(all)}`)
    return [listener, named]
  }
  if (port !== undefined) {
    const there = all.find(([, each]) => each.port === port)
    if (there === undefined) throw new BadScenario(`no listener has port ${port}; ${listOf(all)}`)
    return there
  }
  // Users sign in at the listener for them, other systems come to the other one.
  const order = login === undefined ? FOR_STRANGERS : FOR_USERS
  const fitting = order.flatMap((service) => all.filter(([, each]) => each.service === service))
  const [first] = fitting
  if (first === undefined) throw new BadScenario('the configuration has no listener')
  return first
}

const FOR_STRANGERS = ['smtp', 'submission', 'submissions', 'lmtp'] as const
const FOR_USERS = ['submission', 'submissions', 'smtp', 'lmtp'] as const

const listOf = (all: readonly (readonly [string, ListenerConfig])[]): string =>
  `there are ${all.map(([name, { port }]) => `${name} (${port})`).join(', ')}`

/** A client sees one address of a server that listens on all. */
function serverAddress({ address }: ListenerConfig, { serverIp, ip }: Scenario): string {
  if (serverIp !== undefined) return serverIp
  if (address !== '::' && address !== '0.0.0.0') return address
  return isIPv6(ip) ? '::1' : '127.0.0.1'
}
