// SPDX-License-Identifier: Apache-2.0
/** Bounds on messages of a session and recipients of a message (spec access-control.md 8). */
import type { Reply } from '../../smtp/reply.ts'
import {
  type Bound,
  CHANNEL_LIMITS,
  channelBound,
  RECIPIENT_LIMIT_PERMANENT,
  siteBound,
  tightest,
} from '../channel-limits.ts'
import { channelConfig } from '../channels.ts'
import { usual } from '../saying.ts'
import type { EnvelopeContext, MailContext, RcptContext, SessionContext, Stage, StageResult } from '../stage.ts'

export const transactionLimit: Stage<MailContext> = {
  name: 'transaction limit',
  decides: 'messages in one session',
  reference: 'spec access-control.md 8, transactionlimit, ALLOW_TRANSACTIONS_PER_SESSION',
  judge(context) {
    const bound = tightest(siteBound(context, 'transactions'), channelBound(context, 'transactionLimit'))
    const { transactions } = context.counts
    if (transactions >= bound.max) return refused(bound, CHANNEL_LIMITS.transactionLimit.reply)
    const allowed = channelBound(context, 'allowTransactionsPerSession')
    if (transactions >= allowed.max && judgedAt(context) === 'MAIL')
      return refused(allowed, CHANNEL_LIMITS.allowTransactionsPerSession.reply)
    return bound.passes
  },
}

export const recipientLimit: Stage<RcptContext> = {
  name: 'recipient limit',
  decides: 'recipients of one message, and after how many refused ones nobody is accepted',
  reference: 'spec access-control.md 8, recipientlimit, deferralrejectlimit; RFC 5321 §4.5.3.1.8',
  judge(context) {
    const { presented, acceptedCommands, counts, revision } = context
    // This transaction is counted already.
    const allowed = channelBound(context, 'allowTransactionsPerSession')
    if (counts.transactions > allowed.max && judgedAt(context) === 'RCPT')
      return refused(allowed, CHANNEL_LIMITS.allowTransactionsPerSession.reply)
    const rejects = channelBound(context, 'deferralRejectLimit')
    if (counts.refusedRecipients >= rejects.max) return refused(rejects, CHANNEL_LIMITS.deferralRejectLimit.reply)
    const { permanentRecipientLimit } = revision.config.limits
    const channel = channelBound(context, 'recipientLimit')
    const { reply } = CHANNEL_LIMITS.recipientLimit
    if (acceptedCommands >= channel.max)
      return refused(channel, permanentRecipientLimit ? RECIPIENT_LIMIT_PERMANENT : reply)
    const site = siteBound(context, 'recipients')
    if (presented >= site.max) return refused(site, reply)
    return site.passes
  },
}

export const recipientCutoff: Stage<EnvelopeContext> = {
  name: 'recipient cutoff',
  decides: 'to how many addresses a message may be presented',
  reference: 'spec access-control.md 8, recipientcutoff',
  judge(context) {
    const bound = channelBound(context, 'recipientCutoff')
    const note = `${context.presented} RCPT commands, ${context.acceptedCommands} accepted`
    if (context.presented > bound.max) return { ...refused(bound, CHANNEL_LIMITS.recipientCutoff.reply), note }
    return usual(bound.by, note)
  },
}

/** The command that TRANSACTION_LIMIT_RCPT_TO says ALLOW_TRANSACTIONS_PER_SESSION is judged at. */
function judgedAt({ revision, source }: SessionContext): 'MAIL' | 'RCPT' {
  const channel = channelConfig(revision, source)
  return 'longLines' in channel && channel.transactionLimitRcptTo ? 'RCPT' : 'MAIL'
}

const refused = ({ max, by }: Bound, reply: Reply): StageResult<never> => ({
  verdict: { do: 'refuse', reply },
  by,
  note: `${max} allowed`,
})
