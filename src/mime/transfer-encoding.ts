// SPDX-License-Identifier: Apache-2.0
/** Undoes a Content-Transfer-Encoding, RFC 2045 §6. Tolerant: what is not encoded rightly stays as it is. */

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
