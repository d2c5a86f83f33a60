// SPDX-License-Identifier: Apache-2.0
/** HELP, RFC 5321 §4.1.1.8: names the verbs and nothing about this site. */
import type { Asking } from '../../ask/ask.ts'
import { type Action, say } from '../action.ts'
import type { Session } from '../session.ts'

export function* help({ context }: Session): Asking<readonly Action[]> {
  const hello = context.service === 'lmtp' ? 'LHLO' : 'EHLO HELO'
  const lines = [`${hello} MAIL RCPT DATA BDAT RSET VRFY HELP NOOP QUIT STARTTLS AUTH`, 'RFC 5321 explains them']
  return [say({ code: 214, enhanced: '0.0', lines })]
}
