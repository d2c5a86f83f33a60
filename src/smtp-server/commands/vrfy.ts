// SPDX-License-Identifier: Apache-2.0
/** VRFY, RFC 5321 §3.5.3 and §7.3: the same answer for everybody, known or not. */
import type { Asking } from '../../ask/ask.ts'
import { Refusal, reply } from '../../smtp/reply.ts'
import { type Action, say } from '../action.ts'
import type { Session } from '../session.ts'

export function* vrfy(_session: Session, argument: string): Asking<readonly Action[]> {
  if (argument === '') throw new Refusal(reply(501, '5.4', 'VRFY needs an address'))
  return [say(reply(252, '1.5', 'Cannot verify, but will take a message and try to deliver it'))]
}
