// SPDX-License-Identifier: Apache-2.0
/**
 * The reply of autoreply mode `echo`: with the message it answers (spec filters.md 10), whole where it is small, else its
 * header (RFC 6522 §4). What the reply was becomes the first part of a multipart/mixed (RFC 2046 §5.1.3).
 */
import { isEightBit } from '../../mime/eight-bit.ts'
import { field } from '../../mime/fields.ts'
import { fieldsOf, readHeader, splitHeader } from '../../mime/header-text.ts'
import { safeLines } from '../../smtp/safe-lines.ts'
import { MAX_RETURNED_HEADER } from '../notice.ts'
import { beginningOf, type Content } from './copies.ts'

/**
 * @param original as it is delivered @param most octets of a message that goes along whole
 * @param boundary nobody can foretell it
 */
export async function withOriginal(reply: Buffer, original: Content, most: number, boundary: string): Promise<Buffer> {
  const { header, body } = splitHeader(reply)
  const fields = [...fieldsOf(header)].filter(({ name }) => !/^mime-version$/i.test(name))
  const raw = (ofPart: boolean): Buffer =>
    Buffer.concat(fields.filter(({ name }) => /^content-/i.test(name) === ofPart).map((each) => each.raw))
  // It goes wherever the sender is: over DATA too, whatever brought it here.
  const safe = { size: original.size, content: () => safeLines(original.content()) }
  const top = await readHeader(safe.content(), MAX_RETURNED_HEADER)
  const whole = original.size <= most
  // Line ends that were not CRLF are longer now.
  const echoed = whole ? await beginningOf(safe, 2 * most) : top
  const type = !whole ? 'text/rfc822-headers' : isEightBit(top) ? 'message/global' : 'message/rfc822'
  const encoding = (eightBit: boolean): string => field('Content-Transfer-Encoding', eightBit ? '8bit' : '7bit')
  return Buffer.concat([
    raw(false),
    Buffer.from(
      field('MIME-Version', '1.0') +
        field('Content-Type', `multipart/mixed; boundary="${boundary}"`) +
        `${encoding(isEightBit(body) || isEightBit(echoed))}\r\n--${boundary}\r\n`,
    ),
    raw(true),
    Buffer.from('\r\n'),
    body,
    Buffer.from(`\r\n--${boundary}\r\n${field('Content-Type', type)}${encoding(isEightBit(echoed))}\r\n`),
    echoed,
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ])
}
