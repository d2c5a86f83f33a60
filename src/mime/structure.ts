// SPDX-License-Identifier: Apache-2.0
/**
 * The parts of a message in memory, RFC 2046 §5.1 and RFC 2045: where each begins and ends, and its header. Bodies are
 * views of the message's octets; nothing is decoded before it is asked for. Tolerant and bounded: what nests too deep or
 * has too many parts is one part without children. Work is linear in the octets: see MAX_SCANS.
 */
import { type ContentType, parseContentType } from './content-type.ts'
import { decodeBytes, headerText } from './encoded-word.ts'
import { fieldsOf, type HeaderField, splitHeader } from './header-text.ts'
import { decodeTransferEncoding } from './transfer-encoding.ts'

/** Parts of one message, and how deep they nest. */
export const STRUCTURE_LIMITS = { parts: 1000, depth: 100 }

/** Every nested multipart is searched for its own boundary; all searches together read the message so many times. */
const MAX_SCANS = 16

const DEFAULT_TYPE: ContentType = { type: 'text/plain', parameters: new Map() } // RFC 2045 §5.2
const DIGEST_TYPE: ContentType = { type: 'message/rfc822', parameters: new Map() } // RFC 2046 §5.1.5

export interface MimePart {
  /** Header lines, without the empty line behind them. */
  readonly header: Buffer
  readonly fields: readonly HeaderField[]
  readonly contentType: ContentType
  /** As it stands in the message. Of a multipart: everything behind its header. */
  readonly body: Buffer
  /** Parts of a multipart; of message/rfc822 the one message within. */
  readonly children: readonly MimePart[]
  /** Of a multipart: what stands before the first and behind the last part. */
  readonly prologue?: Buffer
  readonly epilogue?: Buffer
}

interface Work {
  parts: number
  octets: number
}

/** The message as a tree of parts. */
export function parseStructure(message: Uint8Array, limits = STRUCTURE_LIMITS): MimePart {
  return entity(message, DEFAULT_TYPE, 0, { parts: 1, octets: message.length * MAX_SCANS }, limits)
}

function entity(
  bytes: Uint8Array,
  byDefault: ContentType,
  depth: number,
  work: Work,
  limits: typeof STRUCTURE_LIMITS,
): MimePart {
  const { header, body } = splitHeader(bytes)
  const fields = [...fieldsOf(header)]
  const typeField = fields.find(({ name }) => name.toLowerCase() === 'content-type')
  const contentType = typeField === undefined ? byDefault : readType(typeField.value)
  const leaf = { header, fields, contentType, body }
  if (depth >= limits.depth) return { ...leaf, children: [] }
  if (contentType.type === 'message/rfc822' || contentType.type === 'message/global') {
    if (work.parts >= limits.parts) return { ...leaf, children: [] }
    work.parts++
    // RFC 2046 §5.2.1 forbids encodings here; RFC 6532 §3.7 allows them.
    const encoding = transferEncoding(fields)
    const inner = encoding === '' ? body : Buffer.from(decodeTransferEncoding(body, encoding))
    work.octets -= inner.length
    if (work.octets < 0) return { ...leaf, children: [] }
    return { ...leaf, children: [entity(inner, DEFAULT_TYPE, depth + 1, work, limits)] }
  }
  const boundary = contentType.parameters.get('boundary')
  if (!contentType.type.startsWith('multipart/') || boundary === undefined || boundary === '')
    return { ...leaf, children: [] }
  work.octets -= body.length
  if (work.octets < 0) return { ...leaf, children: [] }
  const childType = contentType.type === 'multipart/digest' ? DIGEST_TYPE : DEFAULT_TYPE
  const cut = splitMultipart(body, boundary, limits.parts - work.parts)
  work.parts += cut.pieces.length
  const children = cut.pieces.map((piece) => entity(piece, childType, depth + 1, work, limits))
  return { ...leaf, children, prologue: cut.prologue, epilogue: cut.epilogue }
}

/** A Content-Type that cannot be read is text/plain, RFC 2045 §5.2. */
function readType(value: string): ContentType {
  const parsed = parseContentType(value.replace(/\([^()]*\)/g, ''))
  return /^[^/\s]+\/[^/\s]+$/.test(parsed.type) ? parsed : { type: 'text/plain', parameters: parsed.parameters }
}

interface Cut {
  readonly pieces: readonly Buffer[]
  readonly prologue: Buffer
  readonly epilogue: Buffer
}

/** RFC 2046 §5.1.1: delimiter := CRLF "--" boundary; the line end before it belongs to it. */
function splitMultipart(body: Buffer, boundary: string, most: number): Cut {
  const mark = Buffer.from(`--${boundary}`, 'utf8')
  const pieces: Buffer[] = []
  let prologue = body
  let start = -1
  for (let at = body.indexOf(mark); at >= 0; at = body.indexOf(mark, at + 1)) {
    if (at > 0 && body[at - 1] !== 0x0a) continue
    const after = at + mark.length
    const closing = body[after] === 0x2d && body[after + 1] === 0x2d
    const lf = body.indexOf(0x0a, after)
    const lineEnd = lf < 0 ? body.length : lf + 1
    const padding = body.toString('latin1', closing ? after + 2 : after, lineEnd)
    if (!/^[ \t]*\r?\n?$/.test(padding)) continue // a longer boundary that begins alike
    const end = lineEndBefore(body, at)
    if (start < 0) prologue = body.subarray(0, end)
    else if (pieces.length < most) pieces.push(body.subarray(start, Math.max(start, end)))
    start = lineEnd
    if (closing) return { pieces, prologue, epilogue: body.subarray(lineEnd) }
  }
  // A closing delimiter that is missing: the last part goes to the end.
  if (start >= 0 && pieces.length < most) pieces.push(body.subarray(start))
  return { pieces, prologue, epilogue: body.subarray(body.length) }
}

const lineEndBefore = (body: Buffer, at: number): number =>
  body[at - 1] !== 0x0a ? at : body[at - 2] === 0x0d ? at - 2 : at - 1

const transferEncoding = (fields: readonly HeaderField[]): string =>
  fields.find(({ name }) => name.toLowerCase() === 'content-transfer-encoding')?.value ?? ''

/** The octets of a part that has no children, transfer encoding undone. */
export const decodedBody = ({ body, fields }: MimePart): Uint8Array =>
  decodeTransferEncoding(body, transferEncoding(fields))

/** The text of a part: transfer encoding and charset undone. A charset nobody knows is read as UTF-8 or windows-1252. */
export function decodedText(part: MimePart): string {
  const bytes = decodedBody(part)
  const charset = part.contentType.parameters.get('charset')?.toLowerCase()
  if (charset === undefined || charset === 'us-ascii' || charset === 'utf-8') return headerText(bytes)
  return decodeBytes(bytes, charset) ?? headerText(bytes)
}
