// SPDX-License-Identifier: Apache-2.0
/** CAPABILITY, RFC 5804 §1.7 and §2.4. */
import type { ServerMechanism } from '../../policy/sasl-server.ts'
import { type Action, say } from '../action.ts'
import type { Conversation } from '../conversation.ts'
import type { SessionAsking } from '../questions.ts'
import { formatString, ok } from '../reply.ts'

export function* capability(session: Conversation): SessionAsking<readonly Action[]> {
  return capabilities(session, 'Capability completed')
}

/** All lines, and OK. Also the greeting, and told again under TLS. */
export function capabilities(session: Conversation, text: string): readonly Action[] {
  const { checker, account, tls } = session.context
  const offered = account === undefined ? offeredMechanisms(session) : []
  const lines: readonly (readonly string[])[] = [
    // No version: strangers read this.
    ['IMPLEMENTATION', 'Postern'],
    ['SASL', offered.join(' ')],
    ['SIEVE', checker.extensions.join(' ')],
    ...(tls === undefined && account === undefined && session.setting.tlsAvailable() ? [['STARTTLS']] : []),
    ['MAXREDIRECTS', String(checker.maxRedirects)],
    ...(checker.notifyMethods.length > 0 ? [['NOTIFY', checker.notifyMethods.join(' ')]] : []),
    // RFC 5804 §1.7: the language of texts for people.
    ['LANGUAGE', 'en'],
    ...(account === undefined ? [] : [['OWNER', account.login]]),
    ['UNAUTHENTICATE'],
    ['VERSION', '1.0'],
  ]
  const listed = lines.map((words) => `${words.map((word) => formatString(word)).join(' ')}\r\n`).join('')
  return [{ do: 'send', text: listed }, say(ok(text))]
}

/** Mechanisms that show the password to whoever listens. */
const PLAINTEXT: ReadonlySet<ServerMechanism> = new Set<ServerMechanism>(['PLAIN', 'LOGIN'])

/** May this session use the mechanism? RFC 5804 §2.1: no plain password in the clear. */
export function availability(session: Conversation, mechanism: ServerMechanism): 'offered' | 'needs-tls' | 'off' {
  const { sasl, managesieve } = session.context.settings
  if (!sasl.mechanisms.includes(mechanism)) return 'off'
  const needsShield = managesieve.requireTls || PLAINTEXT.has(mechanism)
  return needsShield && !session.shielded ? 'needs-tls' : 'offered'
}

const offeredMechanisms = (session: Conversation): readonly ServerMechanism[] =>
  session.context.settings.sasl.mechanisms.filter((mechanism) => availability(session, mechanism) === 'offered')
