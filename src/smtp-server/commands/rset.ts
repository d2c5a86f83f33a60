// SPDX-License-Identifier: Apache-2.0
/** RSET, RFC 5321 §4.1.1.5: forgets the transaction, keeps the session unless one of its limits is reached. */
import type { Asking } from '../../ask/ask.ts'
import { runStages } from '../../policy/run-stages.ts'
import type { Finding } from '../../policy/saying.ts'
import { STAGES } from '../../policy/stages.ts'
import { reply } from '../../smtp/reply.ts'
import { type Action, say } from '../action.ts'
import type { Session } from '../session.ts'
import { reset } from '../transaction.ts'

export function* rset(session: Session): Asking<readonly Action[]> {
  // A RSET that changes nothing is nothing to tell: only a refusal is traced.
  const steps: Finding[] = []
  const { verdict } = yield* runStages('rset', STAGES.rset, session.context, { step: (step) => steps.push(step) })
  if (verdict.do === 'refuse') {
    for (const step of steps) session.trace.step(step)
    return session.endWith(verdict.reply)
  }
  return [...reset(session), say(reply(250, '0.0', 'Ok'))]
}
