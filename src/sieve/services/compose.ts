// SPDX-License-Identifier: Apache-2.0
/**
 * The messages that filters write: replies (RFC 5230 §5), notifications (RFC 5436 §2) and refusals (RFC 5429 §2.1). Every
 * field goes through `field`, so that no text of a script or a message can add one.
 */
import { encodeText } from '../../mime/encoded-word.ts'
import { field, formatDate, formatMessageId } from '../../mime/fields.ts'
import { fieldsOf, splitHeader } from '../../mime/header-text.ts'
import { encodeQuotedPrintable } from '../../mime/transfer-encoding.ts'
import type { VacationArgs } from '../action.ts'
import { splitAddress } from '../envelope.ts'
import type { Mailto } from '../extensions/mailto.ts'
import type { SieveMessage } from '../message.ts'
import type { Execution } from './services.ts'

/** Message-IDs kept in References; RFC 5322 sets no bound, a header does. */
const MAX_REFERENCES = 20

const line = (text: string): string => encodeText(text.replace(/[\r\n\0]+/g, ' '))

/** Date and Message-ID of a message of this owner. */
function ours({ now, unique, owner, envelope }: Execution, what: string): string {
  const address = owner[0] ?? envelope.to ?? ''
  const { domain } = splitAddress(address)
  const host = /^[A-Za-z0-9.-]+$/.test(domain) ? domain : 'localhost'
  return field('Date', formatDate(now, 0)) + field('Message-ID', formatMessageId(`${what}.${now}.${unique}`, host))
}

const mailboxText = (text: string): string => text.replace(/[\r\n\0]+/g, ' ').trim()

const text = (body: string): string =>
  `${field('MIME-Version', '1.0')}${field('Content-Type', 'text/plain; charset=utf-8')}${field(
    'Content-Transfer-Encoding',
    'quoted-printable',
  )}\r\n${encodeQuotedPrintable(body.replace(/\r?\n/g, '\r\n').replace(/(?<!\n)$/, '\r\n'))}`

/** RFC 5230 §5.8: what the reply answers. */
function threading(message: SieveMessage): string {
  const id = message.fieldsNamed('message-id')[0]?.value
  if (id === undefined || !/^<[^<>\s]{1,250}>$/.test(id)) return ''
  const before = message.fieldsNamed('references')[0]?.value ?? message.fieldsNamed('in-reply-to')[0]?.value ?? ''
  const ids = (before.slice(0, 20_000).match(/<[^<>\s]{1,250}>/g) ?? []).filter((known) => known !== id)
  const first = ids.length > MAX_REFERENCES ? [ids[0] ?? '', ...ids.slice(1 - MAX_REFERENCES)] : ids
  return field('In-Reply-To', id) + field('References', [...first, id].join(' '))
}

/** RFC 5230 §5. With `:mime` the reason is an entity; of its header MIME fields alone are taken. */
export function composeVacation(args: VacationArgs, message: SieveMessage, execution: Execution): Buffer {
  const from = args.from ?? execution.owner[0] ?? execution.envelope.to ?? ''
  const original = message.fieldsNamed('subject')[0]?.decoded
  // §5.3
  const subject = args.subject ?? (original === undefined ? 'Automated reply' : `Auto: ${original}`)
  const header =
    ours(execution, 'vacation') +
    field('From', mailboxText(from)) +
    field('To', mailboxText(args.to)) +
    field('Subject', line(subject)) +
    threading(message) +
    field('Auto-Submitted', 'auto-replied (vacation)') // §5.6, RFC 3834
  return Buffer.from(header + (args.mime ? mimeEntity(args.reason) : text(args.reason)))
}

function mimeEntity(reason: string): string {
  const { header, body } = splitHeader(Buffer.from(reason))
  const fields = [...fieldsOf(header)].filter(({ name }) => /^content-/i.test(name))
  const typed = fields.map(({ name, value }) => field(name, encodeText(value))).join('')
  return `${field('MIME-Version', '1.0')}${typed}\r\n${body.toString()}`
}

export interface NotificationText {
  readonly from?: string
  readonly importance: '1' | '2' | '3'
  readonly message?: string
}

const PRIORITY = { '1': '1 (High)', '2': '3 (Normal)', '3': '5 (Low)' } as const

/** RFC 5436 §2. */
export function composeNotification(
  { from, importance, message: said }: NotificationText,
  mailto: Mailto,
  message: SieveMessage,
  execution: Execution,
): Buffer {
  const owner = execution.owner[0] ?? execution.envelope.to ?? ''
  const original = message.fieldsNamed('subject')[0]?.decoded ?? ''
  // §2.7
  const summary = said ?? mailto.subject ?? original
  // §2.7: Received fields of the message tell of loops through others.
  const header =
    ours(execution, 'notify') +
    field('From', mailboxText(from ?? owner)) +
    field('To', mailto.to.join(', ') || 'undisclosed-recipients:;') +
    (mailto.cc.length === 0 ? '' : field('Cc', mailto.cc.join(', '))) +
    field('Subject', line(summary)) +
    mailto.fields.map(([name, value]) => field(titled(name), line(value))).join('') +
    field('X-Priority', PRIORITY[importance]) +
    field('Auto-Submitted', `auto-notified; owner-email="${owner.replace(/["\\\r\n\0]/g, '')}"`) // RFC 5436 §2.7.1
  const sender = message.fieldsNamed('from')[0]?.decoded ?? execution.envelope.from ?? ''
  return Buffer.from(header + text(mailto.body ?? `From: ${sender}\r\nSubject: ${original}\r\n`))
}

const titled = (name: string): string => name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase())
