// SPDX-License-Identifier: Apache-2.0
/**
 * Content has been read, after DATA or with BDAT: the last verdict, the queue, and the reply. A 250 goes out only
 * after `queue.commit` said that the message is durable (RFC 5321 §4.1.1.4, §6.1; design 2.8). LMTP gives one reply for each
 * accepted RCPT command (RFC 2033 §4.2).
 */
import { type Asking, ask } from '../ask/ask.ts'
import type { ContentSummary } from '../mime/content-summary.ts'
import { channelConfig } from '../policy/channels.ts'
import { envelopeOf } from '../policy/envelope-of.ts'
import { runStages } from '../policy/run-stages.ts'
import type { ContentContext } from '../policy/stage.ts'
import { sizeLimit } from '../policy/stages/content-size.ts'
import { longLinesRule } from '../policy/stages/long-lines.ts'
import { STAGES } from '../policy/stages.ts'
import type { Trace } from '../policy/trace.ts'
import type { TraceValues } from '../policy/trace-builder.ts'
import { describeReply, isTransient, type Reply, reply } from '../smtp/reply.ts'
import { type Action, CLOSE, type ContentRules, type Received, say } from './action.ts'
import type { Session } from './session.ts'
import type { Transaction } from './state.ts'

/** RFC 3463: 4.3.1, mail system full. The cause is for the log. */
const NOT_STORED = reply(452, '3.1', 'Cannot store the message now, try again later')

/** How the content of this message is to be read. Its envelope has been judged. */
export function contentRules({ context, judged }: Transaction): ContentRules {
  if (judged === undefined) throw new Error('content before the envelope was judged')
  const channel = channelConfig(context.revision, context.source)
  const normalise = 'bareNewlines' in channel && channel.bareNewlines === 'normalise'
  return {
    maxBytes: sizeLimit(context).bytes,
    bareNewlines: normalise ? 'normalise' : 'reject',
    longLines: longLinesRule(context),
    localHost: context.revision.config.server.hostname,
    ...judged,
  }
}

export function receiveContent(session: Session, received: Received): Asking<readonly Action[]> | readonly Action[] {
  const { state } = session
  if (state.at !== 'data' && state.at !== 'chunk') throw new Error(`content in state ${state.at}`)
  const { transaction } = state
  switch (received.kind) {
    case 'lost': {
      const step = { at: 'content', stage: 'queue', result: 'defer', note: received.cause } as const
      transaction.trace.step({
        ...step,
        by: { by: 'built-in', rule: 'durable queue' },
        reply: describeReply(NOT_STORED),
      })
      return finish(session, transaction, NOT_STORED, { outcome: 'deferred' })
    }
    case 'chunk': {
      const { bytes, by, refusal } = sizeLimit(transaction.context)
      if (received.octets > bytes) {
        // RFC 3030 §2: a chunk may be refused as soon as it is known that the message will be.
        transaction.trace.step({
          at: 'content',
          stage: 'message size',
          result: 'refuse',
          by,
          reply: describeReply(refusal),
        })
        return finish(session, transaction, refusal, { outcome: 'refused' })
      }
      session.state = { at: 'bdat', transaction, octets: received.octets }
      const size = state.at === 'chunk' ? state.size : 0
      return [say(reply(250, '0.0', `${size} octets received`))] // RFC 3030 §2
    }
    case 'whole':
      return judge(session, transaction, received)
    default:
      return received satisfies never
  }
}

function* judge(
  session: Session,
  transaction: Transaction,
  { summary }: Extract<Received, { kind: 'whole' }>,
): Asking<readonly Action[]> {
  const { trace, context, recipients, acceptedCommands, presented } = transaction
  trace.set(shownOf(summary))
  const arrived: ContentContext = {
    ...context,
    recipients,
    acceptedCommands: acceptedCommands.length,
    named: acceptedCommands,
    presented,
    content: summary,
    receivedAt: yield* ask({ ask: 'now' }),
    edits: [],
  }
  const start = transaction.hold === undefined ? arrived : { ...arrived, hold: transaction.hold }
  const stages = transaction.judged?.unlooked === true ? STAGES.unlooked : STAGES.content
  const result = yield* runStages('content', stages, start, trace)
  const { verdict } = result
  const { refusals } = result.context
  for (const [given, refusal] of verdict.do === 'refuse' ? [] : (refusals ?? [])) {
    const by = { by: 'built-in', rule: 'one reply for each recipient' } as const
    const refused = { at: 'content', stage: 'reply', result: 'refuse', by } as const
    trace.step({ ...refused, reply: describeReply(refusal) }, given)
  }
  if (verdict.do === 'refuse') {
    const outcome = isTransient(verdict.reply) ? 'deferred' : 'refused'
    return finish(session, transaction, verdict.reply, { outcome, refusals, close: verdict.close === true })
  }
  const rule = verdict.do === 'discard' ? verdict.rule : transaction.discard?.rule
  const held: ContentContext =
    verdict.do === 'hold' && result.context.hold === undefined
      ? { ...result.context, hold: { reason: verdict.reason } }
      : result.context
  const envelope = envelopeOf(held, rule)
  const stored = yield* ask({ ask: 'queue.commit', envelope })
  if (stored.kind === 'defer') {
    const step = { at: 'content', stage: 'queue', result: 'defer', note: stored.cause } as const
    trace.step({ ...step, by: { by: 'built-in', rule: 'durable queue' }, reply: describeReply(NOT_STORED) })
    return [
      { do: 'log', level: 'warn', event: 'smtp.not-stored', fields: { id: context.id, cause: stored.cause } },
      ...finish(session, transaction, NOT_STORED, { outcome: 'deferred', refusals }),
    ]
  }
  const outcome = rule !== undefined ? 'discarded' : envelope.hold !== undefined ? 'held' : 'queued'
  return [
    { do: 'accepted', id: context.id },
    ...finish(session, transaction, reply(250, '0.0', `queued as ${context.id}`), { outcome, refusals }),
  ]
}

/** What the trace says of the content. */
function shownOf({ size, subject, messageId }: ContentSummary): TraceValues {
  const values: { -readonly [K in keyof TraceValues]: TraceValues[K] } = { size }
  if (subject !== undefined) values.subject = subject
  if (messageId !== undefined) values.messageIdField = messageId
  return values
}

/** Ends the transaction with one reply, or over LMTP after the content with one for each accepted RCPT command. */
export function finish(
  session: Session,
  transaction: Transaction,
  answer: Reply,
  {
    outcome,
    refusals,
    close = false,
  }: {
    readonly outcome: Trace['outcome']
    /** Over LMTP: another reply for these arguments of RCPT. */
    readonly refusals?: ContentContext['refusals'] | undefined
    readonly close?: boolean
  },
): readonly Action[] {
  const lmtp = session.context.service === 'lmtp'
  const kept = outcome === 'queued' || outcome === 'held' || outcome === 'discarded'
  // Over LMTP a chunk that is not the last has one reply, RFC 2033 §4.3; the end of the message has one each.
  const final = session.state.at === 'data' || (session.state.at === 'chunk' && session.state.last)
  const actions: Action[] =
    lmtp && final ? transaction.acceptedCommands.map((given) => say(refusals?.get(given) ?? answer)) : [say(answer)]
  session.state = close ? { at: 'closed' } : { at: 'ready' }
  if (kept) session.messageTaken()
  else actions.push({ do: 'dropContent' })
  actions.push({ do: 'record', trace: transaction.trace.finish(outcome) })
  if (close) actions.push(CLOSE)
  return actions
}
