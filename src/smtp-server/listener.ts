// SPDX-License-Identifier: Apache-2.0
/** A port that is listened on: half-open connections allowed (RFC 5321 §4.1.1.10 needs only QUIT), no Nagle, dual stack. */
import { createServer, type Server, type Socket } from 'node:net'
import type { ListenerConfig } from '../config/schema.ts'

/** Linux cuts it to net.core.somaxconn; Node's own default is the same. */
const BACKLOG = 511

export interface Listener {
  readonly name: string
  readonly address: string
  /** The real one where 0 was asked for. */
  readonly port: number
  close(): Promise<void>
}

/**
 * @param where an address to bind, or a descriptor of a port that is bound already
 * @param take is handed each connection; it never throws
 * @throws when the address cannot be had
 */
export async function listen(
  name: string,
  where: Pick<ListenerConfig, 'address' | 'port'> | { readonly fd: number },
  take: (socket: Socket) => void,
): Promise<Listener> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, take)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    // `::` takes IPv4 too unless ipv6Only; a literal IPv6 address takes itself alone.
    if ('fd' in where) server.listen({ fd: where.fd, backlog: BACKLOG }, resolve)
    else server.listen({ host: where.address, port: where.port, backlog: BACKLOG, ipv6Only: false }, resolve)
  })
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new Error(`listener ${name} has no port`)
  return { name, address: bound.address, port: bound.port, close: () => closed(server) }
}

const closed = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()))

/** An IPv4 client of a dual-stack socket has its IPv4 address: tables and limits know one form only. */
export const plainAddress = (address: string): string => address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '')
