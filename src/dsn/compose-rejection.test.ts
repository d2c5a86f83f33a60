// SPDX-License-Identifier: Apache-2.0
/** Proves: what `reject` sends is a report that our own reader understands, with the reason whole, whatever stands in it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseStructure } from '../mime/structure.ts'
import { mailAddress } from '../policy/access/fixture.ts'
import { composeRejection, type RejectionInput } from './compose-rejection.ts'
import { parseReport } from './parse.ts'

const KIM = mailAddress('kim@example.org')
const HEADER = Buffer.from(
  'From: sam@example.net\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMessage-ID: <1@example.net>\r\n',
)
const made = (more: Partial<RejectionInput> = {}): Buffer =>
  composeRejection({
    unique: 'u1',
    hostname: 'mail.example.org',
    dateMs: 0,
    boundary: 'boundary0123456789',
    to: mailAddress('sam@example.net'),
    from: KIM,
    reason: 'Not now.',
    recipient: { address: KIM },
    header: HEADER,
    ...more,
  })
const fieldsOf = (bytes: Buffer): ReadonlyMap<string, string> =>
  new Map(parseStructure(bytes).fields.map(({ name, value }) => [name.toLowerCase(), value]))

test('a disposition notification: deleted, automatically; the header comes back', () => {
  const bytes = made({ recipient: { address: KIM, orcpt: { type: 'rfc822', address: 'office@example.org' } } })
  const report = parseReport(bytes)
  assert.equal(report?.reportType, 'disposition-notification')
  assert.deepEqual(
    [...(report?.disposition ?? [])],
    [
      ['reporting-ua', 'mail.example.org; Postern'],
      ['original-recipient', 'rfc822; office@example.org'],
      ['final-recipient', 'rfc822; kim@example.org'],
      ['original-message-id', '<1@example.net>'],
      ['disposition', 'automatic-action/MDN-sent-automatically; deleted'],
    ],
  )
  assert.deepEqual([report?.original?.whole, report?.original?.type], [false, 'text/rfc822-headers'])
  assert.equal(report?.original?.header.toString(), HEADER.toString())
  const fields = fieldsOf(bytes)
  assert.equal(fields.get('from'), 'kim@example.org')
  assert.equal(fields.get('to'), 'sam@example.net')
  assert.equal(fields.get('in-reply-to'), '<1@example.net>')
  assert.equal(fields.get('auto-submitted'), 'auto-replied (rejected)')
  assert.deepEqual(
    parseStructure(bytes).children.map(({ contentType }) => contentType.type),
    ['text/plain', 'message/disposition-notification', 'text/rfc822-headers'],
  )
})

for (const reason of [
  'Nein, Grüße aus Köln.',
  'two\nlines\r\nand a third',
  '.\r\n--\r\n--x--\r\n',
  `${'long '.repeat(400)}end`,
  'Subject: not a field\r\n\r\n',
])
  test(`the reason comes whole: ${JSON.stringify(reason.slice(0, 40))}`, () => {
    const bytes = made({ reason })
    const text = parseReport(bytes)?.text ?? ''
    assert.ok(text.includes(reason.replace(/\r\n|\n/g, '\r\n')), text)
    const longest = Math.max(
      ...bytes
        .toString('latin1')
        .split('\r\n')
        .map((line) => line.length),
    )
    assert.ok(longest <= 998, `${longest}`)
  })

test('addresses of other characters have the forms of RFC 6533', () => {
  const jürgen = mailAddress('jürgen@example.org')
  const report = parseReport(made({ from: jürgen, recipient: { address: jürgen } }))
  assert.equal(report?.reportType, 'global-disposition-notification')
  assert.equal(report?.disposition?.get('final-recipient'), 'utf-8; jürgen@example.org')
})

test('a header that is none, and one with anything in it, break nothing', () => {
  assert.equal(parseReport(made({ header: Buffer.alloc(0) }))?.disposition?.has('original-message-id'), false)
  const hostile = Buffer.from('Subject: a\u0000b\u001b[31m\r\nMessage-ID: <a b@c>\r\nX: ü\r\n')
  const report = parseReport(made({ header: hostile }))
  assert.equal(report?.original?.type, 'message/global-headers')
  assert.equal(report?.disposition?.has('original-message-id'), false)
})
