// SPDX-License-Identifier: Apache-2.0
/** What HELO, EHLO and LHLO share: the client's name, and the fresh start. RFC 5321 §4.1.1.1 and §4.1.4. */
import { Refusal, type Reply, reply } from '../../smtp/reply.ts'
import { type Action, say } from '../action.ts'
import { MAX_HELO_OCTETS } from '../limits.ts'
import type { Session } from '../session.ts'
import { reset } from '../transaction.ts'

/** RFC 5321 §4.1.3: domain or address literal; in practice also underscores, and what routers of users make of it. */
const USUAL_NAME = /^(?:[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?|\[[0-9A-Za-z.:]+\])$/

/**
 * Takes the client's name. It is lenient, for the name decides nothing: only what could harm a `Received:` field or a
 * log is refused. The argument is printable ASCII without blanks, at most 255 octets.
 */
export function sayHello(
  session: Session,
  argument: string,
  answer: { readonly esmtp: boolean; readonly reply: () => Reply },
): readonly Action[] {
  // Trailing words after the name are dropped, as RFC 5321 §4.1.1.1 has none and old clients send some.
  const name = argument.split(' ', 1)[0] ?? ''
  if (name === '') throw new Refusal(reply(501, '5.4', 'Your name is missing'))
  if (Buffer.byteLength(argument) > MAX_HELO_OCTETS) throw new Refusal(reply(501, '5.4', 'Name too long')) // RFC 5321 §4.5.3.1.2
  if (!/^[\x21-\x7e]+$/.test(name)) throw new Refusal(reply(501, '5.4', 'Name has characters that no name has')) // RFC 5321 §2.3.5
  const ended = reset(session)
  session.context = { ...session.context, helo: name, esmtp: answer.esmtp }
  session.connectionTrace.set({ helo: name })
  session.state = { at: 'ready' }
  const unusual: readonly Action[] = USUAL_NAME.test(name)
    ? []
    : [{ do: 'log', level: 'info', event: 'smtp.unusual-helo', fields: { helo: name } }]
  return [...ended, ...unusual, say(answer.reply())]
}
