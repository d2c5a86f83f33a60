// SPDX-License-Identifier: Apache-2.0
/** Tables for commands and their parameters: what stands in them, and which reply calls what wrong. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { announceSeed } from '../../test/fuzz/seed.ts'
import { behindColon, parseCommand } from './command.ts'
import { parseMailParameters, parseRcptParameters } from './parameters.ts'
import { describeReply, formatReply } from './reply.ts'
import { decodeUtf8Xtext, decodeXtext, encodeUtf8Xtext, encodeXtext } from './xtext.ts'

const seed = announceSeed('parameters')

for (const { line, want } of [
  { line: 'mail FROM:<a@b>', want: { verb: 'MAIL', argument: 'FROM:<a@b>' } },
  { line: 'NOOP   ', want: { verb: 'NOOP', argument: '' } },
  { line: 'EHLO\tx', want: { verb: 'EHLO', argument: 'x' } },
  { line: '', want: undefined },
  { line: '<', want: undefined },
  { line: `${'A'.repeat(41)}`, want: undefined },
  { line: '__proto__ x', want: undefined },
  { line: ' NOOP', want: undefined },
  { line: 'NO_OP', want: undefined },
  { line: 'NOOP:x', want: undefined },
  { line: 'EHLO a\u0001', want: undefined },
  // What `trim` would take for blanks, and `.` for a line's end, is text here.
  { line: 'VRFY \u00a0j\u2028\ufeff ', want: { verb: 'VRFY', argument: '\u00a0j\u2028\ufeff' } },
  { line: `NOOP ${' '.repeat(3000)}x`, want: { verb: 'NOOP', argument: 'x' } },
])
  test(`command ${JSON.stringify(line)}`, () => {
    const got = parseCommand(Buffer.from(line))
    if (want === undefined) assert.ok('problem' in got && got.problem.code === 500)
    else assert.deepEqual(got, want)
  })

test('a command that is no UTF-8', () => {
  for (const octets of [
    [0x41, 0xff],
    [0x41, 0x20, 0xc3],
    [0x41, 0x20, 0xc0, 0x80],
    [0x41, 0x20, 0xed, 0xa0, 0x80],
  ])
    assert.ok('problem' in parseCommand(Buffer.from(octets)))
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
  { rest: ' BODY=', want: '501 5.5.4' },
  { rest: ' BODY=8BIT', want: '501 5.5.4' },
  { rest: ' RET=ALL', want: '501 5.5.4' },
  { rest: ' AUTH=a+b', want: '501 5.5.4' },
  { rest: ' ENVID=a+0Db', want: '501 5.5.4' },
  { rest: ` ENVID=${'e'.repeat(101)}`, want: '501 5.5.4' },
  { rest: ' SIZE=123456789012345678901', want: '501 5.5.4' },
  { rest: ' MT-PRIORITY=3', want: '555 5.5.4' },
  { rest: ' \u00a0SIZE=1', want: '501 5.5.4' },
  { rest: ' ret=full  size=0\t', want: { size: 0, body: '7bit', smtputf8: false, ret: 'full' } },
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
  { rest: ' ORCPT=rfc822;a+2bb', want: '501' },
  { rest: ' ORCPT=rfc822;+C3+BC@c', want: '501' },
  { rest: ' ORCPT=utf-8;jürgen@c', want: '501' },
  { rest: ' ORCPT=utf-8;\\x{D800}', want: '501' },
  { rest: ' ORCPT=utf-8;\\x{0A}', want: '501' },
  { rest: ' ORCPT=x400;', want: '501' },
  { rest: ` ORCPT=rfc822;${'a'.repeat(493)}`, want: { orcpt: { type: 'rfc822', address: 'a'.repeat(493) } } },
  { rest: ` ORCPT=rfc822;${'a'.repeat(494)}`, want: '501' },
  { rest: ' NOTIFY=', want: '501 5.5.4' },
  { rest: ' NOTIFY', want: '501 5.5.4' },
  { rest: ' SIZE=1', want: '555 5.5.4' },
])
  test(`RCPT parameters ${rest}`, () => {
    const got = parseRcptParameters(rest, { smtputf8: false })
    if (typeof want === 'string') assert.ok('problem' in got && describeReply(got.problem).startsWith(want))
    else assert.deepEqual(got, want)
  })

test('parameters of any kind: a value or a reply', () => {
  const words = fc
    .array(
      fc.constantFrom(
        ' ',
        '\t',
        '=',
        'SIZE',
        'BODY',
        'ORCPT',
        'NOTIFY',
        ';',
        '+',
        '\\x{',
        '}',
        '0A',
        'rfc822',
        'utf-8',
        'ü',
        ',',
      ),
      { maxLength: 20 },
    )
    .map((pieces) => pieces.join(''))
  fc.assert(
    fc.property(words, (rest) => {
      for (const got of [parseMailParameters(rest), parseRcptParameters(rest, { smtputf8: true })])
        if ('problem' in got) assert.match(formatReply(got.problem), /^5(?:01|55) 5\.5\.4 [ -~]+\r\n$/)
    }),
    { seed, numRuns: 2000 },
  )
})

test('xtext there and back', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()),
      (text) => {
        assert.match(encodeXtext(text), /^[!-~]*$/)
        assert.equal(decodeXtext(encodeXtext(text)), text)
      },
    ),
    { seed },
  )
  for (const none of ['+', '+2', '+2b', 'a b', 'a=b', 'ü', '+C3', '+ED+A0+80'])
    assert.equal(decodeXtext(none), undefined)
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
