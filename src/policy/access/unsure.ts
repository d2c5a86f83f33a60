// SPDX-License-Identifier: Apache-2.0
/**
 * Everything about access control that its documentation does not say, or says where it could not be read again. Each
 * fact stands here alone, with the section and the mark of the specification: [R] recalled, [U] our recommendation,
 * [D] derived. Changing a value here changes the behaviour and nothing else has to follow.
 *
 * What is a way of doing rather than a value stands where it is done, in one place each:
 * - 1 [U] both Y and N: refused; the order of the tables: stages.ts; members of an alias: `stages/recipient-access.ts`
 * - 2.1 [U] IPv6 addresses without brackets: `probes.ts`
 * - 3.2 [U] what is left of the output is the text, bars included: `interpret.ts`
 * - 3.2 [R] names and order of `$T $A $G $M $S $X $,`: `flags.ts`
 * - 5 [U] `$J` and `$K` count before recipients come: `stages/from-access.ts`
 * - 10 [D] fields of DEQUEUE_ACCESS: `outgoing.ts`
 * - 11 [U] what the tables of a list are asked, and what their flags mean: `stages/list-access.ts`
 */

/** 2.2 [U]: what stands for the application, by service. Sites write `SMTP*`. */
export const APPLICATION = { smtp: 'SMTP', submission: 'SMTP', submissions: 'SMTP', lmtp: 'LMTP' } as const

/** 2.2 [U]: without HELO the application stands alone, without a slash. */
export const SLASH_WITHOUT_HELO = false

/** 2.2: `SMTP/tls-info/helo`. [U] what the middle part says of TLS. */
export const tlsInfo = ({ version, cipher }: { readonly version: string; readonly cipher: string }): string =>
  `${version}-${cipher}`

/** 2.5 [U]: the type of an original recipient that the client did not give. */
export const DEFAULT_ORCPT_TYPE = 'rfc822'

/** 3.3 [U]: the code of a refusal with `$X` by the class of the status. */
export const CODE_OF_CLASS = { 4: 450, 5: 550 } as const

/** 3.3: code and status of a refusal by default. */
export const REFUSAL = { code: 550, enhanced: '7.1' } as const

/** 3.3 [U]: a text that begins so brings its own code, and perhaps its own status. */
export const OWN_CODE = /^([45]\d\d) (?:([45])\.(\d{1,3}\.\d{1,3})(?: |$))?/

/**
 * 3.2 [U]: a refusal wins over everything. Between the others what loses no mail wins, and what later filters cannot undo
 * wins over what they can.
 */
export const PRECEDENCE = ['hold', 'jettison', 'discard', 'bitbucket'] as const

/** 4 [R]: what is said at the second probe of PORT_ACCESS where the row has no text. */
export const SECOND_PROBE_REFUSAL = { code: 500, enhanced: '7.1', text: 'access denied' } as const

/** 4 [U]: text behind `||` is for the connection log alone, whether that is switched on or not. */
export const CONNECTION_TEXT = '||'

/** 3.2 [U]: `$I` refuses when the account is not in the group, or when there is no such account or group. */
export const NOT_IN_GROUP_REFUSES = true

/** 10 [U]: how long an attempt that DEQUEUE_ACCESS put off waits, where the row gives no time. */
export const DEQUEUE_BACKOFF_MS = 300_000

/** 10 [U]: the priority of every message: there is no other yet. */
export const PRIORITY = 'normal'
