// SPDX-License-Identifier: Apache-2.0
/**
 * The output flags of the access tables, as data: spec access-control.md 3.1, 3.2, 4. Arguments stand in the output one
 * behind the other, separated by bars, in the order of this table, whatever the order of the flags in the row.
 */
import type { MailAddress, ReversePath } from '../../address/address.ts'
import { parseAddress } from '../../address/path.ts'
import { field } from '../../mime/fields.ts'

/** The tables that share a set of flags. */
export type TableKind = 'port' | 'from' | 'recipient'

/** What a row said, once its flags and arguments are understood. */
export interface Said {
  readonly allow?: true
  readonly bitbucket?: true
  readonly hold?: true
  readonly discard?: true
  readonly jettison?: true
  readonly novacation?: true
  /** `$T` of PORT_ACCESS: a record of the refusal. */
  readonly record?: true
  readonly debug?: number
  readonly from?: { readonly path: ReversePath }
  readonly sender?: MailAddress
  readonly group?: { readonly user: string; readonly group: string }
  readonly syslog?: string
  readonly syslogRefused?: string
  /** Milliseconds; under 0 for this reply alone. */
  readonly delayMs?: number
  readonly prefix?: string
  /** A whole header field. */
  readonly field?: string
  readonly tags?: readonly string[]
  readonly capture?: MailAddress
  readonly limits?: SaidLimits
  readonly status?: { readonly class: 4 | 5; readonly enhanced: string }
  readonly spamadjust?: string
}

/** `$S`: at most this much, in the transaction. */
export interface SaidLimits {
  readonly blockLimit?: number
  readonly recipientLimit?: number
  readonly recipientCutoff?: number
}

export interface PlainFlag {
  readonly flag: string
  readonly of: readonly TableKind[]
  readonly says: Said
}

export interface ArgumentFlag {
  readonly flag: string
  readonly of: readonly TableKind[]
  readonly takes: 1 | 2
  readonly what: string
  /** `undefined`: the argument makes no sense, and the flag is ignored. */
  readonly read: (argument: string, second: string) => Said | undefined
}

const MESSAGE: readonly TableKind[] = ['from', 'recipient']
const ALL: readonly TableKind[] = ['port', 'from', 'recipient']
const FROM: readonly TableKind[] = ['from']

export const PLAIN_FLAGS: readonly PlainFlag[] = [
  { flag: 'Y', of: ALL, says: { allow: true } },
  { flag: 'B', of: MESSAGE, says: { bitbucket: true } },
  { flag: 'H', of: MESSAGE, says: { hold: true } },
  { flag: 'V', of: MESSAGE, says: { discard: true } },
  { flag: 'Z', of: MESSAGE, says: { jettison: true } },
  { flag: '!', of: FROM, says: { novacation: true } },
  { flag: 'T', of: ['port'], says: { record: true } },
]

/** In reading order. From `$T` on the order is recalled [R], spec access-control.md 13. */
export const ARGUMENT_FLAGS: readonly ArgumentFlag[] = [
  { flag: 'U', of: ALL, takes: 1, what: 'a level of debugging', read: (text) => said('debug', integer(text)) },
  { flag: 'J', of: FROM, takes: 1, what: 'an address', read: (text) => said('from', pathOf(text)) },
  { flag: 'K', of: FROM, takes: 1, what: 'an address', read: (text) => said('sender', addressOf(text)) },
  {
    flag: 'I',
    of: MESSAGE,
    takes: 2,
    what: 'a user and a group',
    read: (user, group) =>
      user === '' || group === '' ? undefined : { group: { user: onOneLine(user), group: onOneLine(group) } },
  },
  { flag: '<', of: ALL, takes: 1, what: 'a text', read: (text) => said('syslog', textOf(text)) },
  { flag: '>', of: ALL, takes: 1, what: 'a text', read: (text) => said('syslogRefused', textOf(text)) },
  { flag: 'D', of: MESSAGE, takes: 1, what: 'hundredths of a second', read: (text) => said('delayMs', delayOf(text)) },
  { flag: 'T', of: MESSAGE, takes: 1, what: 'a tag', read: (text) => said('prefix', textOf(text)) },
  { flag: 'A', of: MESSAGE, takes: 1, what: 'a header line', read: (text) => said('field', fieldOf(text)) },
  { flag: 'G', of: MESSAGE, takes: 1, what: 'conversion tags', read: (text) => said('tags', tagsOf(text)) },
  { flag: 'M', of: MESSAGE, takes: 1, what: 'an address', read: (text) => said('capture', addressOf(text)) },
  { flag: 'S', of: FROM, takes: 1, what: 'up to three limits', read: (text) => said('limits', limitsOf(text)) },
  { flag: 'X', of: MESSAGE, takes: 1, what: 'an enhanced status code', read: (text) => said('status', statusOf(text)) },
  { flag: ',', of: MESSAGE, takes: 1, what: 'a spamadjust argument', read: (text) => said('spamadjust', textOf(text)) },
]

