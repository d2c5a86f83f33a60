// SPDX-License-Identifier: Apache-2.0
/** xtext of RFC 3461 §4, and utf-8-addr-xtext / utf-8-addr-unitext of RFC 6533 §3. */

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The decoded text, or `undefined` for what is no xtext, or hides octets that are no UTF-8. */
export function decodeXtext(text: string): string | undefined {
  if (!/^(?:[!-*,-<>-~]|\+[0-9A-F]{2})*$/.test(text)) return undefined
  const octets = text.replace(/\+([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  try {
    return UTF8.decode(Buffer.from(octets, 'latin1'))
  } catch {
    return undefined
  }
}

/** `+`, `=`, blanks, controls and everything over 126 become `+XX`, octet by octet. */
export const encodeXtext = (text: string): string =>
  Buffer.from(text)
    .toString('latin1')
    .replace(/[^!-*,-<>-~]/g, (c) => `+${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)

/** `\x{HEX}` decoded; other characters over U+00A0 may stand as they are. */
export function decodeUtf8Xtext(text: string): string | undefined {
  if (!/^(?:[!-*,-<>-[\]-~\u00a0-\u{10ffff}]|\\x\{[0-9A-F]{2,6}\})*$/u.test(text)) return undefined
  const bad = [...text.matchAll(/\\x\{([0-9A-F]{2,6})\}/g)].some((m) => !isScalar(Number.parseInt(m[1] ?? '', 16)))
  if (bad) return undefined
  return text.replace(/\\x\{([0-9A-F]{2,6})\}/g, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)))
}

/** Pure ASCII form of RFC 6533: everything over 126 becomes `\x{HEX}` too. */
export const encodeUtf8Xtext = (text: string): string =>
  [...text.toWellFormed()]
    .map((c) =>
      /^[!-*,-<>-[\]-~]$/.test(c) ? c : `\\x{${(c.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(2, '0')}}`,
    )
    .join('')

const isScalar = (point: number): boolean => point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff) && point > 0
