// SPDX-License-Identifier: Apache-2.0
/**
 * The SMTP, submission and LMTP server: listens, makes a session for each connection, stops gracefully. All parts are
 * handed in; nothing is looked up here.
 */
import type { Socket } from 'node:net'
import type { SecureContext } from 'node:tls'
import { inNetwork, type Network, parseNetwork } from '../address/network.ts'
import type { Host } from '../ask/ask.ts'
import type { Clock } from '../clock/clock.ts'
import type { Revision } from '../config/revision.ts'
import type { Config, ListenerConfig } from '../config/schema.ts'
import { START_CHANNEL } from '../config/start-channel.ts'
import { type ChannelName, parseChannelName } from '../envelope/channel-name.ts'
import type { MessageId, SessionId } from '../envelope/message-id.ts'
import type { Log } from '../monitor/log.ts'
import type { Metrics } from '../monitor/metrics.ts'
import { NO_COUNTS, type SessionContext } from '../policy/stage.ts'
import type { TraceSink } from '../policy/trace.ts'
import type { Endpoint } from '../proxy-protocol/header.ts'
import { type InHand, nothingInHand } from '../queue/in-hand.ts'
import type { Draft } from '../queue/store.ts'
import type { SlotSource } from '../state/connection-slots.ts'
import { Connection, type ConnectionParts } from './connection.ts'
import { ContentMemory } from './content-memory.ts'
import { listen, plainAddress } from './listener.ts'
import { type Addresses, OpenConnections, openAll } from './open-connections.ts'
import { Place } from './place.ts'
import { readProxied } from './proxied.ts'
import { RefusedConnections } from './refused-connections.ts'
import { Session, type SessionSetting } from './session.ts'
import { smtpMetrics } from './smtp-metrics.ts'
import { Wire } from './wire.ts'

export interface SmtpServerDeps {
  readonly listeners: Config['listeners']
  /** Descriptors of ports that are bound already, by the name of the listener. */
  readonly descriptors?: ReadonlyMap<string, number>
  /** Places for connections. */
  readonly slots: SlotSource
  /** The policy revision of now; a transaction keeps the one it began with. */
  readonly revision: () => Revision
  readonly host: Omit<Host, 'queue.commit' | 'slot.claim' | 'client.early'>
  /** Starts taking in one message: QueueStore.begin. */
  readonly begin: () => Draft
  /** Remembers what is received now; without it nothing is remembered. */
  readonly inHand?: Pick<InHand, 'begin' | 'clear'>
  /** Shared with whoever else looks at messages in this process; its own unless given. */
  readonly contentMemory?: ContentMemory
  /** Told when a message has become durable. */
  readonly accepted: (id: MessageId) => void
  readonly traces: TraceSink
  readonly log: Log
  readonly metrics: Metrics
  readonly clock: Clock
  readonly ids: { message(): MessageId; session(): SessionId }
  readonly tlsContext: () => SecureContext | undefined
}

export interface SmtpServer extends AsyncDisposable {
  /** Where it listens, by the name of the listener. */
  addresses(): Addresses
  /** Connections that are open now. */
  connections(): number
  /**
   * Stops: no new connections, 421 to the idle ones, and to the others when their transaction has ended. What is not
   * done after `deadlineMs` is cut off.
   */
  stop(deadlineMs: number): Promise<void>
}

/** Time for transactions in progress when the server is disposed of without a deadline of the caller's. */
const STOP_DEADLINE_MS = 10_000

/** @throws when a port cannot be had, or submissions is to be served without a certificate; nothing is left listening */
export async function startSmtpServer(deps: SmtpServerDeps): Promise<SmtpServer> {
  return await openAll(new Listening(deps), deps.listeners)
}

/** What is the same for all connections of a port. */
interface Port {
  readonly listener: string
  readonly service: ListenerConfig['service']
  readonly channel: ChannelName
}

class Listening implements SmtpServer {
  readonly #deps: SmtpServerDeps
  readonly #parts: ConnectionParts
  readonly #setting: SessionSetting
  readonly #open: OpenConnections<Connection>
  /** Connections whose PROXY header has not come yet. */
  readonly #heralds = new Set<Socket>()
  readonly #traces: RefusedConnections

