// SPDX-License-Identifier: Apache-2.0
/**
 * The ports, bound once by the dispatcher and handed to each worker as open descriptors (design 2.4). Nothing is
 * accepted here: binding and listening are two steps, and only workers take the second.
 */
import * as net from 'node:net'
import { getSystemErrorName } from 'node:util'
import type { ListenerConfig } from '../config/schema.ts'

export interface BoundPort {
  readonly name: string
  readonly address: string
  /** The real one where 0 was asked for. */
  readonly port: number
  /** Open in this process; a child inherits it. */
  readonly fd: number
}

interface Handle {
  readonly fd: number
  getsockname(into: { address?: string; port?: number }): number
  close(): void
}

/**
 * Node binds and listens in one step, and a server that listens accepts. Its own `cluster` binds with this function;
 * it gives a negative error number where there is no handle.
 */
const { _createServerHandle: bind } = net as unknown as {
  _createServerHandle(address: string, port: number, family: 4 | 6, fd: null, flags: number): Handle | number
}

/** Disposing closes them here; workers that have them keep them. */
export class Ports implements Disposable {
  readonly #handles: Handle[] = []
  readonly bound: readonly BoundPort[]

  /** @throws Error with code and address when one cannot be had; none is held then */
  constructor(listeners: Readonly<Record<string, Pick<ListenerConfig, 'address' | 'port'>>>) {
    try {
      this.bound = Object.entries(listeners).map(([name, at]) => this.#bind(name, at))
    } catch (error) {
      this[Symbol.dispose]()
      throw error
    }
  }

  [Symbol.dispose](): void {
    for (const handle of this.#handles.splice(0)) handle.close()
  }

  #bind(name: string, { address, port }: Pick<ListenerConfig, 'address' | 'port'>): BoundPort {
    const handle = bind(address, port, net.isIPv6(address) ? 6 : 4, null, 0)
    if (typeof handle === 'number') throw notBound(name, address, port, handle)
    this.#handles.push(handle)
    const at: { address?: string; port?: number } = {}
    const failed = handle.getsockname(at)
    if (failed !== 0) throw notBound(name, address, port, failed)
    return { name, address: at.address ?? address, port: at.port ?? port, fd: handle.fd }
  }
}

/** As Node's own errors of listening look, so that the command line says the same of both. */
function notBound(name: string, address: string, port: number, errno: number): Error {
  const code = getSystemErrorName(errno)
  const where = net.isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`
  return Object.assign(new Error(`listener ${name}: ${code} ${where}`), { code, errno, syscall: 'bind', address, port })
}
