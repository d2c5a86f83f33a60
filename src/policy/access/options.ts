// SPDX-License-Identifier: Apache-2.0
/** Options of the access tables that are bits, read by name. spec access-control.md 2.5. */
import type { Config } from '../../config/schema.ts'

export const RECIPIENT_TABLES = ['ORIG_SEND_ACCESS', 'ORIG_MAIL_ACCESS', 'SEND_ACCESS', 'MAIL_ACCESS'] as const
export type RecipientTable = (typeof RECIPIENT_TABLES)[number]

/** Bits of ACCESS_ORCPT and its kin. Bit 0 is all four. */
const EACH: Readonly<Record<RecipientTable, number>> = {
  ORIG_SEND_ACCESS: 2,
  SEND_ACCESS: 4,
  ORIG_MAIL_ACCESS: 8,
  MAIL_ACCESS: 16,
}
const ALL = 1
/** Bits of INCLUDE_CONVERSIONTAG. */
const TAGS: Readonly<Record<RecipientTable, number>> = {
  ORIG_SEND_ACCESS: 8,
  SEND_ACCESS: 16,
  ORIG_MAIL_ACCESS: 32,
  MAIL_ACCESS: 64,
}
/** [U] Bits of USE_AUTH_RETURN and USE_ORIG_RETURN beside those of the four. */
const FROM_ACCESS = 32
const LISTS = 64

export const concerns = (bits: number, table: RecipientTable): boolean => (bits & (ALL | EACH[table])) !== 0
export const hasTags = (bits: number, table: RecipientTable): boolean => (bits & TAGS[table]) !== 0

/** Which form of the sender a table is asked with. */
export function returnForm(
  access: Config['access'],
  table: RecipientTable | 'FROM_ACCESS' | 'lists',
): 'mapped' | 'auth' | 'orig' {
  const has = (bits: number): boolean =>
    table === 'FROM_ACCESS'
      ? (bits & FROM_ACCESS) !== 0
      : table === 'lists'
        ? (bits & LISTS) !== 0
        : concerns(bits, table)
  if (has(access.useAuthReturn)) return 'auth'
  return has(access.useOrigReturn) ? 'orig' : 'mapped'
}
