// SPDX-License-Identifier: Apache-2.0
/**
 * TLS on an accepted socket: the server's certificate as a context, and the handshake of STARTTLS (RFC 3207) and of
 * implicit TLS (RFC 8314 §3.3). Versions older than 1.2 are never spoken (RFC 8996). No client certificates.
 */
import type { Socket } from 'node:net'
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls'
import type { Clock } from '../clock/clock.ts'
import type { Config } from '../config/schema.ts'
import { HANDSHAKE_TIMEOUT_MS } from './limits.ts'

/** Tickets of one worker are taken by the others: they must mean the same service (RFC 8446 §4.6.1). */
const SESSION_CONTEXT = 'postern-smtp'

/**
 * @param given certificate and key as PEM; `ticketKeys` are the 48 octets that session tickets are made with
 * @throws when certificate and key do not belong together
 */
export function createTlsContext(given: {
  readonly certificate: Buffer
  readonly key: Buffer
  readonly minVersion: NonNullable<Config['tls']>['minVersion']
  readonly ticketKeys: Buffer
}): SecureContext {
  return createSecureContext({
    cert: given.certificate,
    key: given.key,
    minVersion: given.minVersion,
    honorCipherOrder: true,
    ticketKeys: given.ticketKeys,
    sessionIdContext: SESSION_CONTEXT,
  })
}

export interface TlsSession {
  readonly socket: TLSSocket
  readonly version: string
  readonly cipher: string
}

/**
 * Shakes hands as the server. The socket must have no listeners of ours left.
 * @throws when the client fails, hangs up, or takes longer than HANDSHAKE_TIMEOUT_MS; the socket is destroyed then
 */
export async function shakeHands(plain: Socket, secureContext: SecureContext, clock: Clock): Promise<TlsSession> {
  const socket = new TLSSocket(plain, { isServer: true, secureContext })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const fail = (error: Error): void => reject(error)
  const hangUp = (): void => reject(new Error('connection closed during the TLS handshake'))
  const cancel = clock.after(HANDSHAKE_TIMEOUT_MS, () => reject(new Error('timeout in the TLS handshake')))
  socket.once('secure', resolve)
  socket.once('error', fail)
  socket.once('close', hangUp)
  plain.once('error', fail)
  plain.once('close', hangUp)
  try {
    await promise
  } catch (error) {
    socket.on('error', () => {})
    socket.destroy()
    plain.destroy()
    throw error
  } finally {
    cancel()
    socket.off('secure', resolve).off('error', fail).off('close', hangUp)
    plain.off('close', hangUp)
  }
  return { socket, version: socket.getProtocol() ?? 'TLS', cipher: socket.getCipher().name }
}
