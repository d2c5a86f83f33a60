// SPDX-License-Identifier: Apache-2.0
/** Properties: decoding never fails and is linear; what we encode decodes to the same, in words that RFC 2047 §2 allows. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeWords, encodeText, encodeWords, headerText } from './encoded-word.ts'

for (const { text, want } of [
  // RFC 2047 §8
  { text: '=?ISO-8859-1?Q?a?=', want: 'a' },
  { text: '=?ISO-8859-1?Q?a?= b', want: 'a b' },
  { text: '=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=', want: 'ab' },
  { text: '=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=', want: 'ab' },
  { text: '=?ISO-8859-1?Q?a?=\r\n    =?ISO-8859-1?Q?b?=', want: 'ab' },
  { text: '=?ISO-8859-1?Q?a_b?=', want: 'a b' },
  { text: '=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=', want: 'a b' },
  { text: '=?US-ASCII*EN?Q?Keith_Moore?=', want: 'Keith Moore' }, // RFC 2231 §5
  { text: '=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=', want: '日本' },
  { text: '=?windows-1251?Q?=CF=F0=E8=E2=E5=F2?=', want: 'Привет' },
  { text: '=?utf-8?b?w7w=?= and =?utf-8?q?=C3=9F?=', want: 'ü and ß' },
  { text: '=?utf-8?q?=C3?= =?utf-8?q?=BC?=', want: 'ü' }, // a character split between words
  { text: '=?utf-8?b?8J+Y?= =?UTF-8?q?=80?=', want: '😀' },
  { text: '=?x-nobody-knows?q?a?=', want: '=?x-nobody-knows?q?a?=' },
  { text: '=?utf-8?z?a?=', want: '=?utf-8?z?a?=' },
  { text: '=?utf-8?b?w7*?=', want: '=?utf-8?b?w7*?=' },
  { text: '=?utf-8?q?a', want: '=?utf-8?q?a' },
  { text: '=?utf-8?q??=x', want: 'x' },
  { text: '=?=?utf-8?q?a?=', want: '=?a' },
  { text: '=?utf-8?q?a=ZZb?=', want: 'a=ZZb' },
  { text: '=?utf-8?q?=FF?=', want: '\ufffd' },
  { text: 'plain = ? text', want: 'plain = ? text' },
]) {
  test(`decodeWords ${JSON.stringify(text)}`, () => assert.equal(decodeWords(text), want))
}

test('what we encode decodes to itself, in words of at most 75 characters', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
      const encoded = encodeWords(text)
      assert.equal(decodeWords(encoded), text.toWellFormed())
      for (const word of encoded.split(' ')) assert.ok(word.length <= 75 && /^[!-~]*$/.test(word), word)
      assert.equal(decodeWords(encodeText(text)), text.toWellFormed())
    }),
  )
})

test('decodeWords: fuzz', () => {
  const piece = fc.constantFrom(
    '=?',
    '?=',
    '?',
    'utf-8',
    'q',
    'b',
    '=C3',
    '=BC',
    ' ',
    '\r\n ',
    'w7w=',
    'x',
    '_',
    '*',
    'é',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      assert.equal(typeof decodeWords(pieces.join('')), 'string')
    }),
    { numRuns: 3000 },
  )
})

for (const [name, hostile] of [
  ['openings', '=?'.repeat(500_000)],
  ['words without an end', '=?u?q?'.repeat(200_000)],
  ['charsets that nobody knows', '=?u?q?a?= '.repeat(20_000)],
  ['white space between', `=?utf-8?q?a?=${' '.repeat(500_000)}=?utf-8?q?b?=`],
  ['many words', '=?utf-8?q?a?= '.repeat(50_000)],
] as const) {
  test(`decodeWords is linear: ${name}`, { timeout: 5000 }, () => assert.ok(decodeWords(hostile).length > 0))
}

test('headerText shows octets that are no UTF-8', () => {
  assert.equal(headerText(Buffer.from('grüße')), 'grüße')
  assert.equal(headerText(Buffer.from('grüße', 'latin1')), 'grüße')
})
