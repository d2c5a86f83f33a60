// SPDX-License-Identifier: Apache-2.0
/**
 * AUTHENTICATE and UNAUTHENTICATE, RFC 5804 §2.1 and §2.14. The mechanisms are those of SMTP (policy/sasl-server.ts).
 * Credentials pass through here to the mechanism and to nowhere else.
 */
import { ask } from '../../ask/ask.ts'
import type { Account } from '../../ask/questions.ts'
import { type SaslExchange, type ServerMechanism, serverExchange } from '../../policy/sasl-server.ts'
import { decodeBase64 } from '../../sasl/messages.ts'
import { type Action, say } from '../action.ts'
import type { Conversation } from '../conversation.ts'
import type { Line } from '../grammar.ts'
import { MAX_FAILURE_DELAYS } from '../limits.ts'
import type { SessionAsking } from '../questions.ts'
import { bye, formatString, no, ok, Refusal } from '../reply.ts'
import type { Arguments } from './arguments.ts'
import { availability } from './capability.ts'

const BAD_BASE64 = no('Cannot decode base64')

export function* authenticate(
  session: Conversation,
  { strings: [name, initial] }: Arguments,
): SessionAsking<readonly Action[]> {
  if (session.failedSignIns >= session.context.settings.limits.failedAuth)
    return session.end(bye('Too many failed sign-ins'))
  const mechanism = requireMechanism(session, name?.toString('latin1').toUpperCase() ?? '')
  const exchange = serverExchange(mechanism)
  if (initial === undefined) return yield* step(session, mechanism, exchange, undefined)
  const response = decodeBase64(initial.toString('latin1'))
  if (response === undefined) throw new Refusal(BAD_BASE64)
  return yield* step(session, mechanism, exchange, response)
}

/** A line inside the exchange: one string, base64; `"*"` cancels. */
export function* continueSignIn(
  session: Conversation,
  { mechanism, exchange }: { readonly mechanism: ServerMechanism; readonly exchange: SaslExchange },
  line: Exclude<Line, { readonly kind: 'fatal' }>,
): SessionAsking<readonly Action[]> {
  const [word, ...more] = line.kind === 'words' ? line.words : []
  if (word?.kind !== 'string' || more.length > 0) throw new Refusal(no('A string was due; sign-in cancelled'))
  const text = word.octets.toString('latin1')
  if (text === '*') return [say(no('Sign-in cancelled'))]
  const response = decodeBase64(text)
  if (response === undefined) throw new Refusal(BAD_BASE64)
  return yield* step(session, mechanism, exchange, response)
}

function* step(
  session: Conversation,
  mechanism: ServerMechanism,
  exchange: SaslExchange,
  response: Buffer | undefined,
): SessionAsking<readonly Action[]> {
  const answer = yield* exchange.step(response)
  switch (answer.kind) {
    case 'challenge':
      session.state = { at: 'signing-in', mechanism, exchange }
      return [{ do: 'send', text: `${formatString(answer.data.toString('base64'))}\r\n` }]
    case 'success':
      return success(session, mechanism, answer.account, answer.data)
    case 'defer':
      throw new Refusal(no('Temporary failure, try later', 'TRYLATER'), { cause: answer.cause })
    case 'failure':
      if (answer.why === 'cancelled') return [say(no('Sign-in cancelled'))]
      if (answer.why === 'malformed') throw new Refusal(no(`Not a response of ${mechanism}`))
      return yield* failure(session, mechanism)
    default:
      return answer satisfies never
  }
}

function success(
  session: Conversation,
  mechanism: ServerMechanism,
  account: Account,
  data: Buffer | undefined,
): readonly Action[] {
  session.context = { ...session.context, account }
  const fields = { login: account.login, mechanism }
  // RFC 5804 §2.1: last data of the server stand in the reply itself.
  const code = data === undefined ? undefined : ({ code: 'SASL', value: data.toString('base64') } as const)
  return [{ do: 'log', level: 'info', event: 'managesieve.signed-in', fields }, say(ok('Signed in', code))]
}

/** Guessing must not be cheap: each failure waits longer for its answer, and there are few to a session. */
function* failure(session: Conversation, mechanism: ServerMechanism): SessionAsking<readonly Action[]> {
  const failures = ++session.failedSignIns
  const { failureDelay } = session.context.settings.managesieve
  if (failureDelay > 0) yield* ask({ ask: 'wait', ms: failureDelay * Math.min(failures, MAX_FAILURE_DELAYS) })
  return [
    { do: 'log', level: 'warn', event: 'managesieve.sign-in-failed', fields: { mechanism, failures } },
    say(no('Authentication credentials invalid')),
  ]
}

function requireMechanism(session: Conversation, name: string): ServerMechanism {
  const mechanism = MECHANISMS.get(name)
  if (mechanism === undefined) throw new Refusal(no('Mechanism not available'))
  const state = availability(session, mechanism)
  // RFC 5804 §1.3: one that is known here, and that the site does not take.
  if (state === 'off') throw new Refusal(no('Mechanism not allowed here', 'AUTH-TOO-WEAK'))
  if (state === 'needs-tls') throw new Refusal(no('Encryption required, use STARTTLS', 'ENCRYPT-NEEDED'))
  return mechanism
}

const MECHANISMS: ReadonlyMap<string, ServerMechanism> = new Map(
  (['PLAIN', 'LOGIN', 'SCRAM-SHA-256'] as const).map((name) => [name, name]),
)

export function* unauthenticate(session: Conversation): SessionAsking<readonly Action[]> {
  const { account: _, ...rest } = session.context
  session.context = rest
  return [say(ok('Signed out'))]
}
