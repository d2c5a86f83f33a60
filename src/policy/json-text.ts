// SPDX-License-Identifier: Apache-2.0
/** JSON in ASCII: in memory and on its way to the disk it takes one octet a character. What is not ASCII is escaped. */

const NOT_ASCII = /[^\x00-\x7f]/

export function jsonText(value: unknown): string {
  const text = JSON.stringify(value)
  if (!NOT_ASCII.test(text)) return text
  // What is made of a text with two octets a character has two itself, and so has all it is joined to, unless copied.
  return inOnePiece(text.replace(/[^\x00-\x7f]/g, escaped))
}

/** A text of ASCII as one that was read is, not as one that was added together: for what is kept, and copied often. */
export const inOnePiece = (text: string): string => Buffer.from(text, 'latin1').toString('latin1')

const kept = new WeakMap<object, string>()

/** The same of an object that is told again and again, and never changes: written once. */
export function keptText(value: object): string {
  const known = kept.get(value)
  if (known !== undefined) return known
  const text = jsonText(value)
  kept.set(value, text)
  return text
}

const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`

/** Printable ASCII that needs no escape. */
const PLAIN = /^[ !#-[\]-~]*$/

/** The same for a text: nearly all of them are written as they are. */
export const quoted = (text: string): string => (PLAIN.test(text) ? `"${text}"` : jsonText(text))

/** The same without its quotes, for who writes them with what is around it. */
export const unquoted = (text: string): string => (PLAIN.test(text) ? text : jsonText(text).slice(1, -1))
