// SPDX-License-Identifier: Apache-2.0
/**
 * Golden files in golden/, reviewed like code. Properties: whatever a remote system answered, a notice is well formed,
 * and reading it gives back what was reported.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import type { MailAddress } from '../address/address.ts'
import { fieldsOf, splitHeader } from '../mime/header-text.ts'
import { composeNotice } from './compose.ts'
import type { NoticeInput, NoticeRecipient } from './notice-input.ts'
import { parseReport } from './parse.ts'

const address = (text: string): MailAddress => text as MailAddress
const at = Date.UTC(2026, 0, 5, 9, 30)
const hour = 3_600_000

const recipient = (over: Partial<NoticeRecipient> = {}): NoticeRecipient => ({
  address: address('kim@example.org'),
  given: 'kim@example.org',
  action: 'failed',
  status: '5.1.1',
  ...over,
})

function input(
  over: Partial<Omit<NoticeInput, 'original'>> & { original?: Partial<NoticeInput['original']> } = {},
): NoticeInput {
  const { original, ...rest } = over
  return {
    kind: 'failure',
    id: '01KE6T0000AAAA002',
    to: address('sam@example.net'),
    hostname: 'mail.example.net',
    dateMs: at,
    boundary: '3f1c0a9be77d42c58f60',
    recipients: [recipient()],
    ...rest,
    original: {
      id: '01KE6T0000AAAA001',
      arrivedMs: at - hour,
      smtputf8: false,
      eightBit: false,
      returned: 'headers',
      subject: 'Lunch on Friday',
      messageId: '<lunch@example.net>',
      ...original,
    },
  }
}

const HEADER = 'From: sam@example.net\r\nSubject: Lunch on Friday\r\n'
const noSuchUser = {
  mta: 'mx.example.org',
  address: '192.0.2.25',
  reply: '550 5.1.1 <kim@example.org>: no such user here',
}

const GOLDEN: { name: string; notice: NoticeInput; original: string }[] = [
  {
    name: 'failure-remote',
    notice: input({
      recipients: [
        recipient({ remote: noSuchUser, lastAttemptMs: at, orcpt: { type: 'rfc822', address: 'Kim@Example.ORG' } }),
      ],
      original: { returned: 'full', envid: 'QQ314159' },
    }),
    original: `${HEADER}\r\nShall we?\r\n`,
  },
  {
    name: 'failure-several',
    notice: input({
      recipients: [
        recipient({ remote: noSuchUser, lastAttemptMs: at }),
        recipient({
          given: 'team@example.net',
          address: address('lee@example.com'),
          status: '5.2.2',
          remote: { mta: 'mx.example.com', reply: '552 5.2.2 Mailbox full' },
          lastAttemptMs: at,
        }),
        recipient({
          given: 'jo@nowhere.example',
          address: address('jo@nowhere.example'),
          status: '4.4.7',
          reason: 'no mail system of nowhere.example could be reached for 5 days',
          lastAttemptMs: at,
        }),
      ],
    }),
    original: HEADER,
  },
  {
    name: 'delay',
    notice: input({
      kind: 'delay',
      recipients: [
        recipient({
          action: 'delayed',
          status: '4.4.1',
          reason: 'connection to mx.example.org timed out',
          remote: { mta: 'mx.example.org', address: '192.0.2.25' },
          lastAttemptMs: at - 60_000,
          willRetryUntilMs: at + 116 * hour,
        }),
      ],
    }),
    original: HEADER,
  },
  {
    name: 'success',
    notice: input({
      kind: 'success',
      recipients: [
        recipient({ action: 'delivered', status: '2.1.5', lastAttemptMs: at }),
        recipient({
          given: 'lee@example.com',
          address: address('lee@example.com'),
          action: 'relayed',
          status: '2.1.9',
          remote: { mta: 'mx.example.com', reply: '250 ok' },
        }),
        recipient({
          given: 'all@example.org',
          address: address('all@example.org'),
          action: 'expanded',
          status: '2.1.5',
        }),
      ],
    }),
    original: HEADER,
  },
  {
    name: 'failure-smtputf8',
    notice: input({
      to: address('søren@example.net'),
      recipients: [
        recipient({
          given: 'kürbis@bücher.example',
          address: address('kürbis@bücher.example'),
          status: '5.6.7',
          reason: 'mx.bücher.example does not take internationalised mail (SMTPUTF8)',
          orcpt: { type: 'utf-8', address: 'kürbis@bücher.example' },
        }),
      ],
      original: { smtputf8: true, eightBit: true, subject: 'Grüße', returned: 'full' },
    }),
    original: 'From: søren@example.net\r\nSubject: Grüße\r\n\r\nHallo ☺\r\n',
  },
]

const whole = (notice: NoticeInput, original: string): Buffer => {
  const { before, after } = composeNotice(notice)
  return Buffer.from(before + original + after)
}

for (const { name, notice, original } of GOLDEN) {
  test(`notice: ${name}`, (t) => {
    const text = whole(notice, original).toString()
    t.assert.fileSnapshot(text, join(import.meta.dirname, 'golden', `${name}.eml`), { serializers: [(value) => value] })
    for (const line of text.split('\r\n')) {
      assert.doesNotMatch(line, /[\r\n]/)
      assert.ok(Buffer.byteLength(line) <= 998)
    }
    const report = parseReport(Buffer.from(text))
    assert.equal(report?.status?.perRecipient.length, notice.recipients.length)
    assert.equal(report.original?.whole, notice.original.returned === 'full')
    assert.equal(report.original.header.toString(), splitHeader(Buffer.from(original)).header.toString())
  })
}

test('what is declared is what is there', () => {
  const plain = composeNotice(input())
  assert.deepEqual([plain.eightBit, plain.smtputf8, plain.original], [false, false, 'headers'])
  assert.match(plain.before, /^[\r\n -~]*$/)
  // A subject in other letters does not make the notice need 8BITMIME.
  const words = composeNotice(input({ original: { subject: '=?utf-8?q?Gr=C3=BC=C3=9Fe?=' } }))
  assert.deepEqual([words.eightBit, words.smtputf8], [false, false])
  assert.match(words.before, /Subject: Gr=C3=BC=C3=9Fe\r\n/)
  const eight = composeNotice(input({ original: { eightBit: true, returned: 'full' } }))
  assert.deepEqual([eight.eightBit, eight.smtputf8, eight.original], [true, false, 'full'])
  assert.match(eight.before, /message\/rfc822\r\n[^\0]*Content-Transfer-Encoding: 8bit\r\n\r\n$/)
  // An internationalised original for a sender whose own address is not: RFC 6532 §3.7 lets it go as 8bit.
  const global = composeNotice(input({ original: { smtputf8: true, eightBit: true } }))
  assert.deepEqual([global.eightBit, global.smtputf8], [true, false])
  assert.match(global.before, /report-type=global-delivery-status/)
  assert.match(global.before, /message\/global-headers/)
})

test('a boundary that could be foretold is refused', () => {
  for (const boundary of ['', 'short', 'x'.repeat(61), 'aaaaaaaaaaaaaaaa"\r\n'])
    assert.throws(() => composeNotice(input({ boundary })), RangeError)
})

test('notices ask nobody for an answer', () => {
  const fields = new Map([...fieldsOf(splitHeader(whole(input(), HEADER)).header)].map((f) => [f.name, f.value]))
  assert.equal(fields.get('Auto-Submitted'), 'auto-replied') // RFC 3834 §5
  assert.equal(fields.get('To'), 'sam@example.net')
  assert.equal(fields.get('In-Reply-To'), '<lunch@example.net>')
})

test('a thousand recipients are reported, a hundred described', () => {
  const recipients = Array.from({ length: 1000 }, (_, i) =>
    recipient({ given: `u${i}@example.org`, address: address(`u${i}@example.org`) }),
  )
  const report = parseReport(whole(input({ recipients }), HEADER))
  assert.equal(report?.status?.perRecipient.length, 1000)
  assert.match(report.text ?? '', /900 more stand in the second part/)
})

test('hostile words of remote systems stay where they belong', () => {
  const nasty = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc
      .array(
        fc.constantFrom(
          '\r\n',
          '\r\n\r\n',
          '--3f1c0a9be77d42c58f60--',
          'Action: delivered',
          '\0',
          'é',
          ' ',
          '"',
          'x'.repeat(3000),
          '=?utf-8?q?=0D=0A?=',
        ),
        { maxLength: 8 },
      )
      .map((pieces) => pieces.join('')),
  )
  fc.assert(
    fc.property(nasty, nasty, nasty, fc.boolean(), (reply, given, subject, smtputf8) => {
      const notice = input({
        recipients: [
          recipient({ given, remote: { mta: reply, reply }, status: reply, orcpt: { type: given, address: reply } }),
          recipient({ reason: reply }),
        ],
        original: { subject, messageId: subject, envid: given, smtputf8 },
      })
      const bytes = whole(notice, HEADER)
      const report = parseReport(bytes)
      assert.equal(report?.status?.perRecipient.length, 2)
      for (const { action, status, finalRecipient } of report.status.perRecipient) {
        assert.equal(action, 'failed')
        assert.match(status ?? '', /^[245]\.\d{1,3}\.\d{1,3}$/)
        assert.equal(finalRecipient?.value, 'kim@example.org')
      }
      assert.equal(report.original?.header.toString(), HEADER)
      const text = bytes.toString()
      for (const line of text.split('\r\n')) {
        assert.doesNotMatch(line, /[\r\n\0]/)
        assert.ok(Buffer.byteLength(line) <= 998)
      }
      const { eightBit } = composeNotice(notice)
      assert.equal(
        bytes.some((octet) => octet > 127),
        eightBit,
      )
    }),
    { numRuns: 500 },
  )
})
