// SPDX-License-Identifier: Apache-2.0
/** RSET, RFC 5321 §4.1.1.5: forgets the transaction, keeps the session. */
import type { Asking } from '../../ask/ask.ts'
import { reply } from '../../smtp/reply.ts'
import { type Action, say } from '../action.ts'
import type { Session } from '../session.ts'
import { reset } from '../transaction.ts'

export function* rset(session: Session): Asking<readonly Action[]> {
  return [...reset(session), say(reply(250, '0.0', 'Ok'))]
}
