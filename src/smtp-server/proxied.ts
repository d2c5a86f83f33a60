// SPDX-License-Identifier: Apache-2.0
/**
 * The PROXY header of a connection that a listed load balancer made: read before anything else, bounded in time and
 * size. Without a whole and right one the connection is closed: to take the balancer for the client would let
 * everybody in as one of its network.
 */
import type { Socket } from 'node:net'
import type { Clock } from '../clock/clock.ts'
import { type Endpoint, readProxyHeader } from '../proxy-protocol/header.ts'

/** A balancer sends it at once; one that does not is none. */
const HEADER_TIMEOUT_MS = 10_000

export type Proxied =
  | { readonly kind: 'read'; readonly client?: Endpoint; readonly server?: Endpoint }
  /** The socket has been destroyed. */
  | { readonly kind: 'failed'; readonly why: string }

/** Leaves what follows the header to be read from the socket. Never rejects. */
export async function readProxied(socket: Socket, clock: Clock): Promise<Proxied> {
  const { promise, resolve } = Promise.withResolvers<Proxied>()
  let bytes = Buffer.alloc(0)
  const fail = (why: string): void => resolve({ kind: 'failed', why })
  const onReadable = (): void => {
    for (let chunk: Buffer | null = socket.read(); chunk !== null; chunk = socket.read()) {
      bytes = Buffer.concat([bytes, chunk])
      const header = readProxyHeader(bytes)
      if (header.kind === 'bad') fail(header.why)
      if (header.kind === 'incomplete') continue
      if (header.kind === 'whole') {
        // No further reading: what is left belongs to the session.
        socket.off('readable', onReadable)
        if (header.length < bytes.length) socket.unshift(bytes.subarray(header.length))
        const { client, server } = header
        resolve({ kind: 'read', ...(client && { client }), ...(server && { server }) })
      }
      return
    }
  }
  const onEnd = (): void => fail('the connection ended before it was whole')
  const onError = (error: Error): void => fail(error.message)
  socket.on('readable', onReadable)
  socket.once('end', onEnd).once('close', onEnd).on('error', onError)
  const cancel = clock.after(HEADER_TIMEOUT_MS, () => fail('it did not come in time'))
  const read = await promise
  cancel()
  socket.off('readable', onReadable).off('end', onEnd).off('close', onEnd)
  if (read.kind === 'failed') socket.destroy()
  else socket.off('error', onError)
  return read
}
