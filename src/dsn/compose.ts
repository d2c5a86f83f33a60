// SPDX-License-Identifier: Apache-2.0
/**
 * Writes delivery status notifications: RFC 3464 in the multipart/report of RFC 6522, with the forms of RFC 6533 for
 * internationalised mail. Pure: the original is not held here; the caller streams it between `before` and `after`.
 * Whether one is due is parameters.ts, the words for people are human-text.ts.
 */
import { addressField, field, formatDate, formatMessageId } from '../mime/fields.ts'
import { encodeQuotedPrintable } from '../mime/transfer-encoding.ts'
import { humanText, subjectLine } from './human-text.ts'
import type { Notice, NoticeInput, NoticeRecipient } from './notice-input.ts'
import { diagnosticText, typedAddress } from './plain-text.ts'

const ASCII = /^[ -~]*$/

export function composeNotice(input: NoticeInput): Notice {
  const { original, boundary, recipients } = input
  if (!/^[A-Za-z0-9]{16,60}$/.test(boundary))
    throw new RangeError('a boundary needs 16 to 60 random letters and digits')
  // RFC 6533 §3: the global forms only where an address or the original needs them; all readers know the others.
  const global =
    original.smtputf8 ||
    !ASCII.test(input.to) ||
    recipients.some(({ address, given, orcpt }) => ![address, given, orcpt?.address ?? ''].every((t) => ASCII.test(t)))
  const prefix = global ? 'global-' : ''
  const text = humanText(input)
  const status = statusPart(input, global)
  const eightBit = original.eightBit || !isAscii(status) || !ASCII.test(input.to)
  // Words alone do not make a notice need 8BITMIME: what cannot be sent on would be lost, for nobody gets it back.
  const textEncoding = isAscii(text) ? '7bit' : eightBit ? '8bit' : 'quoted-printable'
  const encoding = (part: boolean): string => field('Content-Transfer-Encoding', part ? '8bit' : '7bit')
  const header = [
    field('Date', formatDate(input.dateMs, input.offsetMinutes ?? 0)),
    // RFC 3464 §2: the address of a person who is responsible.
    addressField('From', [{ name: 'Mail Delivery System', address: `postmaster@${input.hostname}` }]),
    field('To', input.to),
    field('Subject', subjectLine(input)),
    field('Message-ID', formatMessageId(input.id, input.hostname)),
    ...threading(original.messageId),
    field('Auto-Submitted', 'auto-replied'), // RFC 3834 §5: and so nobody's vacation answers it
    field('MIME-Version', '1.0'),
    // RFC 6522 §3: report-type is the subtype of the second part.
    field('Content-Type', `multipart/report; report-type=${prefix}delivery-status; boundary="${boundary}"`),
    encoding(eightBit),
  ].join('')
  const textPart = `${field('Content-Type', `text/plain; charset=${isAscii(text) ? 'us-ascii' : 'utf-8'}`)}${field(
    'Content-Description',
    'What happened, in words',
  )}${field('Content-Transfer-Encoding', textEncoding)}\r\n${textEncoding === 'quoted-printable' ? encodeQuotedPrintable(text) : text}`
  const reportPart = `${field('Content-Type', `message/${prefix}delivery-status`)}${field(
    'Content-Description',
    'What happened, for programs',
  )}${encoding(!isAscii(status))}\r\n${status}`
  const originalPart = `${field('Content-Type', originalType(original.returned, global))}${field(
    'Content-Description',
    original.returned === 'full' ? 'Your message' : 'The header of your message',
  )}${encoding(original.eightBit)}\r\n`
  const delimiter = `\r\n--${boundary}\r\n`
  return {
    before: [header, textPart, reportPart, originalPart].join(delimiter),
    original: original.returned,
    after: `\r\n--${boundary}--\r\n`,
    eightBit,
    smtputf8: !ASCII.test(input.to),
  }
}

const isAscii = (text: string): boolean => Buffer.byteLength(text) === text.length

/** RFC 6522 §3 and §4; RFC 6533 §4 for the global forms. */
const originalType = (returned: 'full' | 'headers', global: boolean): string =>
  returned === 'full'
    ? `message/${global ? 'global' : 'rfc822'}`
    : global
      ? 'message/global-headers'
      : 'text/rfc822-headers'

/** RFC 3834 §3.1.5: the answer names the message it answers. */
function threading(messageId: string | undefined): string[] {
  if (messageId === undefined || !/^<[!-;=?-~]{1,200}>$/.test(messageId)) return []
  return [field('In-Reply-To', messageId), field('References', messageId)]
}

/** The second part: one group of fields about the message, one for each recipient. RFC 3464 §2.1. */
function statusPart(input: NoticeInput, global: boolean): string {
  const { original, recipients } = input
  const date = (ms: number): string => formatDate(ms, input.offsetMinutes ?? 0)
  const perMessage = [
    ...(original.envid === undefined ? [] : [field('Original-Envelope-Id', diagnosticText(original.envid, false))]), // §2.2.1
    field('Reporting-MTA', `dns; ${input.hostname}`), // §2.2.2
    field('Arrival-Date', date(original.arrivedMs)), // §2.2.5
  ]
  const perRecipient = recipients.map((recipient) => [
    ...(recipient.orcpt === undefined ? [] : [field('Original-Recipient', typedAddress(recipient.orcpt, global))]), // §2.3.1
    field('Final-Recipient', typedAddress({ type: 'rfc822', address: recipient.address }, global)), // §2.3.2
    field('Action', recipient.action), // §2.3.3
    field('Status', statusCode(recipient)), // §2.3.4
    ...remoteFields(recipient, global),
    ...(recipient.lastAttemptMs === undefined ? [] : [field('Last-Attempt-Date', date(recipient.lastAttemptMs))]), // §2.3.7
    ...(recipient.action !== 'delayed' || recipient.willRetryUntilMs === undefined
      ? []
      : [field('Will-Retry-Until', date(recipient.willRetryUntilMs))]), // §2.3.9
  ])
  return [perMessage, ...perRecipient].map((group) => group.join('')).join('\r\n')
}

/** §2.3.5 and §2.3.6 */
function remoteFields({ remote, reason, action }: NoticeRecipient, global: boolean): string[] {
  const name = remote?.mta ?? (remote?.address === undefined ? undefined : `[${remote.address}]`)
  const mta = name === undefined ? [] : [field('Remote-MTA', `dns; ${diagnosticText(name, false)}`)]
  if (remote?.reply !== undefined)
    return [...mta, field('Diagnostic-Code', `smtp; ${diagnosticText(remote.reply, global)}`)]
  if (reason === undefined || action === 'delivered' || action === 'expanded') return mta
  // The type says that these words are ours, not an SMTP reply.
  return [...mta, field('Diagnostic-Code', `x-postern; ${diagnosticText(reason, global)}`)]
}

const FALLBACK = { failed: '5.0.0', delayed: '4.0.0', delivered: '2.0.0', relayed: '2.0.0', expanded: '2.0.0' } as const

/** RFC 3463 §2: status-code = ("2"/"4"/"5") "." 1*3digit "." 1*3digit */
const statusCode = ({ status, action }: NoticeRecipient): string =>
  /^[245]\.\d{1,3}\.\d{1,3}$/.test(status) ? status : FALLBACK[action]
