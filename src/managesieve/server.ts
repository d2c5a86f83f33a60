// SPDX-License-Identifier: Apache-2.0
/**
 * The ManageSieve server: listens, makes a session for each connection, counts them, stops gracefully. All parts are
 * handed in; nothing is looked up here.
 */
import type { Socket } from 'node:net'
import type { Config } from '../config/schema.ts'
import { listen, plainAddress } from '../smtp-server/listener.ts'
import { type Addresses, OpenConnections, openAll } from '../smtp-server/open-connections.ts'
import { Wire } from '../smtp-server/wire.ts'
import { ConnectionSlots, soleSlots } from '../state/connection-slots.ts'
import { Connection, type ConnectionParts } from './connection.ts'
import { bye, formatReply } from './reply.ts'
import type { ScriptChecker } from './script-checker.ts'
import { Session } from './session.ts'
import type { SessionSettings } from './settings.ts'

export interface ManageSieveDeps extends ConnectionParts {
  readonly listeners: Config['managesieve']['listeners']
  /** Descriptors of ports that are bound already, by the name of the listener. */
  readonly descriptors?: ReadonlyMap<string, number>
  /** Of now; a session keeps those it began with. */
  readonly settings: () => SessionSettings
  readonly checker: () => ScriptChecker
}

export interface ManageSieveServer extends AsyncDisposable {
  /** Where it listens, by the name of the listener. */
  addresses(): Addresses
  /** Connections that are open now. */
  connections(): number
  /** No new connections, BYE to the others when their command has ended; who is left after `deadlineMs` is cut off. */
  stop(deadlineMs: number): Promise<void>
}

/** Time for commands in progress when the server is disposed of without a deadline of the caller's. */
const STOP_DEADLINE_MS = 5000
/** Refused connections are logged once in so long, with their number. */
const TELL_EVERY_MS = 60_000
/** A client that was refused has so long to read why. */
const REFUSED_MS = 1000

/** @throws when a port cannot be had; nothing is left listening */
export async function startManageSieve(deps: ManageSieveDeps): Promise<ManageSieveServer> {
  return await openAll(new Listening(deps), deps.listeners)
}

class Listening implements ManageSieveServer {
  readonly #deps: ManageSieveDeps
  readonly #open: OpenConnections<Connection>
  readonly #slots: ReturnType<typeof soleSlots>
  #refused = 0
  #tellAt = 0

  constructor(deps: ManageSieveDeps) {
    this.#deps = deps
    this.#open = new OpenConnections(deps.clock)
    this.#slots = soleSlots(new ConnectionSlots(() => deps.clock.monotonic()), () => deps.settings().managesieve)
  }

  async open(name: string, config: Config['managesieve']['listeners'][string]): Promise<void> {
    const fd = this.#deps.descriptors?.get(name)
    const where = fd === undefined ? config : { fd }
    this.#open.listensOn(await listen(name, where, (socket) => void this.#take(socket)))
  }

  addresses(): Addresses {
    return this.#open.addresses
  }

  connections(): number {
    return this.#open.size
  }

  async stop(deadlineMs: number): Promise<void> {
    await this.#open.stop(deadlineMs)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop(STOP_DEADLINE_MS)
  }

  async #take(socket: Socket): Promise<void> {
    const { remoteAddress, remotePort } = socket
    // A client that hung up before we looked has no address any more.
    if (remoteAddress === undefined || remotePort === undefined) {
      socket.destroy()
      return
    }
    const { clock, settings, checker, tlsContext } = this.#deps
    const client = { address: plainAddress(remoteAddress), port: remotePort }
    const wire = new Wire(socket, clock)
    const claimed = await this.#slots.claim(client.address)
    if (!claimed.answer.granted) return await this.#refuse(wire, client.address, claimed.answer.limit)
    const context = { client, settings: settings(), checker: checker() }
    const session = new Session(context, { tlsAvailable: () => tlsContext() !== undefined })
    this.#open.run(new Connection(wire, session, this.#deps), () => claimed.release())
  }

  async #refuse(wire: Wire, client: string, limit: string): Promise<void> {
    this.#refused++
    const now = this.#deps.clock.monotonic()
    if (now >= this.#tellAt) {
      this.#deps.log.warn('managesieve.refused-connections', { client, limit, connections: this.#refused })
      this.#tellAt = now + TELL_EVERY_MS
      this.#refused = 0
    }
    await wire.write(formatReply(bye('Too many connections', 'TRYLATER')), REFUSED_MS)
    await wire.close()
  }
}
