// SPDX-License-Identifier: Apache-2.0
/** EXPN, RFC 5321 §3.5.2 and §7.3: membership of lists is nobody's business. Not among the EHLO keywords. */
import { Refusal, reply } from '../../smtp/reply.ts'
import type { Handler } from './table.ts'

export const expn: Handler = function* () {
  throw new Refusal(reply(502, '5.1', 'EXPN is not available')) // RFC 5321 §4.2.4
}
