// SPDX-License-Identifier: Apache-2.0
/**
 * Properties: the summary does not depend on how the content was cut; it agrees with a plain model that holds the
 * whole content; memory and time stay bounded whatever comes.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ContentScanner, type ScannedSummary } from './content-scanner.ts'
import { readHeader, splitHeader } from './header-text.ts'

function scan(content: string | Uint8Array, cut = 65_536, localHost = ''): ScannedSummary {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content
  const scanner = new ContentScanner(localHost)
  const reused = Buffer.alloc(cut)
  for (let at = 0; at < bytes.length; at += cut) {
    const piece = bytes.subarray(at, at + cut)
    reused.set(piece)
    scanner.push(reused.subarray(0, piece.length)) // one chunk used again and again, as a socket may
  }
  return scanner.finish()
}

const PLAIN = { continues: false, eightBitHeader: false, eightBitBody: false }

interface Row {
  readonly name: string
  readonly content: string
  readonly want: Partial<Omit<ScannedSummary, 'fieldNames'>> & { readonly names?: readonly string[] }
}

const rows: Row[] = [
  {
    name: 'header and body',
    content: 'Received: a\r\nreceived: b\r\n c\r\nSubject: hi\r\n\r\nbody\r\n',
    want: {
      ...PLAIN,
      size: 51,
      headerSize: 43,
      receivedFields: 2,
      subject: 'hi',
      lines: 6,
      longestLine: 11,
      names: ['received', 'subject'],
    },
  },
  { name: 'nothing', content: '', want: { ...PLAIN, size: 0, headerSize: 0, lines: 0, longestLine: 0, names: [] } },
  { name: 'no body', content: 'A: b', want: { size: 4, headerSize: 4, lines: 1, longestLine: 4, names: ['a'] } },
  { name: 'no header', content: '\r\nA: b\r\n', want: { headerSize: 0, names: [] } },
  { name: 'a blank in front', content: ' x\r\nA: b\r\n', want: { continues: true, headerSize: 0, names: [] } },
  {
    name: 'a line that is no field ends the header',
    content: 'A: b\r\nhello\r\nC: d\r\n',
    want: { headerSize: 6, names: ['a'] },
  },
  {
    name: 'its octets belong to the body',
    content: 'A: b\r\nhellö\r\n',
    want: { eightBitHeader: false, eightBitBody: true },
  },
  { name: 'a continuation with nothing to continue', content: ' x\r\nA: b\r\n', want: { headerSize: 0, names: [] } },
  { name: 'white space before the colon', content: 'Subject : s\r\n', want: { subject: 's', names: ['subject'] } },
  { name: 'a line of white space continues the field', content: 'A: b\r\n \r\nC: d\r\n', want: { names: ['a', 'c'] } },
  { name: 'the first of two subjects', content: 'Subject: 1\r\nSubject: 2\r\n', want: { subject: '1' } },
  {
    name: 'encoded and folded subject',
    content: 'Subject: =?utf-8?q?gr=C3=BC?=\r\n =?utf-8?q?=C3=9Fe?=\r\n',
    want: { subject: 'grüße' },
  },
  {
    name: 'subject in raw UTF-8',
    content: 'Subject: grüße\r\n',
    want: { subject: 'grüße', eightBitHeader: true, eightBitBody: false },
  },
  { name: 'subject cut', content: `Subject: ${'é'.repeat(300)}\r\n`, want: { subject: 'é'.repeat(200) } },
  {
    name: 'control characters do not reach the trace',
    content: 'Subject: =?us-ascii?q?a=1B[31mb=0Ac?=\r\n',
    want: { subject: 'a [31mb c' },
  },
  { name: 'Message-ID as it stands', content: 'Message-ID:\r\n <a@b>\r\n', want: { messageId: '<a@b>' } },
  { name: 'bare CR and bare LF', content: 'A: b\r\n\r\na\rb\nc\r\r\nd\n\r', want: { lines: 6, longestLine: 4 } },
  { name: 'CR at the very end', content: '\r\na\r', want: { lines: 2, longestLine: 2 } },
  {
    name: 'header with bare LF',
    content: 'A: b\nC: d\n\nE: f\n',
    want: { headerSize: 10, lines: 4, names: ['a', 'c'] },
  },
  { name: 'longest line', content: `\r\n${'x'.repeat(2000)}\r\nyy`, want: { longestLine: 2000, lines: 3 } },
]

for (const {
  name,
  content,
  want: { names, ...want },
} of rows) {
  test(`scan: ${name}`, () => {
    for (const cut of [1, 3, 17, 65_536]) {
      const { fieldNames, ...got } = scan(content, cut)
      for (const [key, value] of Object.entries(want))
        assert.deepEqual(Reflect.get(got, key), value, `${key}, cut ${cut}`)
      if (names !== undefined) assert.deepEqual([...fieldNames], names)
    }
  })
}

for (const { value, names } of [
  { value: 'from x by mx.example.org with SMTP', names: true },
  { value: 'from x\r\n by MX.EXAMPLE.ORG; Mon', names: true },
  { value: 'from mx.example.org ([192.0.2.1]) by x', names: true },
  { value: 'from x (mx.example.org. [192.0.2.1]) by y', names: true },
  { value: 'by x for <kim@mx.example.org>', names: false },
  { value: 'by amx.example.org', names: false },
  { value: 'by a.mx.example.org', names: false },
  { value: 'by mx.example.org.net', names: false },
  { value: 'by mx-example.org', names: false },
])
  test(`scan: ${JSON.stringify(value)} ${names ? 'names' : 'does not name'} the local host`, () => {
    const content = `Received: ${value}\r\nX-Received: by mx.example.org\r\nSubject: by mx.example.org\r\n\r\nReceived: by mx.example.org\r\n`
    for (const cut of [1, 3, 17, 65_536])
      assert.equal(scan(content, cut, 'mx.example.org').localReceivedFields, names ? 1 : 0, `cut ${cut}`)
    assert.equal(scan(content).localReceivedFields, 0)
  })

test('scan: what is kept is bounded', () => {
  const many = Array.from({ length: 5000 }, (_, i) => `X-${i}: y\r\n`).join('')
  assert.equal(scan(many).fieldNames.size, 1000)
  assert.deepEqual([...scan(`${'n'.repeat(129)}: long\r\nA: b\r\n`).fieldNames], ['a'])
  const folded = `Subject: s\r\n${' x\r\n'.repeat(100_000)}\r\n`
  assert.equal(scan(folded).headerSize, folded.length - 2)
})

test('headerTooBig counts what was read of the header and nothing else', () => {
  const scanner = new ContentScanner()
  scanner.push(Buffer.from('A: bcd'))
  assert.equal(scanner.headerTooBig(5), true)
  assert.equal(scanner.headerTooBig(6), false)
  scanner.push(Buffer.from(`\r\n\r\n${'x'.repeat(100)}`))
  assert.equal(scanner.headerTooBig(7), true)
  assert.equal(scanner.headerTooBig(8), false)
})

/** Hostile-looking content: pieces that matter to the scanner, in any order. */
const piece = fc.constantFrom(
  '\r',
  '\n',
  '\r\n',
  ' ',
  '\t',
  ':',
  'Subject: ',
  'Received:',
  'x',
  'Message-ID: ',
  'é',
  '\0',
  '=?utf-8?q?',
  '?=',
  'A: b\r\n',
)
const content = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(''))

