// SPDX-License-Identifier: Apache-2.0
/**
 * Proves: parts with long lines become quoted-printable and mean what they meant; everything else stays octet for octet,
 * and what has no long line altogether; however the content was cut, and in linear time.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { encodeLongLines, planLineLength } from './line-length.ts'
import { decodeTransferEncoding } from './transfer-encoding.ts'

async function* cutUp(content: Uint8Array, cut: number): AsyncGenerator<Uint8Array> {
  const reused = Buffer.alloc(cut)
  for (let at = 0; at < content.length; at += cut) {
    const piece = content.subarray(at, at + cut)
    reused.set(piece)
    yield reused.subarray(0, piece.length) // one chunk used again and again, as a store may
  }
}

async function encoded(text: string, max = 76, cut = 65_536): Promise<{ plan: number[]; text: string }> {
  const content = Buffer.from(text, 'latin1')
  const plan = await planLineLength(cutUp(content, cut), max)
  const out: Buffer[] = []
  // A copy: as for every stream, a piece is gone when the next one is asked for.
  for await (const piece of encodeLongLines(cutUp(content, cut), plan)) out.push(Buffer.from(piece))
  return { plan: [...plan], text: plan.size === 0 ? text : Buffer.concat(out).toString('latin1') }
}

const LONG = 'x'.repeat(100)
const SOFT = `${'x'.repeat(75)}=\r\n${'x'.repeat(25)}`
const QP = 'Content-Transfer-Encoding: quoted-printable'
const lines = (...all: string[]): string => all.map((line) => `${line}\r\n`).join('')
const TOP = ['From: a@example.org', 'MIME-Version: 1.0']

for (const { name, given, want } of [
  {
    name: 'a message without MIME',
    given: lines('Subject: a', '', 'caf\xe9 ', LONG),
    want: lines('Subject: a', 'MIME-Version: 1.0', 'Content-Type: text/plain', QP, '', 'caf=E9=20', SOFT),
  },
  {
    name: 'a type, but no version',
    given: lines('Content-Type: text/html', '', LONG),
    want: lines('Content-Type: text/html', 'MIME-Version: 1.0', QP, '', SOFT),
  },
  { name: 'an encoding is replaced', given: lines(...TOP, 'content-transfer-encoding:', ' 8bit', 'A: b', '', LONG), want: lines(...TOP, 'A: b', QP, '', SOFT) },
  { name: 'no text, in lines', given: lines(...TOP, 'Content-Type: application/xml', '', LONG), want: lines(...TOP, 'Content-Type: application/xml', QP, '', SOFT) },
  { name: 'no line end at the end', given: `A: b\r\nMIME-Version: 1.0\r\n\r\n${LONG}`, want: `A: b\r\nMIME-Version: 1.0\r\n${QP}\r\n\r\n${SOFT}` },
  {
    name: 'a body that begins without an empty line, and that would look like a field',
    given: lines(...TOP, '\xe9: y', LONG),
    want: lines(...TOP, QP, '', '=E9: y', SOFT),
  },
  { name: 'no header at all', given: lines('', LONG), want: lines('MIME-Version: 1.0', 'Content-Type: text/plain', QP, '', SOFT) },
  {
    name: 'the parts that need it, in multiparts in multiparts',
    given: lines(
      ...TOP, 'Content-Type: multipart/mixed;', ' boundary="a b"', '', LONG,
      '--a b', 'Content-Type: multipart/alternative; boundary=a', '', LONG,
      '--a', '', LONG, '--a  ', 'Content-Type: text/html', '', 'short', '--a--', LONG,
      '--a b', 'Content-Transfer-Encoding: 7bit', '', LONG, '--a b--', LONG,
    ),
    want: lines(
      ...TOP, 'Content-Type: multipart/mixed;', ' boundary="a b"', '', LONG,
      '--a b', 'Content-Type: multipart/alternative; boundary=a', '', LONG,
      '--a', QP, '', SOFT, '--a  ', 'Content-Type: text/html', '', 'short', '--a--', LONG,
      '--a b', QP, '', SOFT, '--a b--', LONG,
    ),
  },
  {
    name: 'a header that a delimiter cuts off does not lead astray',
    given: lines(...TOP, 'Content-Type: multipart/mixed; boundary=b', '', '--b', 'A: b', '--b', 'Content-Transfer-Encoding: 7bit', '', LONG, '--b--'),
    want: lines(...TOP, 'Content-Type: multipart/mixed; boundary=b', '', '--b', 'A: b', '--b', QP, '', SOFT, '--b--'),
  },
  {
    name: 'no new delimiter is made by a soft line break',
    given: lines(...TOP, 'Content-Type: multipart/mixed; boundary=b', '', '--b', '', `${'x'.repeat(75)}--b`, '--b--'),
    want: lines(...TOP, 'Content-Type: multipart/mixed; boundary=b', '', '--b', QP, '', `${'x'.repeat(75)}=`, '=2D-b', '--b--'),
  },
]) // biome-ignore format: kept
  test(`encoded: ${name}`, async () => assert.equal((await encoded(given)).text, want))

const multipart = (type: string, ...body: string[]): string =>
  lines(...TOP, `Content-Type: ${type}; boundary=b`, '', ...body)

for (const [name, given] of Object.entries({
  'no long line': lines(...TOP, '', 'x'.repeat(76)),
  'a long line of the header': lines(...TOP, `Subject: ${LONG}`, '', 'short'),
  base64: lines(...TOP, 'Content-Transfer-Encoding: Base64', '', LONG),
  'quoted-printable': lines(...TOP, 'Content-Transfer-Encoding: quoted-printable', '', LONG),
  binary: lines(...TOP, 'Content-Transfer-Encoding: binary', '', LONG),
  'an encoding nobody knows': lines(...TOP, 'Content-Transfer-Encoding: x-uue', '', LONG),
  'two encodings': lines(...TOP, 'Content-Transfer-Encoding: 7bit', 'Content-Transfer-Encoding: base64', '', LONG),
  'a type nobody can read': lines(...TOP, 'Content-Type: ???', '', LONG),
  'a message in the message': lines(...TOP, 'Content-Type: message/rfc822', '', 'A: b', '', LONG),
  'a digest': multipart('multipart/digest', '--b', '', 'A: b', '', LONG, '--b--'),
  'something signed': multipart('multipart/signed', '--b', '', LONG, '--b', '', 'signature', '--b--'),
  'something encrypted': multipart('multipart/encrypted', '--b', '', LONG, '--b--'),
  'a multipart without a boundary': lines(...TOP, 'Content-Type: multipart/mixed', '', '--b', '', LONG, '--b--'),
  'a multipart that is encoded':
    multipart('multipart/mixed', '').replace('\r\n\r\n', lines('', 'Content-Transfer-Encoding: base64', '')) + LONG,
  'preamble and epilogue': multipart('multipart/mixed', LONG, '--b', '', 'short', '--b--', LONG),
  'a line that some take for a delimiter': multipart('multipart/mixed', '--b', '', LONG, '--bc', LONG, '--b--'),
  'the same in a header': multipart('multipart/mixed', '--b', '--bc: d', '', LONG, '--b--'),
  'LF alone': `${lines(...TOP, '', LONG)}a\n`,
  nothing: '',
}))
  test(`unchanged: ${name}`, async () => {
    assert.deepEqual((await encoded(given)).plan, [])
    // And the rewriting stream itself changes nothing that is not planned, but for what says that this is MIME.
    if (given.includes('MIME-Version'))
      assert.equal(
        (await collect(encodeLongLines(cutUp(Buffer.from(given, 'latin1'), 7), new Set([-1])))).toString('latin1'),
        given,
      )
  })

async function collect(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const out: Buffer[] = []
  for await (const piece of content) out.push(Buffer.from(piece))
  return Buffer.concat(out)
}

test('signed within mixed stays, its neighbour does not', async () => {
  const signed = lines('Content-Type: multipart/signed; boundary=s', '', '--s', '', LONG, '--s', '', 'sig', '--s--')
  const given = multipart('multipart/mixed', '--b') + signed + lines('--b', '', LONG, '--b--')
  const want = multipart('multipart/mixed', '--b') + signed + lines('--b', QP, '', SOFT, '--b--')
  assert.equal((await encoded(given)).text, want)
})

test('multiparts too deep are passed', async () => {
  const nested = (depth: number): string => {
    const open = Array.from({ length: depth }, (_, i) =>
      lines(`Content-Type: multipart/mixed; boundary=b${i}x`, '', `--b${i}x`),
    )
    return lines(...TOP) + open.join('') + lines('', LONG)
  }
  assert.deepEqual((await encoded(nested(20))).plan, [20])
  assert.deepEqual((await encoded(nested(21))).plan, [])
})

/** One part a message, so that the whole can be undone by hand. */
test('a changed body decodes to what it was, and no line of it is too long', async () => {
  const piece = fc.constantFrom('\r\n', ' ', '\t', '=', '-', '--', '\r', 'é', 'x'.repeat(50), 'y', '\0', 'From ')
  await fc.assert(
    fc.asyncProperty(
      fc.array(piece, { maxLength: 60 }),
      fc.integer({ min: 76, max: 998 }),
      fc.integer({ min: 1, max: 9 }),
      async (pieces, max, cut) => {
        const body = Buffer.from(pieces.join('')).toString('latin1')
        const given = `${lines(...TOP)}\r\n${body}`
        const { plan, text } = await encoded(given, max, cut)
        const longest = Math.max(...body.split('\r\n').map((line) => line.length))
        assert.equal(plan.length > 0, longest > max)
        const after = text.slice(text.indexOf('\r\n\r\n') + 4)
        if (plan.length === 0) assert.equal(text, given)
        else {
          assert.equal(
            Buffer.from(decodeTransferEncoding(Buffer.from(after, 'latin1'), 'quoted-printable')).toString('latin1'),
            body,
          )
          for (const line of after.split('\r\n')) assert.ok(line.length <= 76)
        }
        assert.equal(text, (await encoded(given, max)).text)
      },
    ),
  )
})

