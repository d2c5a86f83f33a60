// SPDX-License-Identifier: Apache-2.0
/**
 * Whose scripts there are, and what each kind may use: spec filters.md 1, 4 and 6, as data. A script that uses what its
 * level does not have does not compile.
 */
import type { SieveLimits } from '../limits.ts'

/**
 * `user`: of a person, a group or the head of a household. `domain`: of a hosted domain; a user-side level that files
 * nothing (spec filters.md 1). `system`: of channels, of the whole MTA, of spam filters.
 */
export type SieveLevel = 'user' | 'domain' | 'system'

export const SIEVE_LEVELS: readonly SieveLevel[] = ['user', 'domain', 'system']

const SYSTEM: readonly SieveLevel[] = ['system']
const ALL = SIEVE_LEVELS

/** By name of the extension: where scripts may use it. What is not named here may be used everywhere. */
export const ALLOWED_AT = {
  fileinto: ['user', 'system'],
  jettison: SYSTEM,
  refuse: SYSTEM,
  hold: SYSTEM,
  addtag: ALL,
  addheader: ALL,
  addprefix: SYSTEM,
  addconversiontag: SYSTEM,
  setconversiontag: SYSTEM,
  conversiontag: SYSTEM,
  novacation: SYSTEM,
  transactionlog: SYSTEM,
  debug: SYSTEM,
  warn: SYSTEM,
  loglevel: SYSTEM,
  resent: ALL,
  hours: ALL,
  replaceheader: ALL,
  environment: ALL,
  escapes: ALL,
} as const satisfies Readonly<Record<string, readonly SieveLevel[]>>

export type PrivateName = Exclude<keyof typeof ALLOWED_AT, 'fileinto'>

/** Spec filters.md 6 and sieve-engine.md 5; a site's options come on top. For `compile` and `createRun` both. */
export const LEVEL_LIMITS: Readonly<Record<SieveLevel, Partial<SieveLimits>>> = {
  user: { redirects: 5, fileintos: 10, scriptBytes: 262_144 },
  domain: { redirects: 32, scriptBytes: 262_144 },
  // `max_fileintos` holds for users' scripts; the bound of a system script is that of all actions.
  system: { redirects: 32, fileintos: 32, scriptBytes: 1_048_576 },
}