test('scan: fuzz against a model that holds everything', () => {
  fc.assert(
    fc.property(content, fc.integer({ min: 1, max: 20 }), (text, cut) => {
      const bytes = Buffer.from(text)
      const got = scan(bytes, cut)
      assert.deepEqual(got, scan(bytes))
      assert.equal(got.lines, text.split('\n').length - (text === '' || text.endsWith('\n') ? 1 : 0))
      assert.equal(got.longestLine, Math.max(...text.split(/\r?\n/).map((line) => Buffer.byteLength(line))))
      assert.equal(got.size, bytes.length)
      const { header } = splitHeader(bytes)
      assert.equal(got.headerSize, header.length)
      assert.equal(
        got.eightBitHeader,
        header.some((octet) => octet > 127),
      )
      assert.equal(
        got.eightBitBody,
        bytes.subarray(header.length).some((octet) => octet > 127),
      )
    }),
    { numRuns: 2000 },
  )
})

test('readHeader and splitHeader agree however the content is cut', async () => {
  await fc.assert(
    fc.asyncProperty(content, fc.integer({ min: 1, max: 20 }), async (text, cut) => {
      const bytes = Buffer.from(text)
      async function* stream() {
        for (let at = 0; at < bytes.length; at += cut) yield bytes.subarray(at, at + cut)
      }
      assert.deepEqual(await readHeader(stream(), 1e6), splitHeader(bytes).header)
    }),
    { numRuns: 500 },
  )
})
