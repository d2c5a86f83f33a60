// SPDX-License-Identifier: Apache-2.0
/**
 * SMTP replies: what a server says, RFC 5321 §4.2, with enhanced status codes, RFC 2034 and RFC 3463.
 */

/** A reply to one command. The class of the enhanced code is the first digit of `code` unless `class` says otherwise. */
export interface Reply {
  /** Three digits, RFC 5321 §4.2.1. */
  readonly code: number
  /** Subject and detail of the enhanced status code, `7.1`; `undefined` for replies that carry none (RFC 2034 §4: 220, 250 to EHLO, 354, 334). */
  readonly enhanced?: string
  /** One line a member; no CR, LF or NUL, at most 500 octets each (RFC 5321 §4.5.3.1.5). */
  readonly lines: readonly string[]
  /** For the few documented replies whose enhanced class differs from the code (550 4.2.3, spec access-control.md 8). */
  readonly class?: 2 | 4 | 5
  /** Goes out as this line, without code and status; nothing goes out where it is empty (spec access-control.md 4). */
  readonly raw?: string
}

/** A reply of one line. */
export const reply = (code: number, enhanced: string | undefined, text: string): Reply =>
  enhanced === undefined ? { code, lines: [text] } : { code, enhanced, lines: [text] }

/** `5.7.1`, or `undefined` where the reply carries no enhanced code. */
export const statusOf = (r: Reply): string | undefined =>
  r.enhanced === undefined ? undefined : `${r.class ?? Math.trunc(r.code / 100)}.${r.enhanced}` // RFC 3463 §2

/** The octets of the wire, CRLF included. Control characters in texts become `?`, so that no text can end a line. */
export function formatReply(r: Reply): string {
  if (r.raw !== undefined) return r.raw === '' ? '' : `${clean(r.raw)}\r\n`
  const status = statusOf(r)
  const said = status === undefined ? '' : `${status} `
  let left = r.lines.length
  let text = ''
  for (const line of r.lines) text += `${r.code}${--left === 0 ? ' ' : '-'}${said}${clean(line)}\r\n`
  return text
}

/** One line for people and traces: `550 5.7.1 Relaying not allowed`. */
export const describeReply = (r: Reply): string => {
  if (r.raw !== undefined) return r.raw === '' ? 'closed without a reply' : clean(r.raw)
  const status = statusOf(r)
  return `${r.code} ${status === undefined ? '' : `${status} `}${r.lines.map(clean).join(' / ')}`
}

/** RFC 5321 §4.2.1: the client may try the same again later. */
export const isTransient = (r: Reply): boolean => r.code >= 400 && r.code < 500

const CONTROL = /[\u0000-\u001f\u007f]/
const CONTROLS = new RegExp(CONTROL, 'g')
// Nearly no text has any, and to look costs less than to replace nothing.
const clean = (text: string): string => (CONTROL.test(text) ? text.replace(CONTROLS, '?') : text).slice(0, 500)

/**
 * Refuses a command from inside its handler; caught once, by the session. The reply is public and bland, the cause
 * is for the log.
 */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly reply: Reply
  constructor(r: Reply, options?: { readonly cause?: unknown }) {
    super(describeReply(r), options)
    this.reply = r
  }
}
