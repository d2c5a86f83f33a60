// SPDX-License-Identifier: Apache-2.0
/** Proves: Received: tells how a message came, and nothing a stranger says can get out of its place in it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { announceSeed } from '../../test/fuzz/seed.ts'
import { protocolKeyword, receivedField } from './received.ts'

const seed = announceSeed('received')

test('Received: tells how it came, and no stranger writes in it', () => {
  const field = receivedField({
    helo: 'evil\r\nX: y (',
    clientAddress: '2001:db8::1',
    hostname: 'mx.example.org',
    protocol: 'ESMTPS',
    id: 'ABC',
    atMs: 0,
    offsetMinutes: 0,
    tls: { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' },
    for: 'a@b> (x\r\nY: z',
  })
  const lines = field.split('\r\n')
  assert.ok(
    lines.slice(1, -1).every((line) => /^[ \t]/.test(line)),
    field,
  )
  assert.match(field, /^Received: from \[IPv6:2001:db8::1\] \(helo=evilX:y \[IPv6:2001:db8::1\]\) by/)
  assert.match(field.replace(/\r\n[ \t]/g, ' '), /; Thu, 0?1 Jan 1970 00:00:00 \+0000\r\n$/)
})

for (const { name, given, want } of [
  { name: 'a name', given: { helo: 'Client.Example' }, want: /^from client\.example \(\[192\.0\.2\.1\]\) by mx / },
  { name: 'a literal', given: { helo: '[192.0.2.9]' }, want: /^from \[192\.0\.2\.9\] \(\[192\.0\.2\.1\]\) by/ },
  { name: 'nothing', given: { helo: '' }, want: /^from \[192\.0\.2\.1\] \(\[192\.0\.2\.1\]\) by/ },
  { name: 'a mapped address', given: { clientAddress: '::ffff:192.0.2.1' }, want: /\(\[192\.0\.2\.1\]\)/ },
  { name: 'a U-label without SMTPUTF8', given: { helo: 'bücher.example' }, want: /^from xn--bcher-kva\.example / },
  { name: 'a U-label', given: { helo: 'bücher.example', protocol: 'UTF8SMTP' }, want: /^from bücher\.example / },
  { name: 'a client with a name', given: { clientName: 'mx.a' }, want: /^from a \(mx\.a \[192\.0\.2\.1\]\) by/ },
  {
    name: 'a name alone',
    given: { clientName: 'mx.a*', addressHidden: true as const },
    want: /^from a \(mx\.a\*\) by/,
  },
  {
    name: 'no HELO, a name alone',
    given: { helo: '', clientName: 'mx.a*', addressHidden: true as const },
    want: /^from mx\.a \(mx\.a\*\) by/,
  },
  {
    name: 'a name that says more',
    given: { clientName: 'a) by evil\r\n (' },
    want: /^from a \(abyevil \[192\.0\.2\.1\]\) by/,
  },
  { name: 'the recipient', given: { for: 'kim@a' }, want: / id ABC for <kim@a>; / },
  { name: 'a recipient beyond ASCII', given: { for: 'jürgen@a' }, want: / id ABC; / },
  { name: 'one under SMTPUTF8', given: { for: 'jürgen@a', protocol: 'UTF8SMTP' }, want: / id ABC for <jürgen@a>; / },
  { name: 'a quoted recipient', given: { for: '"k (m"@a' }, want: / id ABC; / },
])
  test(`Received: with ${name}`, () => {
    const values = { helo: 'a', clientAddress: '192.0.2.1', hostname: 'mx', protocol: 'ESMTP', id: 'ABC' }
    const field = receivedField({ ...values, atMs: 0, offsetMinutes: 60, ...given })
    const value = field.replace(/\r\n(?=[ \t])/g, '').replace(/^Received: /, '')
    assert.match(value, want)
    assert.match(value, /; Thu, 1 Jan 1970 01:00:00 \+0100\r\n$/)
    assert.ok(field.split('\r\n').every((line) => line.length <= 78))
  })

test('Received: holds whatever anyone says in one field', () => {
  const hostile = fc
    .array(fc.constantFrom('\r\n', '(', ')', '"', '\\', 'a', 'é', ' ', '\0', ';', '@', '<', '>', 'x'.repeat(90)), {
      maxLength: 12,
    })
    .map((pieces) => pieces.join(''))
  fc.assert(
    fc.property(hostile, hostile, hostile, (helo, text, address) => {
      const field = receivedField({
        helo,
        clientAddress: text,
        clientName: text,
        hostname: text,
        protocol: text,
        id: text,
        atMs: 0,
        offsetMinutes: 0,
        tls: { version: text, cipher: text },
        for: address,
      })
      const lines = field.split('\r\n')
      assert.equal(lines.pop(), '')
      assert.ok(lines.slice(1).every((line) => /^[ \t]+[^ \t]/.test(line)))
      assert.doesNotMatch(lines.join(''), /[\r\n\0"\\]|[^\x00-\x7f]/)
      assert.ok(lines.every((line) => line.length <= 998))
      const value = lines.join('')
      assert.equal(value.match(/\(/g)?.length, value.match(/\)/g)?.length)
      assert.equal(value.match(/;/g)?.length, 1)
    }),
    { seed },
  )
})

test('protocol keywords', () => {
  const base = { service: 'smtp', esmtp: true, tls: false, auth: false, smtputf8: false } as const
  assert.equal(protocolKeyword({ ...base, esmtp: false }), 'SMTP')
  assert.equal(protocolKeyword({ ...base, tls: true, auth: true }), 'ESMTPSA')
  assert.equal(protocolKeyword({ ...base, smtputf8: true, tls: true }), 'UTF8SMTPS')
  assert.equal(protocolKeyword({ ...base, service: 'lmtp', tls: true }), 'LMTPS')
})
