// SPDX-License-Identifier: Apache-2.0
/** Totals of a session, judged when MAIL or RSET comes; over one of them the session ends (spec access-control.md 8). */
import type { Asking } from '../../ask/ask.ts'
import { CHANNEL_LIMITS, channelBound } from '../channel-limits.ts'
import type { MailContext, SessionContext, Stage, StageResult } from '../stage.ts'

const ABOUT = {
  name: 'session limits',
  decides: 'messages, recipients and refused recipients of one session',
  reference: 'spec access-control.md 8, disconnecttransactionlimit and its kin',
}

export const sessionLimits: Stage<MailContext> = { ...ABOUT, run: judge }
export const sessionLimitsAtReset: Stage<SessionContext> = { ...ABOUT, run: judge }

function* judge<C extends SessionContext>(context: C): Asking<StageResult<C>> {
  const { transactions, recipients, refusedRecipients } = context.counts
  const totals = [
    // The message that MAIL begins is one more; at RSET none can follow (channel-limits.ts).
    { name: 'disconnectTransactionLimit', total: transactions + 1, what: `message ${transactions + 1} of the session` },
    { name: 'disconnectRecipientLimit', total: recipients, what: `${recipients} recipients` },
    { name: 'disconnectRejectLimit', total: refusedRecipients, what: `${refusedRecipients} refused recipients` },
  ] as const
  for (const { name, total, what } of totals) {
    const { max, by } = channelBound(context, name)
    if (total > max)
      return { verdict: { do: 'refuse', reply: CHANNEL_LIMITS[name].reply, close: true }, by, note: what }
  }
  return { verdict: { do: 'pass' }, by: channelBound(context, totals[0].name).by }
}
