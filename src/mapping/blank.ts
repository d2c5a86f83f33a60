// SPDX-License-Identifier: Apache-2.0
/** Blanks of the file syntax, and when a `$` quotes one. spec mapping-tables.md 1.1, 1.3. */

export const isBlank = (c: string | undefined): boolean => c === ' ' || c === '\t'

/** Is the character at `at` quoted: an odd run of `$` directly before it? */
export function isQuoted(text: string, at: number): boolean {
  let run = at
  while (run > 0 && text[run - 1] === '$') run--
  return (at - run) % 2 === 1
}

/** Length of the text without the unquoted blanks at its end. */
export function trimmedEnd(text: string): number {
  let end = text.length
  while (end > 0 && isBlank(text[end - 1]) && !isQuoted(text, end - 1)) end--
  return end
}

/** Where the first character other than a blank stands, from `from` on. */
export function skipBlanks(text: string, from: number): number {
  let at = from
  while (isBlank(text[at])) at++
  return at
}

/** Where a column that begins at `from` ends: at the first unquoted blank. */
export function columnEnd(text: string, from: number): number {
  let at = from
  while (at < text.length && !isBlank(text[at])) at += text[at] === '$' ? 2 : 1
  return Math.min(at, text.length)
}