/** Whatever comes: the same however it was cut, what is encoded needs nothing more, and a message keeps its parts. */
test('fuzz', async () => {
  const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31)
  const piece = fc.constantFrom(
    '\r\n', '\r\n', '\r\n\r\n', '--b', '--b--', '--c', '\r\n--b\r\n', '\r\n--c\r\n\r\n', '\r\n--b--\r\n', ' ', '\t', '-', '\r', '\n', '\xff', 'é', LONG, 'a: b\r\n', ':', '"', ';',
    'MIME-Version: 1.0\r\n', 'Content-Type: multipart/mixed; boundary=b\r\n\r\n', 'Content-Type: multipart/mixed; boundary="c"\r\n\r\n',
    'Content-Type: multipart/signed; boundary=c\r\n\r\n', 'Content-Type: text/html\r\n', 'Content-Type: message/rfc822\r\n',
    'Content-Transfer-Encoding: 8bit\r\n', 'Content-Transfer-Encoding: base64\r\n',
  ) // biome-ignore format: kept
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 40 }), fc.integer({ min: 1, max: 50 }), async (pieces, cut) => {
        const given = Buffer.from(pieces.join('')).toString('latin1')
        const once = await encoded(given)
        assert.deepEqual(await encoded(given, 76, cut), once)
        if (once.plan.length === 0) return
        assert.deepEqual((await encoded(once.text)).plan, [])
        const delimiters = (text: string) =>
          text.split('\r\n').filter((line) => /^--[bc](--)?[ \t]*$/.test(line)).length
        assert.ok(delimiters(once.text) <= delimiters(given))
      }),
      { seed, numRuns: 1000 },
    )
  } catch (error) {
    console.error(`FUZZ_SEED=${seed}`)
    throw error
  }
})

test('linear: what is looked at and kept does not grow with lines, headers and parts', async () => {
  const many = 20_000
  for (const given of [
    multipart('multipart/mixed', '--b', '', LONG).concat(lines('--b', '', LONG).repeat(many)),
    multipart('multipart/mixed', '--b').concat('--bc'.repeat(many)),
    lines(...TOP, `Content-Type: text/plain; ${' a=b;'.repeat(many)}`, '', LONG),
    `${lines(...TOP)}${'Content-Type: text/plain\r\n'.repeat(many)}\r\n${LONG}`,
    `${lines(...TOP, '')}${'-'.repeat(50 * many)}`,
  ])
    await encoded(given, 76, 4096)
})
