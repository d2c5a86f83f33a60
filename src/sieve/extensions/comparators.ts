// SPDX-License-Identifier: Apache-2.0
/** Comparators that need a `require`, and `encoded-character`: RFC 4790, RFC 5051, RFC 5228 §2.4.2.4. */
import { ASCII_NUMERIC, UNICODE_CASEMAP } from '../match/comparators.ts'
import type { SieveExtension } from '../plugin.ts'

export const COMPARATOR_EXTENSIONS: readonly SieveExtension[] = [
  // Known without a require; scripts may require them all the same (RFC 5228 §6.1).
  { name: 'comparator-i;octet', always: true },
  { name: 'comparator-i;ascii-casemap', always: true },
  { name: 'comparator-i;ascii-numeric', comparators: [ASCII_NUMERIC] },
  { name: 'comparator-i;unicode-casemap', comparators: [UNICODE_CASEMAP] },
]

/** The strings of the script are decoded where they are compiled: check/strings.ts. */
export const ENCODED_CHARACTER: SieveExtension = { name: 'encoded-character', ihave: false }
