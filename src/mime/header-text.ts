// SPDX-License-Identifier: Apache-2.0
/**
 * Reads the header of a message: its octets from a stream, and its fields from those octets. RFC 5322 §2.2; octets
 * over 127 as RFC 6532 has them. Tolerant: lines that are no fields are passed over.
 */
import { unfolded } from './encoded-word.ts'
import { fieldNameLength, isContinuation, isEmptyLine } from './header-line.ts'

const LF = 0x0a

/**
 * The header octets of this content, without the empty line: whole lines, at most `maxBytes`. Where a header ends is
 * the same as for ContentScanner. Reads no further than it must.
 */
export async function readHeader(content: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Buffer> {
  const header: Buffer[] = []
  let size = 0
  let rest: Buffer[] = []
  let restSize = 0
  let fieldOpen = false
  const take = (line: Buffer): boolean => {
    if (isEmptyLine(line) || size + line.length > maxBytes) return false
    if (!(fieldOpen && isContinuation(line)) && fieldNameLength(line) === 0) return false
    fieldOpen = true
    header.push(line)
    size += line.length
    return true
  }
  for await (const slice of content) {
    const bytes = Buffer.from(slice) // kept, so copied
    let at = 0
    for (let lf = bytes.indexOf(LF); lf >= 0; lf = bytes.indexOf(LF, at)) {
      const piece = bytes.subarray(at, lf + 1)
      const line = rest.length === 0 ? piece : Buffer.concat([...rest, piece])
      rest = []
      restSize = 0
      at = lf + 1
      if (!take(line)) return Buffer.concat(header)
    }
    if (at < bytes.length) {
      rest.push(bytes.subarray(at))
      restSize += bytes.length - at
    }
    if (size + restSize > maxBytes) return Buffer.concat(header)
  }
  if (restSize > 0) take(Buffer.concat(rest))
  return Buffer.concat(header)
}

export interface HeaderField {
  /** As written; compare without regard to case. */
  readonly name: string
  /** Its lines as they stand, line ends included. */
  readonly raw: Buffer
  /** Unfolded, without white space at the ends; encoded words stand as they are. */
  readonly value: string
}

/** The fields of a header, in order, up to the empty line. */
export function* fieldsOf(header: Uint8Array): Iterable<HeaderField> {
  const bytes = Buffer.from(header.buffer, header.byteOffset, header.byteLength)
  let start = -1
  let nameLength = 0
  for (let at = 0; at <= bytes.length; ) {
    const lf = bytes.indexOf(LF, at)
    const end = lf < 0 ? bytes.length : lf + 1
    const line = bytes.subarray(at, end)
    const over = at === bytes.length || isEmptyLine(line)
    if (over || !isContinuation(line)) {
      if (start >= 0) yield fieldAt(bytes.subarray(start, at), nameLength)
      if (over) return
      nameLength = fieldNameLength(line)
      start = nameLength > 0 ? at : -1
    }
    at = end
  }
}

function fieldAt(raw: Buffer, nameLength: number): HeaderField {
  return { name: raw.toString('latin1', 0, nameLength), raw, value: unfolded(raw.subarray(raw.indexOf(0x3a) + 1)) }
}

/** An entity in memory, cut where its header ends; the empty line belongs to neither part. */
export function splitHeader(entity: Uint8Array): { readonly header: Buffer; readonly body: Buffer } {
  const bytes = Buffer.from(entity.buffer, entity.byteOffset, entity.byteLength)
  let fieldOpen = false
  for (let at = 0; at < bytes.length; ) {
    const lf = bytes.indexOf(LF, at)
    const end = lf < 0 ? bytes.length : lf + 1
    const line = bytes.subarray(at, end)
    if (isEmptyLine(line)) return { header: bytes.subarray(0, at), body: bytes.subarray(end) }
    if (!(fieldOpen && isContinuation(line)) && fieldNameLength(line) === 0)
      return { header: bytes.subarray(0, at), body: bytes.subarray(at) }
    fieldOpen = true
    at = end
  }
  return { header: bytes, body: bytes.subarray(bytes.length) }
}
