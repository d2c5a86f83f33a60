// SPDX-License-Identifier: Apache-2.0
/**
 * Headers: readHeader, fieldsOf, splitHeader, encoded words, and fields as we write them. Properties:
 * - where a header ends is the same for all that read one (ContentScanner too), however the octets are cut;
 * - no reader keeps more than it was told to; fields are views of the header, in order, and do not overlap;
 * - decoding never throws, and what is encoded comes back the same;
 * - whatever is written as the value of a field is one field, of lines within 998 octets.
 */
import assert from 'node:assert/strict'
import { ContentScanner } from '../../../src/mime/content-scanner.ts'
import { decodeWords, encodeText, encodeWords, headerText } from '../../../src/mime/encoded-word.ts'
import { addressField, field } from '../../../src/mime/fields.ts'
import { fieldsOf, readHeader, splitHeader } from '../../../src/mime/header-text.ts'
import { notices } from '../corpus.ts'
import { any, chars, LETTERS, many, maybe, OBJECT_NAMES, octets, repeated, seq, utf8 } from '../grammar.ts'
import { cut } from '../seed.ts'
import { type Target, textOf } from '../target.ts'

export const NEWLINE = any('\r\n', '\r\n', '\r\n', '\r\n', '\n', '\r')
const word = seq(
  '=?',
  any('utf-8', 'iso-8859-1', 'UTF-8*en', 'gb18030', 'x-none', 'utf-16le', ''),
  '?',
  any('q', 'Q', 'b', 'B', 'x', ''),
  '?',
  any('a=20b', 'gr=C3=BC', '=', '=zz', 'Z3LDvMOf', 'Z3L', '_', chars(`${LETTERS}=_?+/`, 0, 70)),
  '?=',
)
export const VALUE = many(
  any(chars(`${LETTERS} `, 0, 20), word, utf8('grüße'), '\xff', '"', '(', ')', '<a@b>', ',', ';', '\t', '  ', '\0'),
  0,
  8,
  maybe(seq(NEWLINE, any(' ', '\t', '')), 0.2),
)
export const NAME = any(
  'From',
  'To',
  'Subject',
  'Received',
  'Message-ID',
  'Content-Type',
  'Date',
  OBJECT_NAMES,
  chars(`${LETTERS}-`, 1, 90),
)
export const FIELD = seq(NAME, any(':', ': ', ' :', '\t:', ''), VALUE, NEWLINE)
export const HEADER = many(any(FIELD, FIELD, FIELD, FIELD, octets(0, 12), repeated('x', 300), 'From x y\n'), 0, 10)

export const headers: Target = {
  name: 'headers',
  grammar: seq(HEADER, NEWLINE, octets(0, 30)),
  dictionary: [
    ':',
    ': ',
    '\r\n',
    '\n',
    '\r',
    '\r\n ',
    '\r\n\r\n',
    '=?',
    '?=',
    '?q?',
    '?b?',
    'Subject:',
    '__proto__:',
    '\xff',
  ],
  seeds: notices.map((notice) => notice.subarray(0, 1500)),
  shortRuns: 300,
  async check(input) {
    const { header, body } = splitHeader(input)
    assert.equal(headerSize(input), header.length, 'ContentScanner ends the header elsewhere')
    for (const size of [1, 3, 17, input.length + 1]) {
      const read = await readHeader(pieces(input, size), input.length + 1)
      assert.ok(read.equals(header), `readHeader, cut in ${size}, ends the header elsewhere`)
    }
    assert.ok(header.length + body.length <= input.length && header.length + body.length + 2 >= input.length)
    for (const limit of [0, 1, 10, header.length]) {
      const read = await readHeader(pieces(input, 7), limit)
      assert.ok(read.length <= limit && header.subarray(0, read.length).equals(read))
    }
    let end = 0
    for (const { name, raw, value } of fieldsOf(header)) {
      assert.match(name, /^[!-9;-~]+$/)
      const at = raw.byteOffset - input.byteOffset
      assert.ok(at >= end && at + raw.length <= header.length, 'a field outside the header')
      end = at + raw.length
      decodeWords(value)
    }
    checkWriting(textOf(input))
  },
}

function headerSize(input: Buffer): number {
  const scanner = new ContentScanner()
  scanner.push(input)
  return scanner.finish().headerSize
}

async function* pieces(input: Buffer, size: number): AsyncGenerator<Uint8Array> {
  yield* cut(input, size)
}

function checkWriting(text: string): void {
  headerText(Buffer.from(text, 'latin1'))
  assert.equal(decodeWords(encodeWords(text)), text, 'encoded words read again')
  for (const value of [text, encodeText(text)]) checkField(field('X-Value', value))
  checkField(addressField('To', [{ name: text, address: 'a@b.example' }, { address: 'c@d.example' }]))
}

function checkField(written: string): void {
  const octets = Buffer.from(written)
  const found = [...fieldsOf(octets)]
  assert.equal(found.length, 1, 'a value became more than one field')
  assert.equal(found[0]?.raw.length, octets.length)
  const lines = written.split('\r\n')
  assert.equal(lines.pop(), '')
  for (const line of lines) {
    assert.doesNotMatch(line, /[\u0000-\u0008\u000a-\u001f\u007f]|^[ \t]*$/)
    assert.ok(Buffer.byteLength(line) <= 998, 'a line of more than 998 octets') // RFC 5322 §2.1.1
  }
}
