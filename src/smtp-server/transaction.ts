// SPDX-License-Identifier: Apache-2.0
/** How a mail transaction ends other than by being queued: the trace it leaves. RFC 5321 §3.3, §4.1.1.5. */
import type { Trace } from '../policy/trace.ts'
import type { Action } from './action.ts'
import type { Session } from './session.ts'
import { type Transaction, transactionOf } from './state.ts'

/** What the trace says of a transaction that the client gave up: refused when we left it nothing to send to. */
function outcomeOf({ recipients, presented, onlyDeferred }: Transaction): Trace['outcome'] {
  if (recipients.length > 0 || presented === 0) return 'abandoned'
  return onlyDeferred ? 'deferred' : 'refused'
}

export const abandon = (transaction: Transaction): readonly Action[] => [
  { do: 'dropContent' },
  { do: 'record', trace: transaction.trace.finish(outcomeOf(transaction)) },
]

/** RSET, HELO, EHLO: whatever was under way is forgotten. */
export function reset(session: Session): readonly Action[] {
  const open = transactionOf(session.state)
  session.state = { at: session.state.at === 'greeted' ? 'greeted' : 'ready' }
  return open === undefined ? [] : abandon(open)
}
