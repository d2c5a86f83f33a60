// SPDX-License-Identifier: Apache-2.0
/** Flags of IMAP as scripts write them, RFC 5232 §2. */

/** RFC 3501 §9: flag-keyword is an atom. */
const KEYWORD = /^[^\s(){%*"\\\]\x00-\x1f\x7f-\uffff]+$/
const SYSTEM: Readonly<Record<string, string>> = {
  '\\answered': '\\Answered',
  '\\flagged': '\\Flagged',
  '\\deleted': '\\Deleted',
  '\\seen': '\\Seen',
  '\\draft': '\\Draft',
}

/** Each flag once, compared without case; a string may hold several. Unknown system flags and `\Recent` are left out. */
export function normalizeFlags(texts: readonly string[]): readonly string[] {
  const flags = new Map<string, string>()
  for (const flag of texts.flatMap((text) => text.split(/[ \t\r\n]+/))) {
    if (flag === '') continue
    const key = flag.toLowerCase()
    const written = flag.startsWith('\\') ? SYSTEM[key] : KEYWORD.test(flag) ? flag : undefined
    if (written !== undefined && !flags.has(key)) flags.set(key, written)
  }
  return [...flags.values()]
}
