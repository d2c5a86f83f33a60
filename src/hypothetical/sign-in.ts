// SPDX-License-Identifier: Apache-2.0
/**
 * Signing in without knowing a password: the client of a hypothetical session goes through AUTH as any other, with a
 * made-up password that the session's own host knows, so that channels, mechanisms and limits decide as they always do.
 */
import { type StoredScram, storeScram } from '../directory/password.ts'
import type { SessionContext } from '../policy/stage.ts'
import { availability, type Mechanism } from '../smtp-server/sasl-dialogue.ts'

/** Never leaves the process, opens nothing. */
export const PASSWORD = 'hypothetical'

/** RFC 7677 §4: the least that a client accepts. */
const ITERATIONS = 4096

let keys: StoredScram | undefined
export const scramKeysFor = (password: string): StoredScram => {
  keys ??= storeScram(password, ITERATIONS)
  return keys
}

/** The cheapest of those offered; PLAIN where none is, so that the server says why. */
export const mechanismFor = (context: SessionContext): Mechanism =>
  (['PLAIN', 'LOGIN', 'SCRAM-SHA-256'] as const).find((each) => availability(context, each) === 'offered') ?? 'PLAIN'
