// SPDX-License-Identifier: Apache-2.0
/** DATA, RFC 5321 §4.1.1.4. What follows the 354 is content.ts's. */
import type { Asking } from '../../ask/ask.ts'
import { isTransient, Refusal, reply } from '../../smtp/reply.ts'
import { type Action, say } from '../action.ts'
import { contentRules, finish } from '../content.ts'
import { judgeEnvelope } from '../envelope.ts'
import type { Session } from '../session.ts'
import type { Transaction } from '../state.ts'

const GO_AHEAD = say(reply(354, undefined, 'Send the message, end with a line that holds a single dot')) // RFC 2034 §4

export function* data(session: Session): Asking<readonly Action[]> {
  const { state } = session
  if (state.at !== 'mail') throw new Error(`DATA in state ${state.at}`)
  requireRecipient(session, state.transaction)
  const transaction = yield* judgeEnvelope(state.transaction)
  if ('refused' in transaction)
    return finish(session, state.transaction, transaction.refused, {
      outcome: isTransient(transaction.refused) ? 'deferred' : 'refused',
    })
  session.state = { at: 'data', transaction }
  return [GO_AHEAD, { do: 'readContent', rules: contentRules(transaction) }]
}

/** RFC 5321 §3.3: 503 when no RCPT came, 554 when all were refused; RFC 2033 §4.2: 503 in both cases. */
export function requireRecipient(session: Session, { recipients, presented }: Transaction): void {
  if (recipients.length > 0) return
  if (presented === 0 || session.context.service === 'lmtp')
    throw new Refusal(reply(503, '5.1', 'No recipient was accepted'))
  throw new Refusal(reply(554, '5.1', 'No valid recipients'))
}
