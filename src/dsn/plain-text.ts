// SPDX-License-Identifier: Apache-2.0
/** Text of notifications: strangers' words made harmless, and paragraphs wrapped. RFC 5322 §2.1.1, RFC 3676 not used. */

import type { OriginalRecipient } from '../envelope/envelope.ts'

/** Characters kept of a remote system's words: two full lines of RFC 5321 §4.5.3.1.5 say enough. */
const MAX_DIAGNOSTIC = 900

/**
 * Strangers' words on one line: control characters, and the ones that turn the direction of text, become `?`; cut at
 * 900 characters. Without `global` only ASCII is left, as RFC 3464 §2.1.1 asks.
 */
export function diagnosticText(text: string, global: boolean): string {
  const clean = text
    .slice(0, 2 * MAX_DIAGNOSTIC)
    .toWellFormed()
    .replace(/[\r\n\t ]+/g, ' ')
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, '?')
    .trim()
  const plain = global ? clean : clean.replace(/[^ -~]/gu, '?')
  const characters = [...plain]
  return characters.length <= MAX_DIAGNOSTIC ? plain : `${characters.slice(0, MAX_DIAGNOSTIC - 4).join('')} ...`
}

/** RFC 6533 §3: an address of other than ASCII characters has type utf-8. */
export function typedAddress({ type, address }: OriginalRecipient, global: boolean): string {
  const clean = diagnosticText(address, global)
  const atom = type.replace(/[^A-Za-z0-9-]/g, '').slice(0, 40)
  return `${/^[ -~]*$/.test(clean) && atom !== '' ? atom : 'utf-8'}; ${clean}`
}

/** Paragraph text in lines of at most `width` where words allow, each ending in CRLF and beginning with `indent`. */
export function wrap(text: string, indent = '', width = 74): string {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ').flatMap((long) => long.match(/.{1,900}/gu) ?? [])) {
    if (line !== '' && indent.length + line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  if (line !== '' || lines.length === 0) lines.push(line)
  return lines
    .map((l) => `${indent}${l}`.trimEnd())
    .join('\r\n')
    .concat('\r\n')
}
