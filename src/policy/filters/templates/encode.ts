// SPDX-License-Identifier: Apache-2.0
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the language writes ${…} for its own purposes
/**
 * Writes an answer as a piece of a script that cannot be anything else (spec filters.md 11): a whole string, a list of
 * whole strings, digits, `true` or `false`. Only a choice is script, and that its author wrote.
 */
import { quoteString } from '../../../sieve/index.ts'
import type { Field, FieldValue } from './field.ts'

/** Which extension would read `${…}` in a string, and how that is kept from it. */
export interface Meaning {
  readonly variables: boolean
  readonly encodedCharacter: boolean
}

export function encodeAnswer(field: Field, value: FieldValue, meaning: Meaning): string {
  if (typeof value === 'boolean') return String(value)
  if (typeof value !== 'string' && typeof value !== 'number') {
    if (field.type === 'choice') return value.map((each) => fragment(field, String(each))).join(' ')
    return `[${value.map((each) => stringOf(field, String(each), meaning)).join(', ')}]`
  }
  if (field.type === 'choice') return fragment(field, String(value))
  if (field.type === 'number' || field.type === 'size') return String(value)
  return stringOf(field, String(value), meaning)
}

const fragment = ({ values = {} }: Field, chosen: string): string =>
  Object.hasOwn(values, chosen) ? (values[chosen] ?? '') : ''

function stringOf({ type }: Field, text: string, meaning: Meaning): string {
  const plain = text.replaceAll('${', () =>
    // A variable nobody sets is empty (RFC 5229 §3); 24 is the dollar sign (RFC 5228 §2.4.2.4).
    meaning.variables ? '$${postern_never_set}{' : meaning.encodedCharacter ? '${hex:24}{' : '${',
  )
  if (type !== 'text') return quoteString(plain)
  // RFC 5228 §8.1, multi-line: a line that begins with a dot gets another one.
  return `text:\n${plain.replace(/^\./gm, '..')}\n.\n`
}
