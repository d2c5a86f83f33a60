// SPDX-License-Identifier: Apache-2.0
/**
 * Delivery status notifications of others, and ours. Properties:
 * - any octets are a report or none; nothing is thrown; the bounds of parse.ts hold;
 * - the status codes and actions that come out are of the closed sets;
 * - a notice composed of any texts is read back as a report with the same recipients, actions and status codes.
 */
import assert from 'node:assert/strict'
import type { MailAddress } from '../../../src/address/address.ts'
import { parseAddress } from '../../../src/address/path.ts'
import { composeNotice } from '../../../src/dsn/compose.ts'
import { type DeliveryStatus, parseDeliveryStatus, parseReport } from '../../../src/dsn/parse.ts'
import { notices as golden } from '../corpus.ts'
import { any, chars, LETTERS, many, maybe, NUMBERS, OBJECT_NAMES, octets, repeated, seq, utf8 } from '../grammar.ts'
import { type Target, textOf } from '../target.ts'
import { CONTENT_TYPE } from './contents.ts'
import { HEADER, NEWLINE } from './headers.ts'

const statusField = seq(
  any(
    'Reporting-MTA',
    'Original-Envelope-Id',
    'Final-Recipient',
    'Original-Recipient',
    'Action',
    'Status',
    'Remote-MTA',
    'Diagnostic-Code',
    'Will-Retry-Until',
    OBJECT_NAMES,
  ),
  any(':', ': ', ''),
  any(
    seq(
      any('rfc822', 'utf-8', 'dns', 'smtp', ''),
      ';',
      any('a@b', '\\x{FC}@x', '\\x{D800}', '\\x{FFFFFF}', octets(0, 9)),
    ),
    any('failed', 'Delayed (x)', 'delivered', 'relayed', 'expanded', 'x'),
    seq(any('2', '4', '5', '9'), '.', NUMBERS, '.', NUMBERS),
    chars(LETTERS, 0, 30),
    utf8('grüße'),
    repeated('x', 5000),
  ),
  many(seq('\r\n ', chars(LETTERS, 0, 20)), 0, 2),
  NEWLINE,
)
const status = many(many(statusField, 0, 6), 0, 5, NEWLINE)
const part = any(
  seq('Content-Type: message/delivery-status', NEWLINE, NEWLINE, status),
  seq('Content-Type: message/global-delivery-status\r\nContent-Transfer-Encoding: base64\r\n\r\n', octets(0, 60)),
  seq('Content-Type: text/plain\r\n\r\n', octets(0, 60)),
  seq('Content-Type: text/rfc822-headers\r\n\r\n', HEADER),
  seq('Content-Type: message/rfc822\r\n\r\n', HEADER, '\r\n', octets(0, 20)),
  seq('Content-Type: ', CONTENT_TYPE, '\r\n\r\n', octets(0, 20)),
)

export const notices: Target = {
  name: 'notices',
  grammar: any(
    seq(
      HEADER,
      'Content-Type: multipart/report; report-type=delivery-status; boundary=',
      any('x', '"x"', '"a b"', repeated('y', 80)),
      '\r\n\r\n',
      maybe(octets(0, 10)),
      many(seq('--x', maybe(' '), NEWLINE, part, maybe(NEWLINE)), 0, 5),
      maybe('--x--\r\n'),
    ),
    status,
  ),
  dictionary: [
    '--x',
    '--x--',
    '\r\n',
    '\n',
    '\r\n\r\n',
    ':',
    ';',
    '\\x{',
    '}',
    'boundary=',
    'multipart/report',
    '5.1.1',
    '=',
  ],
  seeds: golden,
  maxBytes: 8192,
  shortRuns: 350,
  check(input) {
    const report = parseReport(input)
    if (report !== undefined) {
      assert.ok((report.text?.length ?? 0) <= 64 * 1024)
      if (report.status !== undefined) checkStatus(report.status)
    }
    const text = textOf(input)
    checkStatus(parseDeliveryStatus(text))
    checkOurs(text)
  },
}

function checkStatus({ perMessage, perRecipient }: DeliveryStatus): void {
  assert.ok(perRecipient.length <= 1000)
  for (const { fields, action, status, finalRecipient } of perRecipient) {
    assert.ok(fields.size <= 64)
    for (const value of fields.values()) assert.ok(value.length <= 4096)
    if (status !== undefined) assert.match(status, /^[245]\.\d{1,3}\.\d{1,3}$/)
    if (action !== undefined) assert.ok(['failed', 'delayed', 'delivered', 'relayed', 'expanded'].includes(action))
    if (finalRecipient !== undefined)
      assert.ok(finalRecipient.value.isWellFormed() || !finalRecipient.type.includes('utf'))
  }
  assert.ok(perMessage.fields.size <= 64)
}

/** The text in every place of ours that a stranger's words reach. */
function checkOurs(text: string): void {
  const [first = '', second = '', third = ''] = text.split(/[,;]/)
  const address = parseAddress(first) ?? ('kim@example.org' as MailAddress)
  const smtputf8 = text.length % 2 === 0
  const notice = composeNotice({
    kind: 'failure',
    id: '01JABCDEFGHJKMNPQ',
    to: 'sender@example.net' as MailAddress,
    hostname: 'mx.example.org',
    dateMs: 0,
    boundary: 'boundary0123456789abcdef',
    original: {
      id: '01JABCDEFGHJKMNPR',
      arrivedMs: 0,
      envid: second,
      subject: text,
      messageId: first,
      smtputf8,
      eightBit: false,
      returned: 'headers',
    },
    recipients: [
      {
        address,
        given: first,
        orcpt: { type: second, address: third },
        action: 'failed',
        status: third,
        reason: text,
        remote: { mta: second, reply: text },
      },
      { address, given: text, action: 'delayed', status: '4.4.1', reason: second, willRetryUntilMs: 1000 },
    ],
  })
  const report = parseReport(Buffer.from(`${notice.before}Subject: x\r\n${notice.after}`))
  assert.match(report?.reportType ?? '', /^(?:global-)?delivery-status$/)
  const found = report?.status?.perRecipient.map(({ action, finalRecipient }) => [action, finalRecipient?.value])
  assert.deepEqual(
    found,
    [
      ['failed', address],
      ['delayed', address],
    ],
    'a notice read again',
  )
  assert.equal(report?.original?.header.toString(), 'Subject: x\r\n')
}
