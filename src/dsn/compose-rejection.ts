// SPDX-License-Identifier: Apache-2.0
/**
 * Writes what `reject` sends back (RFC 5429 §2.2): a message disposition notification, RFC 8098, in the multipart/report
 * of RFC 6522, with the forms of RFC 6533 for other addresses than ASCII. Pure. The reason comes whole, as its author
 * wrote it; of the message the header alone comes back.
 */
import type { MailAddress } from '../address/address.ts'
import type { OriginalRecipient } from '../envelope/envelope.ts'
import { isEightBit } from '../mime/eight-bit.ts'
import { decodeWords, encodeText } from '../mime/encoded-word.ts'
import { addressField, field, formatDate, formatMessageId } from '../mime/fields.ts'
import { fieldsOf } from '../mime/header-text.ts'
import { encodeQuotedPrintable } from '../mime/transfer-encoding.ts'
import { diagnosticText, typedAddress } from './plain-text.ts'

export interface RejectionInput {
  /** Nobody else says the same: letters, digits and dots. */
  readonly unique: string
  readonly hostname: string
  readonly dateMs: number
  /** As for notices (notice-input.ts). */
  readonly boundary: string
  /** The envelope sender. */
  readonly to: MailAddress
  /** Whose script it was: who speaks (RFC 8098 §3). */
  readonly from: MailAddress
  readonly reason: string
  /** Who the message was for, RFC 8098 §3.2.3 and §3.2.4. */
  readonly recipient: { readonly address: MailAddress; readonly orcpt?: OriginalRecipient }
  /** Header of the message, whole lines with CRLF. */
  readonly header: Buffer
}

const ASCII = /^[ -~]*$/
/** Characters of the subject that are repeated. */
const MAX_SUBJECT = 200

/** The whole message, CRLF at its line ends. */
export function composeRejection(input: RejectionInput): Buffer {
  const { unique, hostname, dateMs, boundary, to, from, reason, recipient, header } = input
  const { address, orcpt } = recipient
  const global = ![to, address, orcpt?.address ?? ''].every((text) => ASCII.test(text))
  const prefix = global ? 'global-' : ''
  const eightBitHeader = isEightBit(header)
  const shown = shownOf(header)
  const delimiter = `\r\n--${boundary}\r\n`
  const top = [
    field('Date', formatDate(dateMs, 0)),
    addressField('From', [{ name: '', address: from }]),
    field('To', to),
    field('Subject', encodeText(`Rejected: ${shown.subject}`.trimEnd())),
    field('Message-ID', formatMessageId(`reject.${unique}`, hostname)),
    ...(shown.id === undefined ? [] : [field('In-Reply-To', shown.id), field('References', shown.id)]), // RFC 3834 §3.1.5
    field('Auto-Submitted', 'auto-replied (rejected)'),
    field('MIME-Version', '1.0'),
    field('Content-Type', `multipart/report; report-type=${prefix}disposition-notification; boundary="${boundary}"`),
    field('Content-Transfer-Encoding', eightBitHeader || global ? '8bit' : '7bit'),
  ]
  const words = `Your message was rejected by ${address}:\r\n\r\n${reason.replace(/\r\n|\r|\n/g, '\r\n')}\r\n\r\nIts header is attached.\r\n`
  const text = [
    field('Content-Type', 'text/plain; charset=utf-8'),
    field('Content-Transfer-Encoding', 'quoted-printable'),
    `\r\n${encodeQuotedPrintable(words)}`,
  ]
  const disposition = [
    field('Content-Type', `message/${prefix}disposition-notification`),
    field('Content-Transfer-Encoding', global ? '8bit' : '7bit'),
    '\r\n',
    field('Reporting-UA', `${hostname}; Postern`),
    ...(orcpt === undefined ? [] : [field('Original-Recipient', typedAddress(orcpt, global))]),
    field('Final-Recipient', typedAddress({ type: 'rfc822', address }, global)),
    ...(shown.id === undefined ? [] : [field('Original-Message-ID', shown.id)]),
    // RFC 5429 §2.2, RFC 8098 §3.2.6
    field('Disposition', 'automatic-action/MDN-sent-automatically; deleted'),
  ]
  const original = [
    field('Content-Type', eightBitHeader ? 'message/global-headers' : 'text/rfc822-headers'),
    field('Content-Transfer-Encoding', eightBitHeader ? '8bit' : '7bit'),
    '\r\n',
  ]
  const before = [top, text, disposition, original].map((lines) => lines.join('')).join(delimiter)
  return Buffer.concat([Buffer.from(before), header, Buffer.from(`\r\n--${boundary}--\r\n`)])
}

/** What the report repeats of the message. */
function shownOf(header: Buffer): { readonly subject: string; readonly id?: string } {
  let subject: string | undefined
  let id: string | undefined
  for (const { name, value } of fieldsOf(header)) {
    const lower = name.toLowerCase()
    if (lower === 'subject') subject ??= diagnosticText(decodeWords(value), true).slice(0, MAX_SUBJECT).toWellFormed()
    if (lower === 'message-id' && /^<[!-;=?-~]{1,200}>$/.test(value)) id ??= value
  }
  return { subject: subject ?? '', ...(id === undefined ? {} : { id }) }
}
