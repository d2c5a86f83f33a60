// SPDX-License-Identifier: Apache-2.0
/** AUTH, RFC 4954 §4 to §6. Credentials pass through here to the mechanism and to nowhere else. */

import type { Asking } from '../../ask/ask.ts'
import type { Account } from '../../ask/questions.ts'
import { runStages } from '../../policy/run-stages.ts'
import { serverExchange } from '../../policy/sasl-server.ts'
import { STAGES } from '../../policy/stages.ts'
import { decodeBase64 } from '../../sasl/messages.ts'
import { Refusal, reply } from '../../smtp/reply.ts'
import { type Action, CLOSE, say } from '../action.ts'
import { boundOf } from '../limits.ts'
import { availability, type Mechanism, type SaslDialogue } from '../sasl-dialogue.ts'
import type { Session } from '../session.ts'

const BAD_BASE64 = reply(501, '5.2', 'Cannot decode base64') // RFC 4954 §4

export function* auth(session: Session, argument: string): Asking<readonly Action[]> {
  const { context } = session
  // "AUTH" SP sasl-mech [SP initial-response], RFC 4954 §8
  const [name = '', initial, ...rest] = argument.split(' ')
  if (name === '' || rest.length > 0) throw new Refusal(reply(501, '5.4', 'Syntax: AUTH mechanism [initial-response]'))
  if (context.account !== undefined) throw new Refusal(reply(503, '5.1', 'Already signed in'))
  if (context.counts.failedAuth >= boundOf(context, 'failedAuth').max) return session.overLimit('failedAuth')
  const mechanism = requireMechanism(session, name)
  const dialogue: SaslDialogue = { mechanism, exchange: serverExchange(mechanism) }
  if (initial === undefined) return yield* step(session, dialogue, undefined)
  // RFC 4954 §4: "=" is an initial response of no octets.
  const response = initial === '=' ? Buffer.alloc(0) : decodeBase64(initial)
  if (response === undefined || initial === '') throw new Refusal(BAD_BASE64)
  return yield* step(session, dialogue, response)
}

/** A line inside the exchange. */
export function* continueAuth(session: Session, dialogue: SaslDialogue, line: string): Asking<readonly Action[]> {
  session.state = { at: 'ready' }
  if (line === '*') return [say(reply(501, '7.0', 'Sign-in cancelled'))] // RFC 4954 §4
  const response = decodeBase64(line)
  if (response === undefined) throw new Refusal(BAD_BASE64)
  if (dialogue.finished === undefined) return yield* step(session, dialogue, response)
  if (response.length > 0) throw new Refusal(reply(501, '5.2', 'An empty response was due'))
  return yield* success(session, dialogue.mechanism, dialogue.finished)
}

function* step(session: Session, dialogue: SaslDialogue, response: Buffer | undefined): Asking<readonly Action[]> {
  const answer = yield* dialogue.exchange.step(response)
  switch (answer.kind) {
    case 'challenge':
      session.state = { at: 'auth', dialogue }
      return [say(reply(334, undefined, answer.data.toString('base64')))]
    case 'success':
      if (answer.data === undefined) return yield* success(session, dialogue.mechanism, answer.account)
      session.state = { at: 'auth', dialogue: { ...dialogue, finished: answer.account } }
      return [say(reply(334, undefined, answer.data.toString('base64')))]
    case 'defer':
      trace(session, 'defer', `${dialogue.mechanism}: ${answer.cause}`)
      throw new Refusal(reply(454, '7.0', 'Temporary authentication failure'), { cause: answer.cause }) // RFC 4954 §6
    case 'failure':
      return failure(session, dialogue.mechanism, answer.why)
    default:
      return answer satisfies never
  }
}

function* success(session: Session, mechanism: Mechanism, account: Account): Asking<readonly Action[]> {
  const signedIn = { ...session.context, account }
  const { verdict, context } = yield* runStages('auth', STAGES.auth, signedIn, session.connectionTrace)
  if (verdict.do === 'refuse') {
    if (verdict.close === true) session.state = { at: 'closed' }
    return [say(verdict.reply), ...(verdict.close === true ? [CLOSE] : [])]
  }
  session.context = context
  session.connectionTrace.set({ login: account.login, source: context.source })
  return [
    { do: 'log', level: 'info', event: 'smtp.signed-in', fields: { login: account.login, mechanism } },
    say(reply(235, '7.0', 'Signed in')), // RFC 4954 §6
  ]
}

function failure(
  session: Session,
  mechanism: Mechanism,
  why: 'credentials' | 'malformed' | 'cancelled',
): readonly Action[] {
  if (why === 'cancelled') return [say(reply(501, '7.0', 'Sign-in cancelled'))]
  if (why === 'malformed') throw new Refusal(reply(501, '5.2', `Not a response of ${mechanism}`))
  session.count('failedAuth')
  trace(session, 'refuse', mechanism)
  return [
    {
      do: 'log',
      level: 'warn',
      event: 'smtp.sign-in-failed',
      fields: { mechanism, failures: session.counts.failedAuth },
    },
    say(reply(535, '7.8', 'Authentication credentials invalid')), // RFC 4954 §6
  ]
}

function trace(session: Session, result: 'refuse' | 'defer', note: string): void {
  session.connectionTrace.step({
    at: 'auth',
    stage: 'sign-in',
    result,
    by: { by: 'directory', entry: 'accounts' },
    note,
  })
}

function requireMechanism({ context }: Session, name: string): Mechanism {
  const mechanism = MECHANISMS.get(name.toUpperCase())
  const state = mechanism === undefined ? availability(context, 'PLAIN') : availability(context, mechanism)
  if (state === 'off') throw new Refusal(reply(502, '5.1', 'AUTH is not available here'))
  if (mechanism === undefined || state === 'unknown') throw new Refusal(reply(504, '5.4', 'Mechanism not available')) // RFC 4954 §4
  if (state === 'needs-tls') throw new Refusal(reply(538, '7.11', 'Encryption required for this mechanism')) // RFC 4954 §6
  return mechanism
}

const MECHANISMS: ReadonlyMap<string, Mechanism> = new Map(
  (['PLAIN', 'LOGIN', 'SCRAM-SHA-256'] as const).map((name) => [name, name]),
)