  constructor(deps: SmtpServerDeps) {
    this.#deps = deps
    this.#open = new OpenConnections(deps.clock)
    this.#traces = new RefusedConnections(deps.traces, deps.clock)
    const { clock, ids, tlsContext, inHand = nothingInHand, contentMemory = new ContentMemory(clock) } = deps
    this.#parts = { ...deps, inHand, contentMemory, traces: this.#traces, metrics: smtpMetrics(deps.metrics) }
    this.#setting = {
      newMessageId: () => ids.message(),
      now: () => clock.now(),
      elapsed: () => clock.monotonic(),
      tlsAvailable: () => tlsContext() !== undefined,
    }
    const looked = (): number => contentMemory.octets
    deps.metrics.gauge('postern_filter_content_octets', 'Octets of messages that filters look at now', looked)
    deps.metrics.gauge('postern_smtp_connections', 'Connections open now', () => this.#open.size)
  }

  async open(name: string, config: ListenerConfig): Promise<void> {
    if (config.service === 'submissions' && this.#deps.tlsContext() === undefined)
      throw new Error(`listener ${name}: submissions needs a certificate (tls)`)
    const fd = this.#deps.descriptors?.get(name)
    const proxies = config.proxies.flatMap((text) => parseNetwork(text) ?? [])
    const port: Port = { listener: name, service: config.service, channel: channelOf(config) }
    const take = (socket: Socket): void => {
      const proxied = proxies.length > 0 && isOneOf(socket.remoteAddress, proxies)
      if (proxied) void this.#takeProxied(port, socket)
      else this.#take(port, socket, {})
    }
    this.#open.listensOn(await listen(name, fd === undefined ? config : { fd }, take))
  }

  addresses(): Addresses {
    return this.#open.addresses
  }

  connections(): number {
    return this.#open.size
  }

  async stop(deadlineMs: number): Promise<void> {
    for (const socket of this.#heralds) socket.destroy()
    await this.#open.stop(deadlineMs)
    this.#traces.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop(STOP_DEADLINE_MS)
  }

  /** The balancer says who the client is, before the client says anything. */
  async #takeProxied(port: Port, socket: Socket): Promise<void> {
    this.#heralds.add(socket)
    const read = await readProxied(socket, this.#deps.clock)
    this.#heralds.delete(socket)
    if (read.kind === 'read') this.#take(port, socket, read)
    else
      this.#deps.log.warn('smtp.proxy-header', { listener: port.listener, peer: socket.remoteAddress, why: read.why })
  }

  #take(
    { listener, service, channel }: Port,
    socket: Socket,
    proxied: { readonly client?: Endpoint; readonly server?: Endpoint },
  ): void {
    const { remoteAddress, remotePort, localAddress, localPort } = socket
    // A client that hung up before we looked has no address any more.
    if (remoteAddress === undefined || remotePort === undefined) {
      socket.destroy()
      return
    }
    const context: SessionContext = {
      session: this.#deps.ids.session(),
      revision: this.#deps.revision(),
      listener,
      service,
      client: proxied.client ?? { address: plainAddress(remoteAddress), port: remotePort },
      server: proxied.server ?? { address: plainAddress(localAddress ?? ''), port: localPort ?? 0 },
      source: channel,
      initial: channel,
      counts: NO_COUNTS,
      esmtp: false,
    }
    const place = new Place(this.#deps.slots)
    const wire = new Wire(socket, this.#deps.clock)
    const connection = new Connection(wire, new Session(context, this.#setting), this.#parts, place.claim)
    this.#open.run(connection, place.release)
  }
}

const isOneOf = (address: string | undefined, networks: readonly Network[]): boolean =>
  address !== undefined && networks.some((network) => inNetwork(address, network))

function channelOf(config: ListenerConfig): ChannelName {
  const name = parseChannelName(config.channel ?? START_CHANNEL[config.service])
  if (name === undefined) throw new Error(`${config.channel} is no channel name`)
  return name
}
