// SPDX-License-Identifier: Apache-2.0
/** Messages that `replace` and `enclose` make, RFC 5703 §5 and §6. Every other octet stays. */
import { createHash } from 'node:crypto'
import { encodeText } from '../../mime/encoded-word.ts'
import { field } from '../../mime/fields.ts'
import { fieldsOf, splitHeader } from '../../mime/header-text.ts'
import type { MimePart } from '../../mime/structure.ts'
import { encodeQuotedPrintable } from '../../mime/transfer-encoding.ts'
import type { SieveMessage } from '../message.ts'

/** Text as a part: its MIME fields, an empty line, its body. */
const textPart = (text: string): string =>
  field('Content-Type', 'text/plain; charset=utf-8') +
  field('Content-Transfer-Encoding', 'quoted-printable') +
  `\r\n${encodeQuotedPrintable(text)}\r\n`

/** What a script gives with `:mime`: a whole entity; of its header only MIME fields are taken. */
function entity(text: string): string {
  const { header, body } = splitHeader(Buffer.from(text))
  const fields = [...fieldsOf(header)].filter(({ name }) => /^content-/i.test(name))
  return `${fields.map(({ name, value }) => field(name, encodeText(value))).join('')}\r\n${body.toString()}`
}

const isMimeField = (lowerName: string): boolean => lowerName.startsWith('content-') || lowerName === 'mime-version'

export function replacedMessage(
  message: SieveMessage,
  text: string,
  mime: boolean,
  subject: string | undefined,
  from: string | undefined,
): Buffer {
  /** §5: what stood there before stays to be seen. */
  const kept = message.fields.flatMap(({ lowerName, raw, decoded }) => {
    if (isMimeField(lowerName)) return []
    if (lowerName === 'subject' && subject !== undefined)
      return Buffer.from(field('Original-Subject', encodeText(decoded)))
    if (lowerName === 'from' && from !== undefined) return Buffer.from(field('Original-From', encodeText(decoded)))
    return raw
  })
  const added =
    (subject === undefined ? '' : field('Subject', encodeText(subject))) +
    (from === undefined ? '' : field('From', encodeText(from))) +
    field('MIME-Version', '1.0')
  return Buffer.concat([...kept, Buffer.from(added + (mime ? entity(text) : textPart(text)))])
}

export const replacedPart = (message: SieveMessage, part: MimePart, text: string, mime: boolean): Buffer | undefined =>
  replacedPiece(message, part, Buffer.from(mime ? entity(text) : textPart(text)))

/** `undefined` for a part that is not a piece of the message's own octets: it stood in an encoded message. */
export function replacedPiece({ root, fields }: SieveMessage, part: MimePart, piece: Uint8Array): Buffer | undefined {
  const start = part.header.byteOffset - root.header.byteOffset
  const end = part.body.byteOffset + part.body.length - root.header.byteOffset
  const length = root.body.byteOffset + root.body.length - root.header.byteOffset
  // Small buffers share their memory: what is beside the message is none of it.
  if (part.header.buffer !== root.header.buffer || start < 0 || end > length) return undefined
  const bytes = Buffer.from(root.header.buffer, root.header.byteOffset, length)
  const rebuilt = Buffer.concat([bytes.subarray(0, start), piece, bytes.subarray(end)])
  const { body } = splitHeader(rebuilt)
  // The header as it stands, edits included.
  return Buffer.concat([...fields.map(({ raw }) => raw), Buffer.from('\r\n'), body])
}

export function enclosed(
  message: SieveMessage,
  text: string,
  subject: string | undefined,
  headers: readonly string[],
): Buffer {
  const content = message.bytes()
  const boundary = `=_${createHash('sha256').update(content).update(text).digest('hex').slice(0, 32)}`
  const wanted = new Set(['from', 'to', 'cc', 'date', 'message-id', ...headers.map((name) => name.toLowerCase())])
  const kept = message.fields.filter(({ lowerName }) => wanted.has(lowerName) && !isMimeField(lowerName))
  const oldSubject = message.fieldsNamed('subject')[0]?.decoded ?? ''
  const header =
    field('Subject', encodeText(subject ?? oldSubject)) +
    field('MIME-Version', '1.0') +
    field('Content-Type', `multipart/mixed; boundary="${boundary}"`)
  return Buffer.concat([
    ...kept.filter(({ lowerName }) => lowerName !== 'subject').map(({ raw }) => raw),
    Buffer.from(`${header}\r\n--${boundary}\r\n${textPart(text)}--${boundary}\r\n`),
    Buffer.from(`${field('Content-Type', 'message/rfc822')}\r\n`),
    content,
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ])
}
