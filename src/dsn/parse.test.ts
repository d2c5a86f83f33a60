// SPDX-License-Identifier: Apache-2.0
/** Properties: any octets are read in linear time without failing, and what is kept of them is bounded. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseDeliveryStatus, parseReport } from './parse.ts'

const crlf = (text: string): string => text.replaceAll('\n', '\r\n')

test('parseDeliveryStatus: all fields, odd cases and comments', () => {
  const { perMessage, perRecipient } = parseDeliveryStatus(
    crlf(`Reporting-MTA: DNS; mail.example.org
Original-Envelope-ID: 42
X-Other: a
 b
X-Other: again

FINAL-RECIPIENT: RFC822;kim@example.org
Action: Failed (no such user)
Status: 5.1.1 (really)
Diagnostic-Code: smtp; 550 5.1.1
  no such user
junk without colon

Final-Recipient: utf-8; k\\x{FC}rbis@example.org
Action: exploded
Status: five
`),
  )
  assert.deepEqual(perMessage.reportingMta, { type: 'dns', value: 'mail.example.org' })
  assert.equal(perMessage.originalEnvelopeId, '42')
  assert.equal(perMessage.fields.get('x-other'), 'a b')
  const [first, second, none] = perRecipient
  assert.deepEqual(first?.finalRecipient, { type: 'rfc822', value: 'kim@example.org' })
  assert.deepEqual([first?.action, first?.status], ['failed', '5.1.1'])
  assert.deepEqual(first?.diagnosticCode, { type: 'smtp', value: '550 5.1.1 no such user' })
  assert.deepEqual(second?.finalRecipient, { type: 'utf-8', value: 'kürbis@example.org' })
  assert.deepEqual([second?.action, second?.status, none], [undefined, undefined, undefined])
})

test('parseDeliveryStatus: without the first group', () => {
  const { perMessage, perRecipient } = parseDeliveryStatus('Final-Recipient: rfc822; a@b\nAction: delayed\n')
  assert.equal(perMessage.fields.size, 0)
  assert.equal(perRecipient[0]?.action, 'delayed')
})

test('parseDeliveryStatus is bounded', () => {
  const many = 'Reporting-MTA: dns; a\n\n'.concat('Action: failed\n\n'.repeat(5000))
  assert.equal(parseDeliveryStatus(many).perRecipient.length, 1000)
  const wide = Array.from({ length: 1000 }, (_, i) => `X-${i}: ${'y'.repeat(100)}`).join('\n')
  assert.equal(parseDeliveryStatus(wide).perMessage.fields.size, 64)
  const long = `X: y\n${' z'.repeat(100_000)}`
  assert.ok((parseDeliveryStatus(long).perMessage.fields.get('x') ?? '').length <= 4096)
})

const report = (status: string, encoding: string, end = '--b--\n'): Buffer =>
  Buffer.from(
    crlf(`Content-Type: multipart/report; report-type=delivery-status;
 boundary="b"

preamble --b
--b
Content-Type: text/plain

Sorry.
--b-not
--b  
Content-Type: message/delivery-status
Content-Transfer-Encoding: ${encoding}

${status}
--b
Content-Type: message/rfc822

Subject: x

body
${end}`),
  )
const STATUS = 'Reporting-MTA: dns; a\r\n\r\nAction: failed\r\nStatus: 5.0.0\r\n'

for (const { name, bytes } of [
  { name: 'plain', bytes: report(STATUS, '7bit') },
  { name: 'base64', bytes: report(Buffer.from(STATUS).toString('base64'), 'BASE64') },
  { name: 'quoted-printable', bytes: report(STATUS.replaceAll('5', '=35'), 'quoted-printable') },
  { name: 'cut short', bytes: report(STATUS, '7bit', '') },
]) {
  test(`parseReport: ${name}`, () => {
    const got = parseReport(bytes)
    assert.equal(got?.reportType, 'delivery-status')
    assert.equal(got.text, 'Sorry.\r\n--b-not')
    assert.deepEqual([got.status?.perRecipient[0]?.status, got.status?.perRecipient.length], ['5.0.0', 1])
    assert.equal(got.original?.header.toString(), 'Subject: x\r\n')
  })
}

for (const text of [
  '',
  'Subject: x\r\n\r\nhi',
  'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n',
  'Content-Type: multipart/report\r\n\r\n',
]) {
  test(`parseReport: ${JSON.stringify(text)} is none`, () => assert.equal(parseReport(Buffer.from(text)), undefined))
}

test('parseReport and parseDeliveryStatus: fuzz', () => {
  const piece = fc.constantFrom(
    '\r\n',
    '\n',
    '--b',
    '--',
    'Content-Type: ',
    'message/delivery-status',
    'text/plain',
    'Action: failed',
    'Status: 5',
    ':',
    ';',
    ' ',
    '\\x{110000}',
    'é',
    'Content-Transfer-Encoding: base64',
  )
  const text = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(''))
  fc.assert(
    fc.property(text, (body) => {
      parseDeliveryStatus(body)
      const got = parseReport(Buffer.from(`Content-Type: multipart/report; boundary=b\r\n\r\n${body}`))
      assert.ok(got !== undefined)
    }),
    { numRuns: 2000 },
  )
})

test('parseReport is linear', { timeout: 5000 }, () => {
  for (const hostile of [
    '\n--b'.repeat(300_000),
    '--b '.repeat(300_000),
    '\n--b\n'.repeat(300_000),
    `\n--b${' '.repeat(1_000_000)}`,
    'a: b\n'.repeat(200_000),
  ])
    parseReport(Buffer.from(`Content-Type: multipart/report; boundary=b\r\n\r\n${hostile}`))
})
