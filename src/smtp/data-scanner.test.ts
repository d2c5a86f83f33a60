// SPDX-License-Identifier: Apache-2.0
/**
 * Proves: the scanner agrees with a plain reference on any input however it is cut; nothing but CRLF.CRLF ends DATA;
 * what dot-stuffing sends, the scanner gives back; hostile input costs linear time.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { assertLinear } from '../../test/fuzz/linear.ts'
import { announceSeed, cut } from '../../test/fuzz/seed.ts'
import { ChunkScanner, DataScanner } from './data-scanner.ts'
import { BareNewline, dotStuff, dotStuffed } from './dot-stuff.ts'

type Mode = 'pass' | 'normalise'

function scan(bytes: Buffer, size: number, mode: Mode) {
  const scanner = new DataScanner({ bareNewlines: mode })
  const content: Uint8Array[] = []
  let at = 0
  for (const piece of cut(bytes, size)) {
    const got = scanner.push(piece)
    content.push(...got.content.map((slice) => Buffer.from(slice)))
    at += piece.length
    if (got.ended)
      return {
        text: text(content),
        ended: true,
        rest: `${text([got.rest ?? Buffer.alloc(0)])}${bytes.toString('latin1', at)}`,
        cr: scanner.bareCr,
        lf: scanner.bareLf,
        nul: scanner.nul,
      }
  }
  return { text: text(content), ended: false, rest: '', cr: scanner.bareCr, lf: scanner.bareLf, nul: scanner.nul }
}

const text = (pieces: readonly Uint8Array[]): string => Buffer.concat(pieces).toString('latin1')

/** RFC 5321 read literally, line by line. */
function reference(input: string, mode: Mode) {
  const end = `\r\n${input}`.indexOf('\r\n.\r\n')
  const body = end < 0 ? input : input.slice(0, end)
  const plain = `\r\n${body}`.replaceAll('\r\n.', '\r\n').slice(2)
  const nul = plain.match(/\0/g)?.length ?? 0
  const cr = plain.match(/\r(?!\n)/g)?.length ?? 0
  const lf = plain.match(/(?<!\r)\n/g)?.length ?? 0
  return {
    text: mode === 'pass' ? plain : plain.replace(/\r(?!\n)|(?<!\r)\n/g, '\r\n'),
    ended: end >= 0,
    rest: end < 0 ? '' : input.slice(end + 3),
    cr,
    lf,
    nul,
  }
}

for (const { name, input, content, ended } of [
  { name: 'plain', input: 'a\r\nb\r\n.\r\n', content: 'a\r\nb\r\n', ended: true },
  { name: 'empty message', input: '.\r\n', content: '', ended: true },
  { name: 'dots doubled', input: '..a\r\n...\r\n.\r\n', content: '.a\r\n..\r\n', ended: true },
  { name: 'LF.LF does not end', input: 'a\n.\nb\r\n', content: 'a\n.\nb\r\n', ended: false },
  { name: 'LF.CRLF does not end', input: 'a\n.\r\nb\r\n', content: 'a\n.\r\nb\r\n', ended: false },
  { name: 'CRLF.LF does not end', input: 'a\r\n.\nb\r\n', content: 'a\r\n\nb\r\n', ended: false },
  { name: 'CR.CR does not end', input: 'a\r.\rb\r\n', content: 'a\r.\rb\r\n', ended: false },
  { name: 'CRLF.CR does not end', input: 'a\r\n.\rb\r\n', content: 'a\r\n\rb\r\n', ended: false },
  { name: 'LFLF.CRLF does not end', input: 'a\n\n.\r\nb\r\n', content: 'a\n\n.\r\nb\r\n', ended: false },
  { name: 'NUL before the dot does not end', input: 'a\r\n\0.\r\nb\r\n', content: 'a\r\n\0.\r\nb\r\n', ended: false },
]) {
  for (const size of [1, 3, 17, 1000])
    test(`DATA: ${name}, cut in ${size}`, () => {
      const got = scan(Buffer.from(input, 'latin1'), size, 'pass')
      assert.equal(got.text, content)
      assert.equal(got.ended, ended)
    })
}

const seed = announceSeed('data scanner')
const wire = fc
  .array(fc.constantFrom('\r', '\n', '\r\n', '.', 'a', '\0', '\r\n.', 'bc'), { maxLength: 40 })
  .map((p) => p.join(''))

for (const mode of ['pass', 'normalise'] as const)
  test(`DATA agrees with the reference, ${mode}`, () => {
    fc.assert(
      fc.property(wire, fc.constantFrom(1, 3, 17, 1000), (input, size) => {
        const got = scan(Buffer.from(input, 'latin1'), size, mode)
        const want = reference(input, mode)
        // What is held back at the end (a CR, a dot) is not decided yet; an ended message has none.
        if (want.ended) assert.deepEqual(got, want)
        else assert.ok(!got.ended && want.text.startsWith(got.text))
      }),
      { seed, numRuns: 3000 },
    )
  })

