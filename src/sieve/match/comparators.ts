// SPDX-License-Identifier: Apache-2.0
/** Comparators of RFC 4790 and RFC 5051. */
import type { ComparatorDef } from '../plugin.ts'
import { isAscii } from '../text.ts'

/** In the order of octets of UTF-8, which is that of code points. */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let at = 0; at < length; at++) {
    const x = a.charCodeAt(at)
    const y = b.charCodeAt(at)
    if (x === y) continue
    // Halves of pairs stand for code points above all others.
    const fix = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit)
    return fix(x) - fix(y)
  }
  return a.length - b.length
}

/** RFC 4790 §9.3 */
export const OCTET: ComparatorDef = {
  name: 'i;octet',
  fold: (text) => text,
  compare: compareCodePoints,
  substring: true,
  unit: 'octet',
}

/** RFC 4790 §9.2: letters of ASCII in upper case, all else as it is. */
export const ASCII_CASEMAP: ComparatorDef = {
  name: 'i;ascii-casemap',
  fold: (text) => (isAscii(text) ? text.toUpperCase() : text.replace(/[a-z]+/g, (letters) => letters.toUpperCase())),
  compare: compareCodePoints,
  substring: true,
  unit: 'octet',
}

/** RFC 4790 §9.1: what begins with no digit is positive infinity; those are equal to each other. */
const INFINITY = ''

export const ASCII_NUMERIC: ComparatorDef = {
  name: 'i;ascii-numeric',
  fold: (text) => {
    const digits = /^[0-9]+/.exec(text)?.[0]
    return digits === undefined ? INFINITY : digits.replace(/^0+(?=[0-9])/, '')
  },
  // Numbers of any size, without rounding.
  compare: (a, b) => {
    if (a === b) return 0
    if (a === INFINITY) return 1
    if (b === INFINITY) return -1
    return a.length - b.length || (a < b ? -1 : 1)
  },
  substring: false,
  unit: 'octet',
}

/**
 * RFC 5051: each character in titlecase, then decomposed. JavaScript has no titlecase; upper case differs for a few
 * ligatures and digraphs, which come out as two letters and so still equal in every case.
 */
export const UNICODE_CASEMAP: ComparatorDef = {
  name: 'i;unicode-casemap',
  fold: (text) => (isAscii(text) ? text.toUpperCase() : text.toUpperCase().normalize('NFKD')),
  compare: compareCodePoints,
  substring: true,
  unit: 'character',
}
