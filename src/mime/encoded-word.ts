// SPDX-License-Identifier: Apache-2.0
/**
 * Encoded words, RFC 2047 with the language tag of RFC 2231 §5: `=?utf-8?q?gr=C3=BC=C3=9Fe?=`. Decoding is for people
 * and for tests on header text; it never fails: what cannot be decoded stays as it stands.
 */
import { isAscii } from 'node:buffer'

/** RFC 2047 §2: an encoded word is at most 75 characters. */
const WORD_MAX = 75
/** Longest charset name read, language tag included; IANA's longest is 45. */
const CHARSET_MAX = 64

interface Word {
  readonly charset: string
  readonly bytes: Buffer
  /** Offset behind the word. */
  readonly end: number
}

/**
 * The text with its encoded words decoded. Linear in the text: every scan ends at the first `?`, behind which the
 * next word can begin at the earliest.
 */
export function decodeWords(text: string): string {
  let out = ''
  let from = 0
  let pending: { charset: string; chunks: Buffer[]; start: number; end: number } | undefined
  const flush = (): void => {
    if (pending === undefined) return
    out += decodeBytes(Buffer.concat(pending.chunks), pending.charset) ?? text.slice(pending.start, pending.end)
    pending = undefined
  }
  for (let at = text.indexOf('=?'); at >= 0; ) {
    const word = wordAt(text, at)
    if (word === undefined) {
      at = text.indexOf('=?', at + 1)
      continue
    }
    const between = text.slice(from, at)
    // §6.2: white space between adjacent words is not shown. Senders split characters between words although §5
    // forbids it, so octets of one charset are joined before they are decoded.
    const adjacent = pending !== undefined && isWhiteSpace(between)
    if (adjacent && pending?.charset === word.charset) {
      pending.chunks.push(word.bytes)
      pending.end = word.end
    } else {
      flush()
      if (!adjacent) out += between
      pending = { charset: word.charset, chunks: [word.bytes], start: at, end: word.end }
    }
    from = word.end
    at = text.indexOf('=?', from)
  }
  flush()
  return out + text.slice(from)
}

const isWhiteSpace = (text: string): boolean => text.length <= 998 && /^[ \t\r\n]*$/.test(text)

/** §2: encoded-word = "=?" charset "?" encoding "?" encoded-text "?=" */
function wordAt(text: string, at: number): Word | undefined {
  const charsetEnd = text.indexOf('?', at + 2)
  if (charsetEnd < 0 || charsetEnd === at + 2 || charsetEnd - at - 2 > CHARSET_MAX) return undefined
  if (text[charsetEnd + 2] !== '?') return undefined
  const encoding = text[charsetEnd + 1]
  const end = text.indexOf('?', charsetEnd + 3)
  if (end < 0 || text[end + 1] !== '=') return undefined
  const encoded = text.slice(charsetEnd + 3, end)
  const bytes =
    encoding === 'b' || encoding === 'B' ? fromB(encoded) : /^[qQ]$/.test(encoding ?? '') ? fromQ(encoded) : undefined
  if (bytes === undefined) return undefined
  const [charset = ''] = text
    .slice(at + 2, charsetEnd)
    .toLowerCase()
    .split('*', 1) // RFC 2231 §5
  return { charset, bytes, end: end + 2 }
}

/** §4.1 */
const fromB = (encoded: string): Buffer | undefined =>
  /^[A-Za-z0-9+/]*={0,2}$/.test(encoded) ? Buffer.from(encoded, 'base64') : undefined

/** §4.2; octets over 127 and white space should not be there and stand for themselves. */
function fromQ(encoded: string): Buffer {
  const bytes = Buffer.from(encoded, 'utf8')
  let to = 0
  for (let i = 0; i < bytes.length; i++, to++) {
    const octet = bytes[i] ?? 0
    const hex = octet === 0x3d ? bytes.toString('latin1', i + 1, i + 3) : ''
    if (/^[0-9A-Fa-f]{2}$/.test(hex)) {
      bytes[to] = Number.parseInt(hex, 16)
      i += 2
    } else bytes[to] = octet === 0x5f ? 0x20 : octet
  }
  return bytes.subarray(0, to)
}

/** Octets of a named charset as text, `undefined` for a charset nobody knows. */
export function decodeBytes(bytes: Uint8Array, charset: string): string | undefined {
  try {
    return new TextDecoder(charset, { ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** Header octets as text: UTF-8 (RFC 6532) where they are that, else windows-1252, which shows every octet. */
export function headerText(bytes: Uint8Array): string {
  if (isAscii(bytes)) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
  try {
    return UTF8.decode(bytes)
  } catch {
    return WINDOWS.decode(bytes)
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const WINDOWS = new TextDecoder('windows-1252')

/** RFC 5322 §2.2.3: the lines of a field's body as one, without spaces and tabs at its ends; other spaces are text. */
export function unfolded(body: Uint8Array): string {
  const text = headerText(body).replace(/\r?\n/g, '')
  let start = 0
  let end = text.length
  while (start < end && isBlank(text.charCodeAt(start))) start += 1
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1
  return text.slice(start, end)
}

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09

const PREFIX = '=?utf-8?q?'.length
const ROOM = WORD_MAX - PREFIX - 2
/** §5 (3): what may stand for itself in an encoded word inside a phrase, and so anywhere. */
const Q_PLAIN = /^[A-Za-z0-9!*+/-]$/

const qOf = (character: string): string => {
  if (Q_PLAIN.test(character)) return character
  if (character === ' ') return '_'
  return Buffer.from(character).toString('hex').toUpperCase().replace(/../g, '=$&')
}

/**
 * The text as encoded words in UTF-8, one space between them where a field may be folded. Takes the shorter of both
 * encodings. Characters stay whole (§5). Lone surrogates become U+FFFD.
 */
export function encodeWords(text: string): string {
  const characters = [...text.toWellFormed()]
  const q = characters.map(qOf)
  const qLength = q.reduce((sum, { length }) => sum + length, 0)
  const useB = (Buffer.byteLength(text) * 4) / 3 < qLength
  const words: string[] = []
  let word = ''
  let size = 0
  characters.forEach((character, i) => {
    const more = useB ? Buffer.byteLength(character) : (q[i] ?? '').length
    if (size > 0 && (useB ? Math.ceil((size + more) / 3) * 4 : size + more) > ROOM) {
      words.push(word)
      word = ''
      size = 0
    }
    word += useB ? character : (q[i] ?? '')
    size += more
  })
  if (size > 0) words.push(word)
  return words.map((w) => (useB ? `=?utf-8?b?${Buffer.from(w).toString('base64')}?=` : `=?utf-8?q?${w}?=`)).join(' ')
}

/** The text as it may stand in an unstructured field: as it is when that is safe, else as encoded words. */
export const encodeText = (text: string): string =>
  /^[ -~]*$/.test(text) && !text.includes('=?') ? text : encodeWords(text)
