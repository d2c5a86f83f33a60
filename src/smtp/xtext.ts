// SPDX-License-Identifier: Apache-2.0
/** xtext of RFC 3461 §4, and utf-8-addr-xtext / utf-8-addr-unitext of RFC 6533 §3. */

/** The decoded text, or `undefined` for what is no xtext. */
export function decodeXtext(text: string): string | undefined {
  if (!/^(?:[!-*,-<>-~]|\+[0-9A-F]{2})*$/.test(text)) return undefined
  return text.replace(/\+([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

/** `+`, `=`, blanks, controls become `+XX`. ASCII only. */
export const encodeXtext = (text: string): string =>
  text.replace(/[^!-*,-<>-~]/g, (c) => `+${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)

/** `\x{HEX}` for what is not plain; other characters over 127 may stand as they are. */
export function decodeUtf8Xtext(text: string): string | undefined {
  if (!/^(?:[!-*,-<>-[\]-~\u00a0-\u{10ffff}]|\\x\{[0-9A-F]{2,6}\})*$/u.test(text)) return undefined
  const bad = [...text.matchAll(/\\x\{([0-9A-F]{2,6})\}/g)].some((m) => !isScalar(Number.parseInt(m[1] ?? '', 16)))
  if (bad) return undefined
  return text.replace(/\\x\{([0-9A-F]{2,6})\}/g, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)))
}

/** Pure ASCII form of RFC 6533: everything over 127 becomes `\x{HEX}` too. */
export const encodeUtf8Xtext = (text: string): string =>
  [...text]
    .map((c) =>
      /^[!-*,-<>-[\]-~]$/.test(c) ? c : `\\x{${(c.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(2, '0')}}`,
    )
    .join('')

const isScalar = (point: number): boolean => point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff) && point > 0
