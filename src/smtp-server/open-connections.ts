// SPDX-License-Identifier: Apache-2.0
/** What a server that listens has open: its ports and its connections, and how both come to an end. */
import type { Clock } from '../clock/clock.ts'
import type { Listener } from './listener.ts'

/** A connection that is being served. */
export interface Running {
  /** To its end. Never rejects. */
  run(): Promise<void>
  /** Ends as soon as it decently can. */
  stop(): void
  /** Ends now. */
  destroy(): void
}

export type Addresses = Readonly<Record<string, { readonly address: string; readonly port: number }>>

export class OpenConnections<C extends Running> {
  readonly #clock: Clock
  readonly #listeners: Listener[] = []
  readonly #running = new Map<C, Promise<void>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#running.size
  }

  /** Where it listens, by the name of the listener. */
  get addresses(): Addresses {
    return Object.fromEntries(this.#listeners.map(({ name, address, port }) => [name, { address, port }]))
  }

  listensOn(listener: Listener): void {
    this.#listeners.push(listener)
  }

  /** @param ended is called when the connection has ended and counts no more */
  run(connection: C, ended: () => void): void {
    this.#running.set(connection, this.#serve(connection, ended))
  }

  async #serve(connection: C, ended: () => void): Promise<void> {
    await connection.run()
    this.#running.delete(connection)
    ended()
  }

  /** No new connections, and the end of the others; who is left after `deadlineMs` is cut off. */
  async stop(deadlineMs: number): Promise<void> {
    const closing = this.#listeners.splice(0).map((listener) => listener.close())
    for (const connection of this.#running.keys()) connection.stop()
    const cancel = this.#clock.after(deadlineMs, () => {
      for (const connection of this.#running.keys()) connection.destroy()
    })
    await Promise.all(this.#running.values())
    cancel()
    await Promise.all(closing)
  }
}

/** Opens all, or none. @throws what opening one throws */
export async function openAll<
  L,
  S extends { open(name: string, config: L): Promise<void>; stop(deadlineMs: number): Promise<void> },
>(server: S, listeners: Readonly<Record<string, L>>): Promise<S> {
  try {
    for (const [name, config] of Object.entries(listeners)) await server.open(name, config)
  } catch (error) {
    await server.stop(0)
    throw error
  }
  return server
}
