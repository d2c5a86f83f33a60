// SPDX-License-Identifier: Apache-2.0
/**
 * Content as it streams in: ContentScanner, Content-Type, transfer encodings, and content on its way out. Properties:
 * - the summary is that of a plain reference, however the octets are cut, and bounded: 1000 names, 200 characters;
 * - a Content-Type gives at most 32 parameters; nothing is thrown;
 * - undoing a transfer encoding gives no more octets than went in; quoted-printable comes back the same;
 * - over DATA the content comes back the same, or BareNewline refuses it; the wire scanner agrees however it is cut.
 */
import assert from 'node:assert/strict'
import { ContentScanner } from '../../../src/mime/content-scanner.ts'
import { parseContentType } from '../../../src/mime/content-type.ts'
import { fieldsOf } from '../../../src/mime/header-text.ts'
import { decodeTransferEncoding, encodeQuotedPrintable } from '../../../src/mime/transfer-encoding.ts'
import { DataScanner } from '../../../src/smtp/data-scanner.ts'
import { BareNewline, dotStuff } from '../../../src/smtp/dot-stuff.ts'
import { notices } from '../corpus.ts'
import { any, chars, LETTERS, many, maybe, nested, OBJECT_NAMES, octets, repeated, seq } from '../grammar.ts'
import { cut } from '../seed.ts'
import { type Target, textOf } from '../target.ts'
import { HEADER, NEWLINE } from './headers.ts'

const parameter = seq(
  maybe(' '),
  any('boundary', 'charset', 'name', 'report-type', 'name*0', OBJECT_NAMES, chars(LETTERS, 1, 120)),
  maybe(' '),
  any('=', ' = ', ''),
  any('x', '"x"', '"a;b\\"c"', '"', '', chars(`${LETTERS}";\\= `, 0, 30)),
)
export const CONTENT_TYPE = seq(
  any('text/plain', 'multipart/mixed', 'multipart/report', 'message/rfc822', 'TEXT/HTML', 'x', ''),
  many(seq(';', parameter), 0, 6),
)
const line = any(chars(`${LETTERS} .=`, 0, 60), '.', '..', '.x', '=', 'a=3D', 'a=', octets(0, 20), repeated('y', 200))
const text = many(seq(line, NEWLINE), 0, 12)
const part = nested(6, text, (inner) =>
  any(
    text,
    seq(
      'Content-Type: ',
      CONTENT_TYPE,
      NEWLINE,
      maybe(seq('Content-Transfer-Encoding: ', any('base64', 'quoted-printable', '8bit', 'x'), NEWLINE)),
      NEWLINE,
      any(inner, many(seq('--x', NEWLINE, inner), 1, 3)),
      maybe('--x--\r\n'),
    ),
  ),
)

export const contents: Target = {
  name: 'contents',
  grammar: any(seq(HEADER, NEWLINE, text), seq(HEADER, part), text),
  dictionary: [
    '\r\n',
    '\n',
    '\r',
    '.',
    '\r\n.',
    '\r\n.\r\n',
    '\n.\n',
    '\0',
    '--x',
    'Content-Type:',
    ';',
    '"',
    '\\',
    '=',
    '\xff',
  ],
  seeds: notices,
  shortRuns: 350,
  async check(input) {
    const whole = summarise(input, input.length + 1)
    for (const size of [1, 3, 17]) assert.deepEqual(summarise(input, size), whole, `cut in ${size}`)
    checkSummary(whole, input)
    for (const { value } of fieldsOf(input)) checkContentType(value)
    checkContentType(textOf(input))
    for (const encoding of ['base64', 'quoted-printable', ' Base64 ', '8bit', 'constructor'])
      assert.ok(decodeTransferEncoding(input, encoding).length <= input.length)
    const plain = input.toString('latin1').replace(/[\r\n]+/g, '\r\n')
    const decoded = decodeTransferEncoding(Buffer.from(encodeQuotedPrintable(plain)), 'quoted-printable')
    assert.equal(Buffer.from(decoded).toString(), plain, 'quoted-printable read again')
    await checkWire(input)
  },
}

function summarise(input: Buffer, size: number) {
  const scanner = new ContentScanner()
  for (const piece of cut(input, size)) {
    // The piece may be reused afterwards: so it is.
    const lent = Buffer.from(piece)
    scanner.push(lent)
    lent.fill(0x58)
  }
  return scanner.finish()
}

function checkSummary(summary: ReturnType<typeof summarise>, input: Buffer): void {
  const octetsOf = input.toString('latin1')
  const lines = octetsOf.split('\n').map((line, i, { length }) => (i + 1 < length ? line.replace(/\r$/, '') : line))
  assert.equal(summary.size, input.length)
  assert.equal(summary.lines, lines.length - (lines.at(-1) === '' ? 1 : 0))
  assert.equal(summary.longestLine, Math.max(...lines.map(({ length }) => length)))
  assert.equal(summary.eightBitHeader || summary.eightBitBody, /[\x80-\xff]/.test(octetsOf))
  assert.ok(summary.headerSize <= input.length)
  assert.ok(summary.fieldNames.size <= 1000)
  for (const name of summary.fieldNames) assert.match(name, /^[!-9;-~]{1,128}$/)
  for (const shown of [summary.subject ?? '', summary.messageId ?? ''])
    assert.ok(shown.isWellFormed() && [...shown].length <= 200 && !/[\u0000-\u001f\u007f-\u009f]/.test(shown))
}

function checkContentType(value: string): void {
  const { type, parameters } = parseContentType(value)
  assert.ok(parameters.size <= 32)
  assert.equal(type, type.trim().toLowerCase())
  for (const [name, text] of parameters) {
    assert.match(name, /^[!-~]{1,100}$/)
    assert.ok(value.length >= text.length)
  }
}

/** Our client speaks to our server: nothing but the content arrives, and nothing behind it. */
async function checkWire(input: Buffer): Promise<void> {
  const wire = await stuffed(input)
  if (wire === undefined) {
    const why = /\r(?!\n)|(?<!\r)\n|(?:^|\n)\0+\./
    assert.match(input.toString('latin1'), why, 'refused without a bare newline, or a NUL before a dot')
    return
  }
  // RFC 5321 §4.1.1.4: content that does not end a line gets its CRLF.
  const want =
    input.length === 0 || input.subarray(-2).toString('latin1') === '\r\n' ? input : `${input.toString('latin1')}\r\n`
  for (const size of [1, 3, 17, wire.length]) {
    const scanner = new DataScanner({ bareNewlines: 'pass' })
    const content: Buffer[] = []
    let ended = false
    for (const piece of cut(wire, size)) {
      assert.ok(!ended, 'content ends before its end')
      const got = scanner.push(piece)
      content.push(...got.content.map((slice) => Buffer.from(slice)))
      ended = got.ended
      assert.equal(got.rest?.length ?? 0, 0)
    }
    assert.ok(ended, 'content does not end')
    assert.equal(Buffer.concat(content).toString('latin1'), want.toString('latin1'), `over DATA, cut in ${size}`)
  }
}

async function stuffed(input: Buffer): Promise<Buffer | undefined> {
  const pieces = async function* (): AsyncGenerator<Uint8Array> {
    yield* cut(input, 5)
  }
  try {
    return Buffer.concat(await Array.fromAsync(dotStuff(pieces())))
  } catch (error) {
    if (error instanceof BareNewline) return undefined
    throw error
  }
}