/** Either refuses; what is left of the output is the text. */
export const REFUSING_FLAGS = ['N', 'F'] as const

const said = <K extends keyof Said>(key: K, value: Said[K]): Said | undefined =>
  value === undefined ? undefined : { [key]: value }

/** Characters of a text that goes into a log or an envelope. */
const MAX_TEXT = 500
/** Of a header line: three lines of the longest sort. */
const MAX_FIELD = 2000
/** RFC 3463 §2: class, subject, detail. */
const STATUS = /^([45])\.(\d{1,3}\.\d{1,3})$/
/** RFC 5322 §3.6.8, and not longer than our own fields. */
const FIELD = /^([!-9;-~]{1,76})[ \t]*:([\s\S]*)$/

const integer = (text: string): number | undefined =>
  /^[+-]?\d{1,9}$/.test(text.trim()) ? Number(text.trim()) : undefined

function delayOf(text: string): number | undefined {
  const hundredths = integer(text)
  return hundredths === undefined ? undefined : hundredths * 10
}

function pathOf(text: string): Said['from'] {
  if (text.trim() === '<>') return { path: null }
  const path = addressOf(text)
  return path === undefined ? undefined : { path }
}

const addressOf = (text: string): MailAddress | undefined => parseAddress(text.trim().replace(/^<(.*)>$/s, '$1'))

/** No line end, nothing that moves a cursor: a table may hand on what a stranger said. */
export const onOneLine = (text: string): string =>
  text.replace(/[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '?').slice(0, MAX_TEXT)

const textOf = (text: string): string | undefined => (text === '' ? undefined : onOneLine(text))

function fieldOf(text: string): string | undefined {
  const m = FIELD.exec(text.slice(0, MAX_FIELD))
  return m?.[1] === undefined ? undefined : field(m[1], m[2] ?? '')
}

function tagsOf(text: string): readonly string[] | undefined {
  const tags = text.split(',').map((tag) => onOneLine(tag.trim()))
  const named = tags.filter((tag) => tag !== '')
  return named.length === 0 ? undefined : named
}

/** x[,y[,z]]; a number left out leaves its limit. */
function limitsOf(text: string): SaidLimits | undefined {
  const parts = text.split(',').map((part) => part.trim())
  if (parts.length > 3 || parts.every((part) => part === '') || !parts.every((part) => /^\d{0,9}$/.test(part)))
    return undefined
  const [blockLimit, recipientLimit, recipientCutoff] = parts.map((part) => (part === '' ? undefined : Number(part)))
  return {
    ...(blockLimit === undefined ? {} : { blockLimit }),
    ...(recipientLimit === undefined ? {} : { recipientLimit }),
    ...(recipientCutoff === undefined ? {} : { recipientCutoff }),
  }
}

function statusOf(text: string): Said['status'] {
  const m = STATUS.exec(text.trim())
  return m?.[2] === undefined ? undefined : { class: m[1] === '4' ? 4 : 5, enhanced: m[2] }
}
