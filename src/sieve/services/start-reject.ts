// SPDX-License-Identifier: Apache-2.0
/**
 * Carries out `reject` and `ereject` where no SMTP reply can be given any more: a delivery status notification goes to
 * the sender (RFC 5429 §2.1.2). Never to the null sender: there the refusal is silent.
 */

import { field, formatDate, formatMessageId } from '../../mime/fields.ts'
import { encodeQuotedPrintable } from '../../mime/transfer-encoding.ts'
import { type Action, isAction } from '../action.ts'
import { splitAddress } from '../envelope.ts'
import { startSending } from './send.ts'
import type { Execution, Started } from './services.ts'

export async function startReject(action: Action, execution: Execution): Promise<Started> {
  if (!isAction(action, 'reject') && !isAction(action, 'ereject')) return { kind: 'failed', error: 'not a refusal' }
  return startRefusal(action, action.args.reason, execution)
}

/** For plug-ins with refusals of their own. */
export async function startRefusal(action: Action, reason: string, execution: Execution): Promise<Started> {
  const { from = '' } = execution.envelope
  if (from === '') return { kind: 'skipped', reason: 'the sender is null' }
  const content = composeRefusal(reason, from, execution, headerOf(action))
  return startSending(execution, '', [{ address: from }], content)
}

/** RFC 3462 §2: the header of the message alone comes back, as it was received (RFC 5293 §7). */
const headerOf = ({ message }: Action): Buffer => Buffer.concat(message.original.fields.map(({ raw }) => raw))

function composeRefusal(reason: string, to: string, execution: Execution, header: Buffer): Buffer {
  const { now, unique, envelope, owner } = execution
  const recipient = envelope.to ?? owner[0] ?? ''
  const { domain } = splitAddress(recipient)
  const host = /^[A-Za-z0-9.-]+$/.test(domain) ? domain : 'localhost'
  const boundary = `=_refusal.${now}.${unique}`
  const part = (type: string, body: string): string => `--${boundary}\r\n${field('Content-Type', type)}${body}\r\n`
  const explanation = reason.replace(/\r?\n/g, '\r\n')
  return Buffer.concat([
    Buffer.from(
      field('Date', formatDate(now, 0)) +
        field('Message-ID', formatMessageId(`refusal.${now}.${unique}`, host)) +
        field('From', `Mail Delivery Subsystem <MAILER-DAEMON@${host}>`) +
        field('To', to.replace(/[\r\n\0]+/g, ' ')) +
        field('Subject', 'Your message was refused') +
        field('Auto-Submitted', 'auto-replied (rejected)') +
        field('MIME-Version', '1.0') +
        field('Content-Type', `multipart/report; report-type=delivery-status; boundary="${boundary}"`) +
        '\r\n' +
        part(
          'text/plain; charset=utf-8',
          `${field('Content-Transfer-Encoding', 'quoted-printable')}\r\n${encodeQuotedPrintable(
            `Your message was refused by its recipient:\r\n\r\n${explanation}`,
          )}`,
        ) +
        part(
          'message/delivery-status',
          `\r\n${field('Reporting-MTA', `dns; ${host}`)}\r\n` +
            field('Final-Recipient', `rfc822; ${recipient}`) +
            field('Action', 'failed') +
            field('Status', '5.7.1'),
        ) +
        `--${boundary}\r\n${field('Content-Type', 'text/rfc822-headers')}\r\n`,
    ),
    header,
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ])
}
