// SPDX-License-Identifier: Apache-2.0
/**
 * Texts and octets. Strings of the language are octets in UTF-8; here they are strings of JavaScript. Octets that are no
 * UTF-8 (`${hex: ff}` makes them) become lone surrogates U+DC80 to U+DCFF, which no text has, and go back the same way.
 */

const STRAY = 0xdc00

export const isAscii = (text: string): boolean => !/[^\x00-\x7f]/.test(text)

export function octetsToText(octets: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets)
  } catch {
    return strayToText(octets)
  }
}

function strayToText(octets: Uint8Array): string {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let out = ''
  for (let at = 0; at < octets.length; ) {
    const length = sequenceLength(octets[at] ?? 0)
    try {
      out += decoder.decode(octets.subarray(at, at + length))
      at += length
    } catch {
      out += String.fromCharCode(STRAY + (octets[at] ?? 0))
      at++
    }
  }
  return out
}

const sequenceLength = (octet: number): number => (octet < 0xc0 ? 1 : octet < 0xe0 ? 2 : octet < 0xf0 ? 3 : 4)

export function textToOctets(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text)
  const pieces: Buffer[] = []
  for (const character of text) {
    const code = character.charCodeAt(0)
    pieces.push(
      character.length === 1 && code >= STRAY + 0x80 && code <= STRAY + 0xff
        ? Buffer.from([code - STRAY])
        : Buffer.from(character),
    )
  }
  return Buffer.concat(pieces)
}

/** The text in at most so many octets, cut at a character. */
export function cutOctets(text: string, most: number): string {
  if (text.length * 3 <= most || Buffer.byteLength(text) <= most) return text
  let octets = 0
  let at = 0
  for (const character of text) {
    octets += Buffer.byteLength(character)
    if (octets > most) break
    at += character.length
  }
  return text.slice(0, at)
}

/** In one line, for logs and diagnostics, whatever a script or a message put into it. */
export const oneLine = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, '?')

/** Texts in a trace. */
export const shown = (text: string): string => (text.length > 200 ? `${text.slice(0, 200).toWellFormed()}…` : text)
