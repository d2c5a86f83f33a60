// SPDX-License-Identifier: Apache-2.0
/**
 * The contract of who keeps the rules of users: their personal filter, one script or rule a value (spec filters.md 1
 * and 11). What the values mean is the matter of policy/filters; a store keeps texts and their order. Backends run one
 * suite (directory.suite.ts). A store that cannot be asked defers; it never looks empty.
 */
import { createHash } from 'node:crypto'
import type { Lookup } from '../ask/lookup.ts'

/** All values of one user, as one moment had them. */
export interface StoredRules {
  /** In the order of the store; a directory that keeps none (LDAP, RFC 4511 §4.1.7) may give another each time. */
  readonly values: readonly string[]
  /** Stands for exactly these values. Opaque; holds none of their text. */
  readonly state: string
}

export type Replaced =
  | { readonly kind: 'stored' }
  /** They are no longer as `state` had them; nothing was written. Read again. */
  | { readonly kind: 'conflict' }
  /** Cannot be kept, now or later: no such user, a quota, a value that is no text. `why` is one line for its author. */
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'defer'; readonly cause: string }

export interface RuleStore {
  /** `user`: any address of theirs, as for a sign-in. Absent: no such user. A user without rules has no values. */
  rules(user: string): Promise<Lookup<StoredRules>>
  /**
   * All or nothing; nothing is written when the state has moved on. `filters` of this process has it at once; of other
   * processes too in the embedded directory, within `cacheFound` in LDAP.
   */
  replace(user: string, values: readonly string[], state: string): Promise<Replaced>
}

/** What one user may keep. RFC 5804 §1.2 foresees such limits; the numbers are ours. */
export interface RuleQuota {
  readonly maxValues: number
  /** UTF-8 octets of one value. */
  readonly maxValueBytes: number
  /** UTF-8 octets of all. */
  readonly maxBytes: number
}

export const RULE_QUOTA: RuleQuota = { maxValues: 256, maxValueBytes: 64 * 1024, maxBytes: 256 * 1024 }

/** Why these values may not be kept, in one line; `undefined` when they may. */
export function overQuota(values: readonly string[], quota: RuleQuota): string | undefined {
  if (values.length > quota.maxValues) return `${values.length} rules; ${quota.maxValues} may be kept`
  let bytes = 0
  for (const [index, value] of values.entries()) {
    // Also what a directory cannot keep (RFC 4517 §3.3.6: no empty value) or would keep changed.
    if (value === '') return `rule ${index + 1} is empty`
    if (value.includes('\0') || !value.isWellFormed()) return `rule ${index + 1} holds a character that is no text`
    const own = Buffer.byteLength(value)
    if (own > quota.maxValueBytes) return `rule ${index + 1} has ${own} octets; ${quota.maxValueBytes} may be kept`
    bytes += own
  }
  if (bytes > quota.maxBytes) return `the rules have ${bytes} octets together; ${quota.maxBytes} may be kept`
  return new Set(values).size < values.length ? 'two rules are the same' : undefined
}

/** For stores whose backend has no version of its own. The order counts: where there is none, sort first. */
export const stateOf = (values: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(values)).digest('base64url')
