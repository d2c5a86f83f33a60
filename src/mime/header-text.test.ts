// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { applyEdits, editedSize } from './apply-edits.ts'
import { parseContentType } from './content-type.ts'
import { fieldsOf, readHeader, splitHeader } from './header-text.ts'
import { decodeTransferEncoding, encodeQuotedPrintable } from './transfer-encoding.ts'
import { WholeContent } from './whole-content.ts'

async function* stream(text: string, cut = 3): AsyncIterable<Uint8Array> {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += cut) yield bytes.subarray(at, at + cut)
}

test('fieldsOf passes over junk', () => {
  const header = Buffer.from(
    ' lost\r\nA: 1\r\n 2\r\njunk line\r\n more junk\r\nb : =?utf-8?q?x?=\r\nC:\r\n\r\nD: body\r\n',
  )
  const fields = [...fieldsOf(header)].map(({ name, value, raw }) => [name, value, raw.toString()])
  assert.deepEqual(fields, [
    ['A', '1 2', 'A: 1\r\n 2\r\n'],
    ['b', '=?utf-8?q?x?=', 'b : =?utf-8?q?x?=\r\n'],
    ['C', '', 'C:\r\n'],
  ])
})

test('a value loses spaces and tabs at its ends, and no other kind of space', () => {
  const [field] = fieldsOf(Buffer.from('A: \t\u2000x\u00a0\u3000 \r\n \r\n'))
  assert.equal(field?.value, '\u2000x\u00a0\u3000')
})

test('readHeader stops reading where the header ends', async () => {
  let read = 0
  async function* endless() {
    yield Buffer.from('A: b\r\n\r\n')
    for (;;) {
      read++
      yield Buffer.alloc(1000)
    }
  }
  assert.equal((await readHeader(endless(), 1000)).toString(), 'A: b\r\n')
  assert.equal(read, 0)
})

for (const { max, want } of [
  { max: 100, want: 'A: b\r\nC: d\r\n e\r\n' },
  { max: 12, want: 'A: b\r\nC: d\r\n' },
  { max: 11, want: 'A: b\r\n' },
  { max: 5, want: '' },
]) {
  test(`readHeader keeps whole lines of at most ${max} octets`, async () =>
    assert.equal((await readHeader(stream('A: b\r\nC: d\r\n e\r\n\r\nbody'), max)).toString(), want))
}

test('readHeader gives up on one endless line', async () => {
  async function* endless() {
    yield Buffer.from('A: b\r\nC: ')
    for (;;) yield Buffer.alloc(1000, 'x')
  }
  assert.equal((await readHeader(endless(), 10_000)).toString(), 'A: b\r\n')
})

test('applyEdits: the last one ends up on top', async () => {
  const edits = [
    { edit: 'prepend', field: 'A: ä\r\n' },
    { edit: 'prepend', field: 'B: 2\r\n' },
  ] as const
  const chunks: Uint8Array[] = []
  for await (const chunk of applyEdits(stream('C: 3\r\n\r\nx'), edits)) chunks.push(chunk)
  const whole = Buffer.concat(chunks)
  assert.equal(whole.toString(), 'B: 2\r\nA: ä\r\nC: 3\r\n\r\nx')
  assert.equal(editedSize(9, edits), whole.length)
  const atOnce = applyEdits(new WholeContent([Buffer.from('C: 3\r\n'), Buffer.from('\r\nx')]), edits)
  assert.ok(atOnce instanceof WholeContent)
  assert.deepEqual(Buffer.concat(atOnce.pieces), whole)
  assert.deepEqual(Buffer.concat(await Array.fromAsync(atOnce)), whole)
  const without = applyEdits(new WholeContent([Buffer.from('C: 3\r\nD: 4\r\n\r\nx')]), [
    ...edits,
    { edit: 'remove', name: 'c' },
  ])
  assert.equal(Buffer.concat(await Array.fromAsync(without)).toString(), 'B: 2\r\nA: ä\r\nD: 4\r\n\r\nx')
})

for (const { value, type, parameters } of [
  { value: 'Text/Plain', type: 'text/plain', parameters: {} },
  { value: 'a/b; x=1; Y="q;\\"r"; x=2;;', type: 'a/b', parameters: { x: '1', y: 'q;"r' } },
  { value: 'a/b; broken; boundary="open', type: 'a/b', parameters: { boundary: 'open' } },
  { value: '', type: '', parameters: {} },
]) {
  test(`parseContentType ${value}`, () => {
    const got = parseContentType(value)
    assert.deepEqual([got.type, Object.fromEntries(got.parameters)], [type, parameters])
  })
}

for (const { encoding, text, want } of [
  { encoding: 'Quoted-Printable', text: 'a=3D=\r\nb= \t\r\nc=ZZ=C3=BC=', want: 'a=bc=ZZü=' },
  { encoding: 'base64', text: 'w7w\r\n=', want: 'ü' },
  { encoding: '8bit', text: 'ü=3D', want: 'ü=3D' },
]) {
  test(`decodeTransferEncoding ${encoding}`, () =>
    assert.equal(Buffer.from(decodeTransferEncoding(Buffer.from(text), encoding)).toString(), want))
}

test('readers of headers: fuzz', () => {
  const piece = fc.constantFrom('\r\n', '\n', ' ', ':', ';', '=', '"', '\\', 'a', 'Content-Type: ', 'é', '\r')
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      const bytes = Buffer.from(pieces.join(''))
      const { header, body } = splitHeader(bytes)
      assert.ok(header.length + body.length <= bytes.length)
      for (const { name, value, raw } of fieldsOf(header)) {
        assert.ok(name.length > 0 && raw.length > name.length)
        parseContentType(value)
      }
      for (const encoding of ['base64', 'quoted-printable']) decodeTransferEncoding(bytes, encoding)
    }),
    { numRuns: 2000 },
  )
})

test('quoted-printable goes there and back, in lines of at most 76', () => {
  const line = fc.string({ unit: fc.constantFrom('a', '=', ' ', 'é', '☺', '\t', '.'), maxLength: 200 })
  fc.assert(
    fc.property(fc.array(line, { maxLength: 4 }), (lines) => {
      const text = lines.join('\r\n')
      const encoded = encodeQuotedPrintable(text)
      for (const encodedLine of encoded.split('\r\n')) assert.match(encodedLine, /^(?:[!-~ ]{0,75}[!-~])?$/)
      assert.equal(Buffer.from(decodeTransferEncoding(Buffer.from(encoded), 'quoted-printable')).toString(), text)
    }),
  )
})
