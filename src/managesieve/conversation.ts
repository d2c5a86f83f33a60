// SPDX-License-Identifier: Apache-2.0
/** What a session is in the middle of, as its commands see it. */
import type { Account } from '../ask/questions.ts'
import type { SaslExchange, ServerMechanism } from '../policy/sasl-server.ts'
import type { Action } from './action.ts'
import type { Reply } from './reply.ts'
import type { ScriptChecker } from './script-checker.ts'
import type { SessionSettings } from './settings.ts'

export interface Context {
  readonly client: { readonly address: string; readonly port: number }
  readonly settings: SessionSettings
  readonly checker: ScriptChecker
  readonly tls?: { readonly version: string; readonly cipher: string }
  readonly account?: Account
}

export type State =
  | { readonly at: 'ready' }
  | { readonly at: 'handshake' }
  /** Inside AUTHENTICATE: a string of the client is due. */
  | { readonly at: 'signing-in'; readonly mechanism: ServerMechanism; readonly exchange: SaslExchange }
  | { readonly at: 'closed' }

export interface SessionSetting {
  /** STARTTLS can be offered: there is a certificate. */
  readonly tlsAvailable: () => boolean
}

export interface Conversation {
  state: State
  context: Context
  readonly setting: SessionSetting
  failedSignIns: number
  /** Nobody who listens on the way reads what is said. */
  readonly shielded: boolean
  /** Ends the session, with a last reply. */
  end(reply: Reply): readonly Action[]
}
