// SPDX-License-Identifier: Apache-2.0
/**
 * The ManageSieve server: listens, makes a session for each connection, counts them, stops gracefully. All parts are
 * handed in; nothing is looked up here.
 */
import type { Socket } from 'node:net'
import type { Config } from '../config/schema.ts'
import { type Listener, listen, plainAddress } from '../smtp-server/listener.ts'
import { Wire } from '../smtp-server/wire.ts'
import { type Claimed, ConnectionSlots, soleSlots } from '../state/connection-slots.ts'
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
  addresses(): Readonly<Record<string, { readonly address: string; readonly port: number }>>
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
  const server = new Listening(deps)
  try {
    for (const [name, config] of Object.entries(deps.listeners)) await server.open(name, config)
  } catch (error) {
    await server.stop(0)
    throw error
  }
  return server
}

class Listening implements ManageSieveServer {
  readonly #deps: ManageSieveDeps
  readonly #listeners: Listener[] = []
  readonly #connections = new Map<Connection, Promise<void>>()
  readonly #slots: ReturnType<typeof soleSlots>
  #refused = 0
  #tellAt = 0

  constructor(deps: ManageSieveDeps) {
    this.#deps = deps
    this.#slots = soleSlots(new ConnectionSlots(() => deps.clock.monotonic()), () => deps.settings().managesieve)
  }

  async open(name: string, config: Config['managesieve']['listeners'][string]): Promise<void> {
    const fd = this.#deps.descriptors?.get(name)
    const where = fd === undefined ? config : { fd }
    this.#listeners.push(await listen(name, where, (socket) => void this.#take(socket)))
  }

  addresses(): Readonly<Record<string, { readonly address: string; readonly port: number }>> {
    return Object.fromEntries(this.#listeners.map(({ name, address, port }) => [name, { address, port }]))
  }

  connections(): number {
    return this.#connections.size
  }

  async stop(deadlineMs: number): Promise<void> {
    const closing = this.#listeners.splice(0).map((listener) => listener.close())
    for (const connection of this.#connections.keys()) connection.stop()
    const cancel = this.#deps.clock.after(deadlineMs, () => {
      for (const connection of this.#connections.keys()) connection.destroy()
    })
    await Promise.all(this.#connections.values())
    cancel()
    await Promise.all(closing)
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
    this.#run(new Connection(wire, session, this.#deps), claimed)
  }

  #run(connection: Connection, claimed: Claimed): void {
    const run = connection.run().finally(() => {
      this.#connections.delete(connection)
      claimed.release()
    })
    this.#connections.set(connection, run)
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