for (const mode of ['pass', 'normalise'] as const)
  test(`BDAT agrees with the reference, ${mode}`, () => {
    fc.assert(
      fc.property(wire, fc.constantFrom(1, 3, 17, 1000), (input, size) => {
        const scanner = new ChunkScanner({ bareNewlines: mode })
        const got = [...cut(Buffer.from(input, 'latin1'), size)].flatMap((piece) => scanner.push(piece).content)
        const bare = /\r(?!\n)|(?<!\r)\n/g
        assert.equal(text([...got, ...scanner.finish()]), mode === 'pass' ? input : input.replace(bare, '\r\n'))
        assert.equal(scanner.bareCr, input.match(/\r(?!\n)/g)?.length ?? 0)
        assert.equal(scanner.bareLf, input.match(/(?<!\r)\n/g)?.length ?? 0)
        assert.equal(scanner.nul, input.match(/\0/g)?.length ?? 0)
      }),
      { seed, numRuns: 2000 },
    )
  })

test('what comes after the end is not content, and is not counted', () => {
  const scanner = new DataScanner({ bareNewlines: 'pass' })
  const got = scanner.push(Buffer.from('a\r\n.\r\n\0QUIT\n'))
  assert.equal(got.rest?.toString(), '\0QUIT\n')
  assert.deepEqual(scanner.push(Buffer.from('x')), { content: [], ended: true, rest: Buffer.from('x') })
  assert.deepEqual([scanner.nul, scanner.bareLf], [0, 0])
})

test('plain text is handed on in one piece, uncopied', () => {
  const bytes = Buffer.from('a line of text\r\n'.repeat(1000))
  const [only, ...more] = new DataScanner({ bareNewlines: 'normalise' }).push(bytes).content
  assert.equal(more.length, 0)
  assert.equal(only?.buffer, bytes.buffer)
  assert.equal(only.length, bytes.length)
})

test('what is stuffed is scanned back, and BDAT needs no stuffing', async () => {
  await fc.assert(
    fc.asyncProperty(wire, fc.constantFrom(1, 3, 17), async (input, size) => {
      const content = Buffer.from(input.replaceAll('\0', ''), 'latin1')
      let sent: Buffer
      try {
        sent = Buffer.concat(await Array.fromAsync(dotStuff(pieces(content, size))))
      } catch (error) {
        assert.ok(error instanceof BareNewline)
        assert.match(content.toString('latin1'), /\r(?!\n)|(?<!\r)\n/)
        return
      }
      assert.doesNotMatch(content.toString('latin1'), /\r(?!\n)|(?<!\r)\n/)
      const got = scan(sent, size, 'pass')
      const whole = content.length === 0 || input.replaceAll('\0', '').endsWith('\r\n')
      assert.equal(got.text, `${content.toString('latin1')}${whole ? '' : '\r\n'}`)
      assert.ok(got.ended && got.rest === '')
      const chunks = new ChunkScanner({ bareNewlines: 'pass' })
      const back = [...cut(content, size)].flatMap((piece) => chunks.push(piece).content.map((s) => Buffer.from(s)))
      assert.equal(text([...back, ...chunks.finish()]), content.toString('latin1'))
    }),
    { seed, numRuns: 1000 },
  )
})

async function* pieces(bytes: Buffer, size: number) {
  yield* cut(bytes, size)
}

for (const line of ['..\r\n', '\n', '\r', '\r\n', '\0', '.\r', `${'x'.repeat(20)}\n`])
  test(`much of ${JSON.stringify(line)} costs linear time`, () => {
    assertLinear((count) => {
      const bytes = Buffer.from(line.repeat(count))
      const scanner = new DataScanner({ bareNewlines: 'normalise' })
      return () => scanner.push(bytes)
    }, 40_000)
  })

test('content that is there as a whole goes out as it does in pieces, or not at all', async () => {
  const tokens = fc.constantFrom('\r\n', '\r', '\n', '.', '\0', 'x', '\r\n.')
  const content = fc.array(tokens, { maxLength: 12 }).map((list) => Buffer.from(list.join('')))
  const none = Buffer.alloc(0)
  const some = Buffer.alloc(16)
  await fc.assert(
    fc.asyncProperty(content, fc.constantFrom(1, 3, 17), fc.constantFrom(none, some), async (bytes, size, room) => {
      const inPieces = await Array.fromAsync(dotStuff(pieces(bytes, size))).then(Buffer.concat, String)
      let whole: Buffer | string
      try {
        whole = dotStuffed([...cut(bytes, size)], room)
      } catch (error) {
        whole = String(error)
      }
      assert.deepEqual(whole, inPieces)
    }),
    { seed, numRuns: 2000 },
  )
})
