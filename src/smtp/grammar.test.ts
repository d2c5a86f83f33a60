// SPDX-License-Identifier: Apache-2.0
/** Tables for the small grammars of SMTP: lines, commands, parameters, xtext, replies, Received:. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { announceSeed, cut } from '../../test/fuzz/seed.ts'
import { behindColon, parseCommand } from './command.ts'
import { parseExtensions } from './extensions.ts'
import { LineScanner } from './line-scanner.ts'
import { parseMailParameters, parseRcptParameters } from './parameters.ts'
import { protocolKeyword, receivedField } from './received.ts'
import { describeReply, formatReply, reply } from './reply.ts'
import { ReplyParser } from './reply-parser.ts'
import { decodeUtf8Xtext, decodeXtext, encodeUtf8Xtext, encodeXtext } from './xtext.ts'

const seed = announceSeed('smtp grammar')

for (const { input, want } of [
  { input: 'NOOP\r\nQUIT\r\n', want: ['NOOP', 'QUIT'] },
  { input: 'NO\nOP\r\nQUIT\r\n', want: ['bare-lf', 'QUIT'] },
  { input: 'NO\rOP\r\nQUIT\r\n', want: ['bare-cr', 'QUIT'] },
  { input: 'NO\0OP\r\nQUIT\r\n', want: ['nul', 'QUIT'] },
  { input: `${'x'.repeat(100)}\r\nQUIT\r\n`, want: ['too-long', 'QUIT'] },
  { input: `${'x'.repeat(20)}\r\nQUIT\r\n`, want: ['x'.repeat(20), 'QUIT'] },
  { input: '\r\n\r\n', want: ['', ''] },
])
  for (const size of [1, 3, 17, 1000])
    test(`lines of ${JSON.stringify(input.slice(0, 20))}, cut in ${size}`, () => {
      const scanner = new LineScanner(20)
      const got: string[] = []
      for (const piece of cut(Buffer.from(input, 'latin1'), size)) {
        scanner.push(piece)
        for (let line = scanner.next(); line !== undefined; line = scanner.next())
          got.push(line.kind === 'line' ? line.bytes.toString('latin1') : line.why)
      }
      assert.deepEqual(got, want)
      assert.equal(scanner.pendingBytes, 0)
    })

test('an endless line stays small', () => {
  const scanner = new LineScanner(512)
  for (let i = 0; i < 1000; i++) {
    scanner.push(Buffer.alloc(10_000, 'x'))
    assert.equal(scanner.next(), undefined)
    assert.ok(scanner.pendingBytes <= 10_513)
  }
  scanner.push(Buffer.from('\r\nNOOP\r\n'))
  assert.deepEqual(scanner.next(), { kind: 'bad', why: 'too-long' })
  assert.equal(scanner.next()?.kind, 'line')
})

for (const { line, want } of [
  { line: 'mail FROM:<a@b>', want: { verb: 'MAIL', argument: 'FROM:<a@b>' } },
  { line: 'NOOP   ', want: { verb: 'NOOP', argument: '' } },
  { line: 'EHLO\tx', want: undefined },
  { line: '', want: undefined },
  { line: '<', want: undefined },
  { line: `${'A'.repeat(41)}`, want: undefined },
  { line: '__proto__ x', want: undefined },
])
  test(`command ${JSON.stringify(line)}`, () => {
    const got = parseCommand(Buffer.from(line))
    if (want === undefined && !line.includes('\t')) assert.ok('problem' in got)
    else if (want !== undefined) assert.deepEqual(got, want)
  })

test('FROM: and TO:', () => {
  assert.equal(behindColon('FROM:<a@b> SIZE=1', 'FROM'), '<a@b> SIZE=1')
  assert.equal(behindColon('from: <>', 'FROM'), '<>')
  assert.equal(behindColon('TO:<a@b>', 'FROM'), undefined)
  assert.equal(behindColon('FROM:a@b', 'FROM'), undefined)
})

for (const { rest, want } of [
  { rest: '', want: { size: 0, body: '7bit', smtputf8: false } },
  { rest: ' SIZE=10 BODY=8bitmime smtputf8', want: { size: 10, body: '8bit', smtputf8: true } },
  {
    rest: ' RET=HDRS ENVID=a+2Bb AUTH=<>',
    want: { size: 0, body: '7bit', smtputf8: false, ret: 'hdrs', envid: 'a+b', auth: '<>' },
  },
  { rest: ' SIZE=x', want: '501 5.5.4' },
  { rest: ' SIZE=1 SIZE=2', want: '501 5.5.4' },
  { rest: 'SIZE=1', want: '501 5.5.4' },
  { rest: ' BODY=BINARYMIME', want: '555 5.5.4' },
  { rest: ' __proto__=1', want: '501 5.5.4' },
  { rest: ' constructor=1', want: '555 5.5.4' },
  { rest: ' ENVID=a=b', want: '501 5.5.4' },
  { rest: ' SMTPUTF8=1', want: '501 5.5.4' },
  { rest: ` ${Array.from({ length: 30 }, (_, i) => `X${i}`).join(' ')}`, want: '5' },
])
  test(`MAIL parameters ${rest.slice(0, 40)}`, () => {
    const got = parseMailParameters(rest)
    if (typeof want === 'string') assert.ok('problem' in got && describeReply(got.problem).startsWith(want))
    else assert.deepEqual(got, want)
  })

for (const { rest, want } of [
  { rest: ' NOTIFY=never', want: { notify: 'never' } },
  {
    rest: ' NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a+2Bb@c',
    want: { notify: ['success', 'delay'], orcpt: { type: 'rfc822', address: 'a+b@c' } },
  },
  { rest: ' ORCPT=utf-8;j\\x{FC}rgen@c', want: { orcpt: { type: 'utf-8', address: 'jürgen@c' } } },
  { rest: ' NOTIFY=NEVER,SUCCESS', want: '501' },
  { rest: ' NOTIFY=SUCCESS,SUCCESS', want: '501' },
  { rest: ' ORCPT=a@b', want: '501' },
  { rest: ' ORCPT=rfc822;a+0Ab', want: '501' },
])
  test(`RCPT parameters ${rest}`, () => {
    const got = parseRcptParameters(rest, { smtputf8: false })
    if (typeof want === 'string') assert.ok('problem' in got && describeReply(got.problem).startsWith(want))
    else assert.deepEqual(got, want)
  })

test('xtext there and back', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.integer({ min: 0, max: 127 }).map((c) => String.fromCharCode(c)) }), (text) => {
      assert.equal(decodeXtext(encodeXtext(text)), text)
    }),
    { seed },
  )
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }).filter((t) => t.isWellFormed() && !t.includes('\0')),
      (text) => {
        assert.equal(decodeUtf8Xtext(encodeUtf8Xtext(text)), text)
      },
    ),
    { seed },
  )
})

for (const { wire, want } of [
  { wire: '250 2.1.0 ok\r\n', want: { code: 250, enhanced: '1.0', lines: ['ok'] } },
  { wire: '250-a\r\n250-SIZE 10\r\n250 b\r\n', want: { code: 250, lines: ['a', 'SIZE 10', 'b'] } },
  { wire: '550 4.1.1 odd\r\n', want: { code: 550, lines: ['4.1.1 odd'] } },
  { wire: '354\r\n', want: { code: 354, lines: [''] } },
  { wire: '250 ok\n', want: { code: 250, lines: ['ok'] } },
  { wire: '250-a\r\n251 b\r\n', want: 'code changed' },
  { wire: 'hello\r\n', want: 'not a reply' },
  { wire: '999 x\r\n', want: 'not a reply' },
  { wire: '250-x\r\n'.repeat(200), want: 'too many' },
])
  for (const size of [1, 17, 10_000])
    test(`reply ${JSON.stringify(wire.slice(0, 30))}, cut in ${size}`, () => {
      const parser = new ReplyParser()
      let got: ReturnType<ReplyParser['next']>
      for (const piece of cut(Buffer.from(wire), size)) {
        parser.push(piece)
        got ??= parser.next()
      }
      if (typeof want === 'string') assert.ok(got !== undefined && 'problem' in got && got.problem.includes(want))
      else assert.deepEqual(got, want)
    })

test('replies never break a line', () => {
  assert.equal(formatReply(reply(550, '7.1', 'a\r\n250 b')), '550 5.7.1 a??250 b\r\n')
  assert.equal(formatReply({ code: 250, lines: ['a', 'b'] }), '250-a\r\n250 b\r\n')
})

test('any octets at all: the reply parser answers or waits, in bounded memory', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3000 }), (bytes) => {
      const parser = new ReplyParser()
      parser.push(bytes)
      for (let i = 0; i < 200 && parser.next() !== undefined; i++);
      assert.ok(parser.bytesPending <= 3100)
    }),
    { seed },
  )
})

test('EHLO lines', () => {
  const offered = parseExtensions(['SIZE 1000', 'AUTH PLAIN login', 'pipelining', 'AUTH=NTLM'])
  assert.deepEqual(
    [offered.size, offered.auth, offered.pipelining, offered.chunking],
    [1000, ['PLAIN', 'LOGIN'], true, false],
  )
})

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
  assert.match(field, /^Received: from evilX:y \(\[IPv6:2001:db8::1\]\)/)
  assert.match(field.replace(/\r\n[ \t]/g, ' '), /; Thu, 0?1 Jan 1970 00:00:00 \+0000\r\n$/)
})

test('protocol keywords', () => {
  const base = { service: 'smtp', esmtp: true, tls: false, auth: false, smtputf8: false } as const
  assert.equal(protocolKeyword({ ...base, esmtp: false }), 'SMTP')
  assert.equal(protocolKeyword({ ...base, tls: true, auth: true }), 'ESMTPSA')
  assert.equal(protocolKeyword({ ...base, smtputf8: true, tls: true }), 'UTF8SMTPS')
  assert.equal(protocolKeyword({ ...base, service: 'lmtp', tls: true }), 'LMTPS')
})
