// SPDX-License-Identifier: Apache-2.0
/** Totals of a session, judged when MAIL or RSET comes; over one of them the session ends (spec access-control.md 8). */
import { CHANNEL_LIMITS, channelBound } from '../channel-limits.ts'
import type { MailContext, SessionContext, Stage, StageResult } from '../stage.ts'

const ABOUT = {
  name: 'session limits',
  decides: 'messages, recipients and refused recipients of one session',
  reference: 'spec access-control.md 8, disconnecttransactionlimit and its kin',
}

export const sessionLimits: Stage<MailContext> = { ...ABOUT, judge }
export const sessionLimitsAtReset: Stage<SessionContext> = { ...ABOUT, judge }

function judge(context: SessionContext): StageResult<never> {
  const { transactions, recipients, refusedRecipients } = context.counts
  // The message that MAIL begins is one more; at RSET none can follow (channel-limits.ts).
  const message = transactions + 1
  return (
    over(context, 'disconnectTransactionLimit', message, () => `message ${message} of the session`) ??
    over(context, 'disconnectRecipientLimit', recipients, () => `${recipients} recipients`) ??
    over(context, 'disconnectRejectLimit', refusedRecipients, () => `${refusedRecipients} refused recipients`) ??
    channelBound(context, 'disconnectTransactionLimit').passes
  )
}

function over(
  context: SessionContext,
  name: 'disconnectTransactionLimit' | 'disconnectRecipientLimit' | 'disconnectRejectLimit',
  total: number,
  note: () => string,
): StageResult<never> | undefined {
  const { max, by } = channelBound(context, name)
  if (total <= max) return undefined
  return { verdict: { do: 'refuse', reply: CHANNEL_LIMITS[name].reply, close: true }, by, note: note() }
}
