// SPDX-License-Identifier: Apache-2.0
/**
 * The part of AUTH that is SMTP's: which mechanisms a session is offered, base64, and what stands between two lines of
 * an exchange. RFC 4954. The mechanisms themselves are in
 * policy/sasl-server.ts.
 */
import { isLoopback } from '../address/network.ts'
import type { Account } from '../ask/questions.ts'
import { channelConfig } from '../policy/channels.ts'
import type { SaslExchange, ServerMechanism } from '../policy/sasl-server.ts'
import type { SessionContext } from '../policy/stage.ts'

export type Mechanism = ServerMechanism

/** An AUTH exchange that waits for the client's next line. */
export interface SaslDialogue {
  readonly mechanism: Mechanism
  readonly exchange: SaslExchange
  /**
   * The mechanism has succeeded and its last data went out as a challenge; an empty line is due (RFC 4954 §4: the
   * protocol has no other place for data with success).
   */
  readonly finished?: Account
}

/** Mechanisms that show the password to whoever listens. RFC 4954 §4: not without TLS. */
const PLAINTEXT: ReadonlySet<Mechanism> = new Set<Mechanism>(['PLAIN', 'LOGIN'])

export type Availability = 'offered' | 'unknown' | 'needs-tls' | 'off'

/** May this session use the mechanism? */
export function availability(context: SessionContext, mechanism: Mechanism): Availability {
  const channel = channelConfig(context.revision, context.source)
  if (!('sasl' in channel) || channel.sasl === 'none') return 'off'
  const { mechanisms, plaintextOnLoopback } = context.revision.config.sasl
  if (!mechanisms.includes(mechanism)) return 'unknown'
  const shielded = context.tls !== undefined || (plaintextOnLoopback && isLoopback(context.client.address))
  return PLAINTEXT.has(mechanism) && !shielded ? 'needs-tls' : 'offered'
}

/** For the EHLO keyword, in the order of the configuration. */
export const offeredMechanisms = (context: SessionContext): readonly Mechanism[] =>
  context.account !== undefined
    ? [] // RFC 4954 §4: no second AUTH in a session
    : context.revision.config.sasl.mechanisms.filter((name) => availability(context, name) === 'offered')
