// SPDX-License-Identifier: Apache-2.0
/**
 * Content-Transfer-Encoding, RFC 2045 §6: undone, and quoted-printable made. Undoing is tolerant: what is not encoded
 * rightly stays as it is.
 */

/** The octets meant; for `7bit`, `8bit`, `binary` and what nobody knows, the octets given. */
export function decodeTransferEncoding(bytes: Uint8Array, encoding: string): Uint8Array {
  switch (encoding.trim().toLowerCase()) {
    case 'base64':
      return Buffer.from(Buffer.from(bytes).toString('latin1'), 'base64')
    case 'quoted-printable':
      return fromQuotedPrintable(bytes)
    default:
      return bytes
  }
}

/** §6.7 */
function fromQuotedPrintable(bytes: Uint8Array): Uint8Array {
  const out = Buffer.alloc(bytes.length)
  let to = 0
  for (let at = 0; at < bytes.length; at++) {
    const octet = bytes[at] ?? 0
    if (octet === 0x3d) {
      const soft = softBreak(bytes, at + 1)
      if (soft > 0) {
        at += soft
        continue
      }
      const hex = String.fromCharCode(bytes[at + 1] ?? 0, bytes[at + 2] ?? 0)
      if (/^[0-9A-Fa-f]{2}$/.test(hex)) {
        out[to++] = Number.parseInt(hex, 16)
        at += 2
        continue
      }
    }
    out[to++] = octet
  }
  return out.subarray(0, to)
}

/** Octets of the line end behind `=`, white space before it included; 0 when there is none within a line's length. */
function softBreak(bytes: Uint8Array, from: number): number {
  let at = from
  while (at - from < 76 && (bytes[at] === 0x20 || bytes[at] === 0x09)) at++
  if (bytes[at] === 0x0d && bytes[at + 1] === 0x0a) return at + 2 - from
  return bytes[at] === 0x0a ? at + 1 - from : 0
}

/** RFC 2045 §6.7 (5): lines of at most 76 characters, the `=` of a soft line break counted. */
const QP_LINE = 76

/** Text with CRLF line ends as quoted-printable, in UTF-8. */
export const encodeQuotedPrintable = (text: string): string => text.split('\r\n').map(quoteLine).join('\r\n')

function quoteLine(text: string): string {
  const bytes = Buffer.from(text)
  let out = ''
  let column = 0
  bytes.forEach((octet, i) => {
    const last = i === bytes.length - 1
    // (3): white space at the end of a line is encoded; (2): the rest of what prints stands for itself.
    const plain = (octet > 0x20 && octet < 0x7f && octet !== 0x3d) || (octet === 0x20 && !last)
    const piece = plain ? String.fromCharCode(octet) : `=${octet.toString(16).toUpperCase().padStart(2, '0')}`
    if (column + piece.length > (last ? QP_LINE : QP_LINE - 1)) {
      out += '=\r\n'
      column = 0
    }
    out += piece
    column += piece.length
  })
  return out
}
