// SPDX-License-Identifier: Apache-2.0
/** What the server says: replies with their codes (RFC 5804 §1.2, §1.3) and strings (§4). */
import { MAX_QUOTED } from './grammar.ts'

/** RFC 5804 §1.3, and TAG of §2.13. `REFERRAL` and `TRANSITION-NEEDED` have no use here. */
export type ResponseCode =
  | 'AUTH-TOO-WEAK'
  | 'ENCRYPT-NEEDED'
  | 'QUOTA'
  | 'QUOTA/MAXSCRIPTS'
  | 'QUOTA/MAXSIZE'
  | 'NONEXISTENT'
  | 'ALREADYEXISTS'
  | 'ACTIVE'
  | 'WARNINGS'
  | 'TRYLATER'
  | { readonly code: 'SASL' | 'TAG'; readonly value: string }

export interface Reply {
  readonly is: 'OK' | 'NO' | 'BYE'
  readonly code?: ResponseCode
  /** For people. */
  readonly text: string
}

export const ok = (text: string, code?: ResponseCode): Reply => ({ is: 'OK', text, ...given(code) })
export const no = (text: string, code?: ResponseCode): Reply => ({ is: 'NO', text, ...given(code) })
export const bye = (text: string, code?: ResponseCode): Reply => ({ is: 'BYE', text, ...given(code) })
const given = (code: ResponseCode | undefined) => (code === undefined ? {} : { code })

/** A command is refused by throwing one; the session catches it in one place. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly reply: Reply
  constructor(reply: Reply, options?: { cause?: unknown }) {
    super(reply.text, options)
    this.reply = reply
  }
}

/** Not a command as RFC 5804 has them: no client does that by chance, and there are few to a session. */
export class BadCommand extends Refusal {}

export function formatReply({ is, code, text }: Reply): string {
  const shown =
    code === undefined ? '' : typeof code === 'string' ? ` (${code})` : ` (${code.code} ${formatString(code.value)})`
  return `${is}${shown} ${formatString(text)}\r\n`
}

/** A quoted string where that is possible, else a literal of the server's kind, which has no plus. */
export function formatString(value: string): string {
  const octets = Buffer.byteLength(value)
  return octets > MAX_QUOTED || /[\0\r\n]/.test(value)
    ? `{${octets}}\r\n${value}`
    : `"${value.replace(/["\\]/g, '\\$&')}"`
}
