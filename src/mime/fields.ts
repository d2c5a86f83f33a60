// SPDX-License-Identifier: Apache-2.0
/**
 * Header fields as we write them: RFC 5322 §2.2 and §3.6, with the octets over 127 that RFC 6532 allows.
 * Whatever the value holds, what comes out is one field: no text can end it or begin another.
 */
import { encodeWords } from './encoded-word.ts'

/** RFC 5322 §2.1.1: lines SHOULD be at most 78 characters and MUST be at most 998 octets, CRLF not counted. */
const LINE_SHOULD = 78
const LINE_MUST = 998

/** RFC 5322 §3.6.8: field-name = 1*ftext; ftext = %d33-57 / %d59-126. */
const FIELD_NAME = /^[!-9;-~]{1,76}$/

/**
 * One field: complete lines, folded (§2.2.3), CRLF at their ends. Line ends inside the value become spaces, other
 * control characters `?`. A word that is too long for any line is cut, because the limit has no exception.
 * @throws RangeError when `name` is no field name: the name is ours, so that is a bug
 */
export function field(name: string, value: string): string {
  if (!FIELD_NAME.test(name)) throw new RangeError(`not a field name: ${JSON.stringify(name.slice(0, 80))}`)
  return value.length <= MAX_PLAIN && PLAIN.test(value) ? foldedPlain(name, value) : folded(name, value)
}

/** Words of ASCII with one blank before each, as nearly all that we write; short enough to stand behind any name. */
const MAX_PLAIN = LINE_MUST - 100
const PLAIN = /^[!-~]+(?: [!-~]+)*$/

/** The same as `folded`, for values like these: a line ends before the word that would make it too long. */
function foldedPlain(name: string, value: string): string {
  let text = `${name}:`
  /** Octets of the line so far, and where in the value it begins. */
  let octets = text.length
  let line = 0
  for (let at = 0; at < value.length; ) {
    const blank = value.indexOf(' ', at)
    const end = blank < 0 ? value.length : blank
    octets += end - at + 1
    // Not below a lone name, as in `folded`.
    if (octets > LINE_SHOULD && at > 0) {
      text += ` ${value.slice(line, at - 1)}\r\n`
      line = at
      octets = end - at + 1
    }
    at = end + 1
  }
  return `${text} ${value.slice(line)}\r\n`
}

function folded(name: string, value: string): string {
  const lines: string[] = []
  let line = `${name}:`
  let octets = line.length
  for (const word of words(value)) {
    const length = Buffer.byteLength(word)
    // Not below a lone name: a line of the name alone followed by a fold confuses old readers.
    if (octets + length > LINE_SHOULD && (lines.length > 0 || line !== `${name}:`)) {
      lines.push(line)
      line = ''
      octets = 0
    }
    for (const piece of octets + length > LINE_MUST ? cut(word, LINE_MUST - octets) : [word]) {
      if (octets > 0 && octets + Buffer.byteLength(piece) > LINE_MUST) {
        lines.push(line)
        line = ''
        octets = 0
      }
      line += piece
      octets += Buffer.byteLength(piece)
    }
  }
  return `${[...lines, line].join('\r\n')}\r\n`
}

/** The value as words, each with the white space before it, so that a fold before any of them changes nothing. */
function words(value: string): string[] {
  const clean = value
    .replace(/[\r\n]+/g, ' ')
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, '?')
    // Longer runs of white space could fill a line alone, which RFC 5322 §3.2.2 forbids.
    .replace(/[ \t]{65,}/g, ' ')
    // Not trim(): a no-break space is text.
    .replace(/^[ \t]+|[ \t]+$/g, '')
  return ` ${clean}`.match(/[ \t]*[^ \t]+/g) ?? [' ']
}

/** Pieces of a word for lines of at most LINE_MUST octets, the first of at most `room`; characters stay whole. */
function* cut(word: string, room: number): Iterable<string> {
  let piece = ''
  let octets = 0
  let limit = room
  for (const character of word) {
    const length = Buffer.byteLength(character)
    if (octets + length > limit) {
      yield piece
      piece = ' '
      octets = 1
      limit = LINE_MUST
    }
    piece += character
    octets += length
  }
  yield piece
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const twoDigits = (n: number): string => String(n).padStart(2, '0')

/** RFC 5322 §3.3: `Tue, 24 Nov 2026 04:56:50 +0100`. `offsetMinutes` is east of Greenwich, less than a hundred hours. */
export function formatDate(ms: number, offsetMinutes: number): string {
  const second = Math.floor(ms / 1000)
  if (lastDate?.second !== second || lastDate.offsetMinutes !== offsetMinutes)
    lastDate = { second, offsetMinutes, text: dateText(second * 1000, offsetMinutes) }
  return lastDate.text
}

/** Messages of one second have one date. */
let lastDate: { readonly second: number; readonly offsetMinutes: number; readonly text: string } | undefined

function dateText(ms: number, offsetMinutes: number): string {
  const local = new Date(ms + offsetMinutes * 60_000)
  const minutes = Math.abs(offsetMinutes)
  const zone = `${offsetMinutes < 0 ? '-' : '+'}${twoDigits(Math.trunc(minutes / 60))}${twoDigits(minutes % 60)}`
  const day = `${DAYS[local.getUTCDay()]}, ${local.getUTCDate()} ${MONTHS[local.getUTCMonth()]}`
  const year = String(local.getUTCFullYear()).padStart(4, '0')
  const time = [local.getUTCHours(), local.getUTCMinutes(), local.getUTCSeconds()].map(twoDigits).join(':')
  return `${day} ${year} ${time} ${zone}`
}

/** RFC 5322 §3.6.4: `<id@hostname>`. */
export const formatMessageId = (id: string, hostname: string): string => `<${id}@${hostname}>`

/** A mailbox of RFC 5322 §3.4; the address is written as it is. */
export interface Mailbox {
  readonly name?: string
  readonly address: string
}

/** RFC 5322 §3.2.3 and §3.2.5: a phrase of atoms. */
const ATOMS = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/
const PRINTABLE = /^[ -~]*$/

/** `Kim <kim@example.org>`; the name as atoms, as a quoted string, or as encoded words (RFC 2047 §5 (3)). */
export function formatMailbox({ name, address }: Mailbox): string {
  if (name === undefined || name === '') return address
  // An atom that looks like an encoded word would be decoded by readers.
  if (ATOMS.test(name) && !name.includes('=?')) return `${name} <${address}>`
  if (PRINTABLE.test(name) && !name.includes('=?')) return `"${name.replace(/["\\]/g, '\\$&')}" <${address}>`
  return `${encodeWords(name)} <${address}>`
}

/** From, To, Cc and their like: one field for these mailboxes. */
export const addressField = (name: string, mailboxes: readonly Mailbox[]): string =>
  field(name, mailboxes.map(formatMailbox).join(', '))
