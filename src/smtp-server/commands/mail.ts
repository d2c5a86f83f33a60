// SPDX-License-Identifier: Apache-2.0
/**
 * MAIL FROM, RFC 5321 §4.1.1.2, with the parameters of RFC 1870 (SIZE), RFC 6152 (BODY), RFC 6531 (SMTPUTF8), RFC 3461
 * (RET, ENVID) and RFC 4954 §5 (AUTH: read, and never believed). Parameters are taken after HELO too; nobody is harmed.
 */
import { isAscii, parseReversePath } from '../../address/path.ts'
import { type Asking, ask } from '../../ask/ask.ts'
import { runStages } from '../../policy/run-stages.ts'
import type { MailContext, Verdict } from '../../policy/stage.ts'
import { STAGES } from '../../policy/stages.ts'
import type { TraceValues } from '../../policy/trace-builder.ts'
import { behindColon } from '../../smtp/command.ts'
import { parseMailParameters } from '../../smtp/parameters.ts'
import { isTransient, Refusal, reply } from '../../smtp/reply.ts'
import { type Action, CLOSE, say } from '../action.ts'
import type { Session } from '../session.ts'
import type { Transaction } from '../state.ts'

const ACCEPTED: readonly Action[] = [say(reply(250, '1.0', 'Sender ok'))]

export function* mail(session: Session, argument: string): Asking<readonly Action[]> {
  const context = parseMail(session, argument)
  const trace = session.newTrace(context.id)
  trace.inherit(session.connectionTrace)
  trace.set(identity(context))
  session.opening = trace
  try {
    const result = yield* runStages('mail', STAGES.mail, context, trace)
    session.count('transactions')
    const { verdict } = result
    if (verdict.do === 'refuse') {
      // No transaction begins that could be held up: this reply is the only one ($D, spec access-control.md 3.2).
      const ms = result.context.carried?.delayMs ?? 0
      if (ms > 0) yield* ask({ ask: 'wait', ms })
      const outcome = isTransient(verdict.reply) ? 'deferred' : 'refused'
      const record: Action = { do: 'record', trace: trace.finish(outcome) }
      const over = session.countAgainst('refusedSenders')
      if (over !== undefined) return [record, ...over]
      if (verdict.close === true) session.state = { at: 'closed' }
      return [say(verdict.reply), record, ...(verdict.close === true ? [CLOSE] : [])]
    }
    if (result.context !== context) trace.set({ from: result.context.reversePath ?? '', source: result.context.source })
    const transaction: Transaction = {
      context: result.context,
      trace,
      recipients: [],
      acceptedCommands: [],
      presented: 0,
      onlyDeferred: true,
    }
    session.state = { at: 'mail', transaction: verdict.do === 'pass' ? transaction : setAside(transaction, verdict) }
    return ACCEPTED
  } finally {
    session.opening = undefined
  }
}

/** A row wants the message kept for an operator, or thrown away. */
function setAside(transaction: Transaction, verdict: Verdict): Transaction {
  if (verdict.do === 'hold') return { ...transaction, hold: { reason: verdict.reason } }
  return verdict.do === 'discard' ? { ...transaction, discard: { rule: verdict.rule } } : transaction
}

function parseMail(session: Session, argument: string): MailContext {
  const path = behindColon(argument, 'FROM')
  if (path === undefined) throw new Refusal(reply(501, '5.4', 'Syntax: MAIL FROM:<address> [parameters]'))
  // Parsed as if SMTPUTF8 were there: whether it is stands behind the address.
  const from = parseReversePath(path, { smtputf8: true })
  if ('problem' in from) throw new Refusal(reply(501, '1.7', `Bad sender address: ${from.text}`)) // RFC 3463 X.1.7
  const parameters = parseMailParameters(from.rest)
  if ('problem' in parameters) throw new Refusal(parameters.problem)
  if (!parameters.smtputf8 && !isAscii(path.slice(0, path.length - from.rest.length)))
    throw new Refusal(reply(553, '6.7', 'The address needs SMTPUTF8')) // RFC 6531 §3.5
  const { size, body, smtputf8, ret, envid } = parameters
  const id = session.setting.newMessageId()
  const context: MailContext = {
    ...session.context,
    id,
    reversePath: from.path,
    declaredSize: size,
    smtputf8,
    body,
  }
  if (ret === undefined && envid === undefined) return context
  return { ...context, ...(ret === undefined ? {} : { ret }), ...(envid === undefined ? {} : { envid }) }
}

/** What the trace says of who sends. */
function identity({ helo, tls, account, source, reversePath }: MailContext): TraceValues {
  const values: { -readonly [K in keyof TraceValues]: TraceValues[K] } = { from: reversePath ?? '', source }
  if (helo !== undefined) values.helo = helo
  if (tls !== undefined) values.tls = `${tls.version} ${tls.cipher}`
  if (account !== undefined) values.login = account.login
  return values
}
