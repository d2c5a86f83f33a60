// SPDX-License-Identifier: Apache-2.0
/**
 * STARTTLS, RFC 3207 §4. The 220 is the last octet in the clear: what the client sent behind the command is dropped
 * by the host before the handshake, and everything said so far is forgotten after it.
 */
import type { Asking } from '../../ask/ask.ts'
import { Refusal, reply } from '../../smtp/reply.ts'
import { type Action, say } from '../action.ts'
import type { Session } from '../session.ts'

export function* starttls(session: Session): Asking<readonly Action[]> {
  if (session.context.tls !== undefined) throw new Refusal(reply(503, '5.1', 'TLS is active already'))
  if (!session.setting.tlsAvailable()) throw new Refusal(reply(502, '5.1', 'TLS is not available here'))
  session.state = { at: 'handshake', implicit: false }
  return [say(reply(220, '0.0', 'Ready to start TLS')), { do: 'startTls' }]
}
