// SPDX-License-Identifier: Apache-2.0
/** Properties: whatever the value, what comes out is one field in lines that RFC 5322 §2.1.1 allows, with that value. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { addressField, field, formatDate, formatMailbox, formatMessageId } from './fields.ts'
import { fieldsOf } from './header-text.ts'

const long = 'word '.repeat(30).trim()
for (const { name, value, want } of [
  { name: 'Subject', value: 'hi', want: 'Subject: hi\r\n' },
  { name: 'Subject', value: '', want: 'Subject: \r\n' },
  { name: 'Subject', value: 'a\r\nBcc: b@example.org', want: 'Subject: a Bcc: b@example.org\r\n' },
  { name: 'Subject', value: 'a\rb\nc\0d\u007f', want: 'Subject: a b c?d?\r\n' },
  { name: 'X', value: long, want: `X: ${'word '.repeat(15).trim()}\r\n ${'word '.repeat(15).trim()}\r\n` },
]) {
  test(`field ${JSON.stringify(value.slice(0, 40))}`, () => assert.equal(field(name, value), want))
}

for (const name of ['', 'A b', 'A:', 'Ä', 'A\r\nB', 'x'.repeat(77)]) {
  test(`field refuses the name ${JSON.stringify(name)}`, () => assert.throws(() => field(name, 'x'), RangeError))
}

test('field: any value gives one field', () => {
  const value = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc
      .array(
        fc.constantFrom(' ', '\t', '\r', '\n', 'é', 'x'.repeat(990), 'y'.repeat(70), 'ß'.repeat(1200), ':', '\u2000'),
        {
          maxLength: 12,
        },
      )
      .map((p) => p.join('')),
  )
  fc.assert(
    fc.property(value, (text) => {
      const lines = field('Subject', text.toWellFormed())
      assert.ok(lines.endsWith('\r\n'))
      const [first, ...others] = lines.slice(0, -2).split('\r\n')
      assert.ok(first?.startsWith('Subject: '))
      for (const line of others) assert.match(line, /^[ \t]+[^ \t]/)
      for (const line of [first ?? '', ...others]) {
        assert.ok(Buffer.byteLength(line) <= 998)
        assert.doesNotMatch(line, /[\r\n]/)
      }
      const fields = [...fieldsOf(Buffer.from(lines))]
      assert.equal(fields.length, 1)
      // The value is kept but for controls, and for white space where a word had to be cut.
      const squeeze = (t: string) => t.replace(/[ \t\r\n]+/g, '')
      const clean = squeeze(text.toWellFormed()).replace(/[\u0000-\u001f\u007f]/g, '?')
      assert.equal(squeeze(fields[0]?.value ?? ''), squeeze(clean))
    }),
    { numRuns: 1000 },
  )
})

test('field is linear', { timeout: 5000 }, () => {
  field('X', ' '.repeat(1_000_000))
  field('X', 'x'.repeat(1_000_000))
  field('X', 'x '.repeat(500_000))
})

for (const { ms, offset, want } of [
  { ms: Date.UTC(2026, 10, 24, 4, 56, 50), offset: 0, want: 'Tue, 24 Nov 2026 04:56:50 +0000' },
  { ms: Date.UTC(2026, 10, 24, 23, 30, 5), offset: 60, want: 'Wed, 25 Nov 2026 00:30:05 +0100' },
  { ms: Date.UTC(2024, 1, 29, 0, 0, 0), offset: -570, want: 'Wed, 28 Feb 2024 14:30:00 -0930' },
  { ms: 0, offset: 345, want: 'Thu, 1 Jan 1970 05:45:00 +0545' },
]) {
  test(`formatDate ${want}`, () => {
    assert.equal(formatDate(ms, offset), want)
    assert.equal(Date.parse(want), ms)
  })
}

for (const { name, want } of [
  { name: 'Kim Lee', want: 'Kim Lee <k@example.org>' },
  { name: 'Lee, Kim "K"', want: '"Lee, Kim \\"K\\"" <k@example.org>' },
  { name: 'Zoë', want: '=?utf-8?b?Wm/Dqw==?= <k@example.org>' },
  { name: '=?utf-8?q?a?=', want: '=?utf-8?b?PT91dGYtOD9xP2E/PQ==?= <k@example.org>' },
  { name: undefined, want: 'k@example.org' },
]) {
  test(`formatMailbox ${name}`, () =>
    assert.equal(formatMailbox({ address: 'k@example.org', ...(name === undefined ? {} : { name }) }), want))
}

test('addressField and formatMessageId', () => {
  assert.equal(addressField('To', [{ address: 'a@b' }, { name: 'C', address: 'c@d' }]), 'To: a@b, C <c@d>\r\n')
  assert.equal(formatMessageId('01', 'mail.example.org'), '<01@mail.example.org>')
})
