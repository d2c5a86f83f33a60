// SPDX-License-Identifier: Apache-2.0
/**
 * RCPT TO, RFC 5321 §4.1.1.3, with NOTIFY and ORCPT of RFC 3461. A refused recipient leaves the transaction as it was
 * (RFC 2920 §3.1: one bad RCPT in a group does not spoil the rest).
 */
import type { MailAddress } from '../../address/address.ts'
import { isAscii, parseForwardPath } from '../../address/path.ts'
import type { Asking } from '../../ask/ask.ts'
import type { ChannelName } from '../../envelope/channel-name.ts'
import { askTheRest, runStages } from '../../policy/run-stages.ts'
import type { MailContext, RcptContext, Verdict } from '../../policy/stage.ts'
import { STAGES } from '../../policy/stages.ts'
import { behindColon } from '../../smtp/command.ts'
import { parseRcptParameters } from '../../smtp/parameters.ts'
import { describeReply, isTransient, Refusal, type Reply, reply } from '../../smtp/reply.ts'
import { type Action, say } from '../action.ts'
import { LIMITS, MAX_PRESENTED_FACTOR } from '../limits.ts'
import type { Session } from '../session.ts'
import type { Transaction } from '../state.ts'

const BITBUCKET = 'bitbucket' as ChannelName

const OK = reply(250, '1.5', 'Recipient ok')
const ACCEPTED: readonly Action[] = [say(OK)]
const ACCEPTED_TEXT = describeReply(OK)

export function* rcpt(session: Session, argument: string): Asking<readonly Action[]> {
  const { state } = session
  if (state.at !== 'mail') throw new Error(`RCPT in state ${state.at}`)
  const { transaction } = state
  const start = parseRcpt(transaction, argument)
  const asked = yield* runStages('rcpt', STAGES.rcpt, start, transaction.trace, start.given)
  const { verdict, context, by, rest } = asked
  if (verdict.do === 'refuse') {
    session.setting.refusedRecipient?.(() => askTheRest('rcpt', rest, context))
    return refuse(session, carrying(transaction, context), start.given, verdict.reply, verdict.close === true)
  }

  const born = becomes(context, verdict)
  const { recipients, acceptedCommands } = transaction
  if (recipients.length + born.length > context.revision.config.limits[LIMITS.expansion.setting]) {
    const where = context.revision.where('limits', LIMITS.expansion.setting)
    const { reply } = LIMITS.expansion
    const step = {
      at: 'rcpt',
      stage: 'limit expansion',
      result: 'defer',
      by: where,
      reply: describeReply(reply),
    } as const
    transaction.trace.step(step, start.given)
    return refuse(session, transaction, start.given, reply, false)
  }
  if (born.length === 0 && by === undefined && recipients.length === 0)
    throw new Error('the first recipient became nothing without a refusal')
  session.count('recipients')
  transaction.trace.recipient({
    given: start.given,
    result: 'accepted',
    reply: ACCEPTED_TEXT,
    becomes: born.map(({ address, channel }) => ({ address, channel })),
  })
  for (const recipient of born) recipients.push({ ...recipient, index: recipients.length })
  acceptedCommands.push(start.given)
  const next: Transaction = { ...carrying(transaction, context), presented: transaction.presented + 1 }
  session.state = { at: 'mail', transaction: verdict.do === 'pass' ? next : setAside(next, verdict) }
  return ACCEPTED
}

/** A row wants the whole message kept for an operator, or thrown away; the first one that does counts. */
function setAside(transaction: Transaction, verdict: Verdict): Transaction {
  const { discard, hold } = transaction
  if (verdict.do === 'discard' && verdict.all === true && discard === undefined)
    return { ...transaction, discard: { rule: verdict.rule } }
  if (verdict.do === 'hold' && hold === undefined) return { ...transaction, hold: { reason: verdict.reason } }
  return transaction
}

/** What the recipient stands for; thrown away at RCPT, it goes to the bitbucket under the name of the rule. */
function becomes(context: RcptContext, verdict: Verdict): NonNullable<RcptContext['becomes']> {
  const { address, given, notify, orcpt } = context
  if (verdict.do !== 'discard') return tagged(context)
  const asked = { ...(notify === undefined ? {} : { notify }), ...(orcpt === undefined ? {} : { orcpt }) }
  return [{ address, given, channel: BITBUCKET, via: verdict.rule, ...asked }]
}

/** Conversion tags that tables before the aliases gave the recipient are those of all it stands for. */
function tagged({ becomes = [], tags }: RcptContext): NonNullable<RcptContext['becomes']> {
  if (tags === undefined) return becomes
  return becomes.map((one) => ({ ...one, tags: [...new Set([...tags, ...(one.tags ?? [])])] }))
}

/** The transaction with what tables asked for that comes later. */
const carrying = (transaction: Transaction, { carried }: RcptContext): Transaction =>
  carried === transaction.context.carried || carried === undefined
    ? transaction
    : { ...transaction, context: { ...transaction.context, carried } }

function refuse(
  session: Session,
  transaction: Transaction,
  given: string,
  answer: Reply,
  close: boolean,
): readonly Action[] {
  const deferred = isTransient(answer)
  transaction.trace.recipient({ given, result: deferred ? 'deferred' : 'refused', reply: describeReply(answer) })
  session.state = {
    at: 'mail',
    transaction: {
      ...transaction,
      presented: transaction.presented + 1,
      onlyDeferred: transaction.onlyDeferred && deferred,
    },
  }
  if (transaction.presented >= MAX_PRESENTED_FACTOR * session.context.revision.config.limits.recipients)
    return session.overLimit('presented')
  const over = deferred ? undefined : session.countAgainst('refusedRecipients')
  if (over !== undefined) return over
  if (!close) return [say(answer)]
  return session.endWith(answer)
}

function parseRcpt({ context, recipients, acceptedCommands, presented }: Transaction, argument: string): RcptContext {
  const path = behindColon(argument, 'TO')
  if (path === undefined) throw new Refusal(reply(501, '5.4', 'Syntax: RCPT TO:<address> [parameters]'))
  const to = parseForwardPath(path, { smtputf8: true })
  if ('problem' in to) throw new Refusal(reply(501, '1.3', `Bad recipient address: ${to.text}`)) // RFC 3463 X.1.3
  const given = path.slice(1, path.length - to.rest.length - 1)
  if (!context.smtputf8 && !isAscii(given)) throw new Refusal(reply(553, '6.7', 'The address needs SMTPUTF8')) // RFC 6531 §3.5
  const parameters = parseRcptParameters(to.rest, { smtputf8: context.smtputf8 })
  if ('problem' in parameters) throw new Refusal(parameters.problem)
  return {
    ...context,
    ...parameters,
    given,
    address: addressOf(to, context),
    accepted: recipients,
    acceptedCommands: acceptedCommands.length,
    presented,
  }
}

/** RFC 5321 §4.1.1.3: `<postmaster>` is the postmaster of this very server. */
function addressOf(to: { readonly path: MailAddress; readonly bare?: true }, { revision }: MailContext): MailAddress {
  if (to.bare !== true) return to.path
  return `${to.path}@${revision.config.server.hostname.toLowerCase()}` as MailAddress
}
