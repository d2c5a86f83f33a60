// SPDX-License-Identifier: Apache-2.0
/**
 * Everything about the call-outs that their documentation does not say, or says where it could not be read again. Each
 * fact stands here alone, with the section of spec access-control.md and its mark: [R] recalled, [U] our recommendation,
 * [D] derived.
 *
 * What is a way of doing rather than a value stands where it is done, in one place each:
 * - 7.1 [U] a failing look-up of `dns_verify` and its kin fails, so that no text is used: `dns-verify.ts`, `texts`
 * - 7.1 [D] a list's answer by TXT counts when its A is a code of a listing, or is not there: `dns-verify.ts`, `listed`
 * - 7.3 [U] which commas end what, where keys may hold commas: `check-metermaid.ts`, `splitRight`
 * - 7.3 [D] windows and penalties, greylists: `state/counter-rules.ts`
 */

/** 7.1 [D/R]: what `%e` becomes in a text of `dns_verify`. */
export const DNS_ERROR_TEXTS = { nxdomain: 'no such host', nodata: 'no data of this type', none: '' } as const

/** 7.1 [R]: the flags before the text: a rejection, and an acceptance with a header line. */
export const LISTED = '$N'
export const LISTED_WARN = '$Y$A'

/** 7.1 [R]: the header line of `dns_verify_domain_warn`. */
export const WARNING_FIELD = 'X-DNS-List-Warning'

/**
 * 7.1 [U]: PORT_ACCESS sends the text as it is (4), so `dns_verify_domain_port` makes a reply of a text that does not
 * begin with a code.
 */
export const PORT_REPLY = '554 5.7.1 '

/** 7.1 [U]: codes of a listing where the call cannot name any; errors are never one (RFC 5782 §2.1). */
export const LIST_CODES = '127.0.0.2-127.255.255.255'

/** 7.1 [U]: of MX hosts with the same preference, the first by name. */
export const TIES_BY_NAME = true

/** 7.2 [U]: addresses counted at one time; the historical table's size is not known. */
export const THROTTLE_ENTRIES = 100_000
/** 7.2 [C]: connections per minute. */
export const THROTTLE_WINDOW_MS = 60_000

/** 7.3 [U]: what a success writes that is not a value. */
export const NOTHING = ''

/** 7.3 [U]: `test` of a key that is not there compares 0, as `adjust` counts it. */
export const TEST_OF_MISSING = '0'
