// SPDX-License-Identifier: Apache-2.0
/** Proves: what is encoded decodes to the same octets, in lines of at most 76 characters, however it was cut. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { QuotedPrintableEncoder } from './quoted-printable.ts'
import { decodeTransferEncoding } from './transfer-encoding.ts'

function encode(text: string | Uint8Array, cut = 65_536): string {
  const bytes = typeof text === 'string' ? Buffer.from(text, 'latin1') : text
  const encoder = new QuotedPrintableEncoder()
  const out: Buffer[] = []
  for (let at = 0; at < bytes.length; at += cut) out.push(encoder.push(bytes.slice(at, at + cut)))
  return Buffer.concat([...out, encoder.end()]).toString('latin1')
}

for (const [name, given, want] of [
  ['nothing', '', ''],
  ['text', 'hello world\r\n', 'hello world\r\n'],
  ['no line end', 'hello', 'hello'],
  ['an equals sign', 'a=b\r\n', 'a=3Db\r\n'],
  ['octets over 127', 'caf\xe9\r\n', 'caf=E9\r\n'],
  ['controls', '\0\x7f\r\n', '=00=7F\r\n'],
  ['blanks inside', 'a \tb\r\n', 'a \tb\r\n'],
  ['blanks at the end of a line', 'a  \r\nb\t\r\n', 'a =20\r\nb=09\r\n'],
  ['a blank at the very end', 'a ', 'a=20'],
  ['a blank alone', ' \r\n', '=20\r\n'],
  ['CR and LF alone', 'a\rb\nc \r \n\r', 'a=0Db=0Ac =0D =0A=0D'],
  ['CR before CRLF', 'a \r\r\n', 'a =0D\r\n'],
  ['a hyphen in front', '--b\r\na-b\r\n', '=2D-b\r\na-b\r\n'],
  ['75 fit', `${'x'.repeat(75)}\r\n`, `${'x'.repeat(75)}\r\n`],
  ['more do not', `${'x'.repeat(76)}\r\n`, `${'x'.repeat(75)}=\r\nx\r\n`],
  ['nothing that looks like a delimiter after a soft break', `${'x'.repeat(75)}--b`, `${'x'.repeat(75)}=\r\n=2D-b`],
  ['an encoded octet is not cut', `${'x'.repeat(74)}\xff`, `${'x'.repeat(74)}=\r\n=FF`],
] as const)
  test(`quoted-printable: ${name}`, () => assert.equal(encode(given), want))

/** Text with all that matters, more often than chance would have it. */
const octets = fc.oneof(
  fc.uint8Array({ maxLength: 400 }),
  fc
    .array(fc.constantFrom('\r\n', '\r', '\n', ' ', '\t', '=', '-', '--', '.', 'é', 'x'.repeat(60), 'a'), {
      maxLength: 60,
    })
    .map((pieces) => new Uint8Array(Buffer.from(pieces.join('')))),
)

test('decoded again it is what it was; its lines are short, without blanks at their ends, of ASCII alone', () => {
  fc.assert(
    fc.property(octets, (bytes) => {
      const encoded = encode(bytes)
      assert.deepEqual(
        Buffer.from(decodeTransferEncoding(Buffer.from(encoded, 'latin1'), 'quoted-printable')),
        Buffer.from(bytes),
      )
      assert.match(encoded, /^[\t\r\n -~]*$/)
      for (const line of encoded.split('\r\n')) assert.match(line, /^(?!-)(?!.*[ \t\r\n]$)[^\r\n]{0,76}$/)
    }),
  )
})

test('however it was cut', () => {
  fc.assert(
    fc.property(octets, fc.integer({ min: 1, max: 9 }), (bytes, cut) => {
      assert.equal(encode(bytes, cut), encode(bytes))
    }),
  )
})
