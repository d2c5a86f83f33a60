// SPDX-License-Identifier: Apache-2.0
/**
 * Names and passwords made comparable: the mapping steps of RFC 8265, which took the place of SASLprep (RFC 4013).
 * Names: UsernameCaseMapped (§3.3): full-width and half-width letters to their plain forms, lower case, NFC. Passwords:
 * OpaqueString (§4.2): other blanks to U+0020, NFC. Control characters are refused.
 * Does not check the character classes of RFC 8264 nor the Bidi rule: what is stored is what was typed at setting time,
 * and no two names meet that differ in more than case, width and composition.
 */

/** RFC 8265 §3.3; `undefined` for what is no name. */
export function prepareLogin(text: string): string | undefined {
  if (text === '' || /\p{Cc}/u.test(text)) return undefined
  const wide = /[\u3000\uff01-\uffee]/g
  return text
    .replace(wide, (c) => c.normalize('NFKC'))
    .toLowerCase()
    .normalize('NFC')
}

/** RFC 8265 §4.2; `undefined` for what is no password. */
export function preparePassword(text: string): string | undefined {
  if (text === '' || /\p{Cc}/u.test(text)) return undefined
  return text.replace(/\p{Zs}/gu, ' ').normalize('NFC')
}
