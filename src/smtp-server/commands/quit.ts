// SPDX-License-Identifier: Apache-2.0
/** QUIT, RFC 5321 §4.1.1.10. */
import type { Asking } from '../../ask/ask.ts'
import { reply } from '../../smtp/reply.ts'
import { type Action, QUIT, say } from '../action.ts'
import type { Session } from '../session.ts'
import { reset } from '../transaction.ts'

export function* quit(session: Session): Asking<readonly Action[]> {
  const ended = reset(session)
  session.state = { at: 'closed' }
  return [
    ...ended,
    say(reply(221, '0.0', `${session.context.revision.config.server.hostname} closing connection`)),
    QUIT,
  ]
}
