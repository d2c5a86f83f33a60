// SPDX-License-Identifier: Apache-2.0
/**
 * The moments of a session at which something is decided, in the order of design 1 and spec access-control.md 12.
 * `envelope`: DATA or the first BDAT, when all recipients are known.
 */

export const MOMENTS = ['connect', 'starttls', 'auth', 'mail', 'rset', 'rcpt', 'envelope', 'content'] as const
export type Moment = (typeof MOMENTS)[number] | 'delivery'
