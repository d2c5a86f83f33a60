// SPDX-License-Identifier: Apache-2.0
/** STARTTLS, LOGOUT and NOOP: RFC 5804 §2.2, §2.3, §2.13. */
import { type Action, CLOSE, say } from '../action.ts'
import type { Conversation } from '../conversation.ts'
import type { SessionAsking } from '../questions.ts'
import { no, ok, Refusal } from '../reply.ts'
import { decodeUtf8 } from '../script-name.ts'
import type { Arguments } from './arguments.ts'

export function* startTls(session: Conversation): SessionAsking<readonly Action[]> {
  if (session.context.tls !== undefined) throw new Refusal(no('TLS is there already'))
  if (!session.setting.tlsAvailable()) throw new Refusal(no('TLS is not available here'))
  session.state = { at: 'handshake' }
  return [say(ok('Begin TLS negotiation now')), { do: 'startTls' }]
}

export function* logout(session: Conversation): SessionAsking<readonly Action[]> {
  session.state = { at: 'closed' }
  return [say(ok('Good-bye')), CLOSE]
}

export function* noop(_session: Conversation, { strings: [tag] }: Arguments): SessionAsking<readonly Action[]> {
  if (tag === undefined) return [say(ok('Done'))]
  const value = decodeUtf8(tag)
  if (value === undefined) throw new Refusal(no('The tag is not UTF-8'))
  return [say(ok('Done', { code: 'TAG', value }))]
}
