// SPDX-License-Identifier: Apache-2.0
/** What the directory keeps of filters for one local user or group (spec filters.md 1): the answer to `directory.filters`. */
import type { MailAddress } from '../address/address.ts'

/** Values are stored texts, in the order of the directory. */
export interface RecipientFilters {
  /** All addresses of the owner; the first is the main one. */
  readonly addresses: readonly MailAddress[]
  readonly displayName?: string
  /** `mailSieveRuleSource`: rules, each a script (glued by policy/filters/rules). */
  readonly personal: readonly string[]
  readonly autoreply?: Autoreply
  /** There only where the entry names both, the reference and the owner. */
  readonly household?: { readonly rules: readonly string[]; readonly owner: MailAddress }
  /** `mailDomainSieveRuleSource` */
  readonly domain: readonly string[]
  /** For `$~` of the channel keyword `filter`. */
  readonly home?: string
  /** Of a group: who hears of mistakes in its rules; the postmaster of its domain unless given. */
  readonly errorsTo?: MailAddress
}

/** Spec filters.md 10. */
export interface Autoreply {
  /** `vacation`: once per sender and period. `reply`: every message. `echo`: every message, the original with it. */
  readonly mode: 'vacation' | 'reply' | 'echo'
  readonly subject?: string
  readonly text?: string
  /** For senders of the same domain. */
  readonly textInternal?: string
  readonly timeoutHours?: number
  /** Wall-clock milliseconds, both inclusive. */
  readonly start?: number
  readonly end?: number
}

/** A user without any of it. */
export const noFilters = (address: MailAddress): RecipientFilters => ({
  addresses: [address],
  personal: [],
  domain: [],
})
