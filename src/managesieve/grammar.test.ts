// SPDX-License-Identifier: Apache-2.0
/**
 * Proves: lines are read the same however their octets are cut; what is written is what is read; a broken line never
 * lets the octets of a literal through as commands; memory is bounded by the limits, not by what is announced; time is
 * linear.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { announceSeed, cut } from '../../test/fuzz/seed.ts'
import { CommandReader, type Line, type ReaderLimits, type Word } from './grammar.ts'

const seed = announceSeed('ManageSieve grammar')
const LIMITS: ReaderLimits = { lineOctets: 3000, keptOctets: 2500, readOctets: 5000 }

function read(pieces: Iterable<Uint8Array>, limits = LIMITS): Line[] {
  const reader = new CommandReader(limits)
  const lines: Line[] = []
  for (const piece of pieces) {
    reader.push(Buffer.from(piece))
    for (let line = reader.next(); line !== undefined; line = reader.next()) lines.push(line)
  }
  return lines
}

/** Words as a test writes them: text for a string, `=` before an atom, `!` before the size of what was dropped. */
const show = (line: Line): unknown =>
  line.kind !== 'words'
    ? line.kind
    : line.words.map((word) => {
        if (word.kind === 'string') return word.octets.toString('latin1')
        if (word.kind === 'number') return word.value
        return word.kind === 'atom' ? `=${word.text}` : `!${word.size}`
      })

for (const { input, want } of [
  { input: 'NOOP\r\n', want: [['=NOOP']] },
  { input: 'noop "a" 12\r\n', want: [['=noop', 'a', 12]] },
  { input: '\r\n', want: [[]] },
  { input: 'A  "b"  \r\n', want: [['=A', 'b']] },
  { input: '"a\\"b\\\\c"\r\n', want: [['a"b\\c']] },
  { input: '""\r\n', want: [['']] },
  { input: 'P {3+}\r\na\r\n {0+}\r\n\r\n', want: [['=P', 'a\r\n', '']] },
  { input: 'P {2}\r\nab\r\n', want: [['=P', 'ab']] },
  { input: 'P {0002+}\r\nab\r\n', want: [['=P', 'ab']] },
  { input: 'P {2+}\r\nabX\r\nNOOP\r\n', want: ['bad', ['=NOOP']] },
  { input: 'P {2+}\nab\r\nNOOP\r\n', want: ['bad', ['=NOOP']] },
  { input: 'P {2+} \r\nNOOP\r\n', want: ['bad', ['=NOOP']] },
  { input: 'P {2-}\r\nNOOP\r\n', want: ['bad', ['=NOOP']] },
  { input: 'P {}\r\nNOOP\r\n', want: ['bad', ['=NOOP']] },
  { input: 'P {99999999999+}\r\n', want: ['fatal'] },
  { input: 'P {5001+}\r\n', want: ['fatal'] },
  { input: `P {2501+}\r\n${'x'.repeat(2501)}\r\nNOOP\r\n`, want: [['=P', '!2501'], ['=NOOP']] },
  { input: `P {2500+}\r\n${'x'.repeat(2500)}\r\n`, want: [['=P', 'x'.repeat(2500)]] },
  {
    input: `P {1500+}\r\n${'x'.repeat(1500)} {1500+}\r\n${'y'.repeat(1500)}\r\n`,
    want: [['=P', 'x'.repeat(1500), '!1500']],
  },
  // The literal of a line that cannot be read is swallowed with it, wherever the line broke.
  { input: '?( {6+}\r\nNOOP\r\n x\r\nNOOP\r\n', want: ['bad', ['=NOOP']] },
  { input: 'P ( {6}\r\nNOOP\r\n\r\nNOOP\r\n', want: ['bad', ['=NOOP']] },
  { input: 'P ( {2+}\r\nab{2+}\r\nab\r\nNOOP\r\n', want: ['bad', ['=NOOP']] },
  { input: 'P ( {5001+}\r\n', want: ['fatal'] },
  { input: 'NOOP "a\r\nNOOP\r\n', want: ['bad', ['=NOOP']] },
  { input: 'NOOP "a\0"\r\nNOOP\r\n', want: ['bad', ['=NOOP']] },
  { input: 'NOOP\nNOOP\r\n', want: ['bad', ['=NOOP']] },
  { input: 'NOOP\r\r\nNOOP\r\n', want: ['bad', ['=NOOP']] },
  { input: 'N 4294967295\r\nN 4294967296\r\nN 1x\r\n', want: [['=N', 4294967295], 'bad', 'bad'] },
  { input: 'A 1 2 3 4\r\nA 1 2 3 4 5\r\n', want: [['=A', 1, 2, 3, 4], 'bad'] },
  { input: `"${'y'.repeat(1024)}"\r\n"${'y'.repeat(1025)}"\r\n`, want: [['y'.repeat(1024)], 'bad'] },
  { input: `${'y'.repeat(9000)}\r\nNOOP\r\n`, want: ['bad', ['=NOOP']] },
  { input: 'J\xfcrgen\r\nNOOP\r\n', want: ['bad', ['=NOOP']] },
])
  for (const size of [1, 3, 17, 100_000])
    test(`lines of ${JSON.stringify(input.slice(0, 30))}, cut in ${size}`, () => {
      assert.deepEqual(read(cut(Buffer.from(input, 'latin1'), size)).map(show), want)
    })

const octet = fc.constantFrom(...Buffer.from('{}+"\\ \r\n0123456789aZ\0(\xff'), 0x0a, 0x0d, 0x7b, 0x7d)
const soup = fc.array(octet, { maxLength: 200 }).map((octets) => Buffer.from(octets))

test('however octets are cut, the lines are the same', () => {
  fc.assert(
    fc.property(soup, fc.integer({ min: 1, max: 9 }), (octets, size) => {
      const whole = read([octets]).map(show)
      assert.deepEqual(read(cut(octets, size)).map(show), whole)
    }),
    { seed, numRuns: 3000 },
  )
})

const word: fc.Arbitrary<Word> = fc.oneof(
  fc.stringMatching(/^[a-zA-Z!#-']{1,20}$/).map((text): Word => ({ kind: 'atom', text })),
  fc.nat(0xffff_ffff).map((value): Word => ({ kind: 'number', value })),
  fc.uint8Array({ maxLength: 60 }).map((octets): Word => ({ kind: 'string', octets: Buffer.from(octets) })),
)

function write(words: readonly Word[], quote: boolean): Buffer {
  const parts = words.map((each) => {
    if (each.kind === 'atom') return Buffer.from(each.text)
    if (each.kind !== 'string') return Buffer.from(String(each.kind === 'number' ? each.value : each.size))
    const text = each.octets.toString('latin1')
    if (quote && !/[\0\r\n]/.test(text)) return Buffer.from(`"${text.replace(/["\\]/g, '\\$&')}"`, 'latin1')
    return Buffer.concat([Buffer.from(`{${each.octets.length}+}\r\n`), each.octets])
  })
  return Buffer.concat([
    ...parts.flatMap((part, i) => (i === 0 ? [part] : [Buffer.from(' '), part])),
    Buffer.from('\r\n'),
  ])
}

test('what is written is read, in literals and in quotes', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.array(word, { maxLength: 5 }), fc.boolean()), { maxLength: 6 }),
      fc.integer({ min: 1, max: 40 }),
      (lines, size) => {
        const octets = Buffer.concat(lines.map(([words, quote]) => write(words, quote)))
        const want = lines.map(([words]): Line => ({ kind: 'words', words }))
        assert.deepEqual(read(cut(octets, size)).map(show), want.map(show))
      },
    ),
    { seed, numRuns: 1000 },
  )
})

test('octets without end are not kept', () => {
  const chunk = Buffer.alloc(65_536, 'x')
  const reader = new CommandReader(LIMITS)
  const before = process.memoryUsage().arrayBuffers
  for (let i = 0; i < 200; i++) {
    reader.push(chunk)
    assert.equal(reader.next(), undefined)
  }
  const kept = process.memoryUsage().arrayBuffers - before
  assert.ok(kept < 4_000_000, `${kept} octets after 13 MB of one line`)
})

test('a literal that was announced takes no room before its octets come, and none when it is not kept', () => {
  const limits = { ...LIMITS, keptOctets: 64 << 20, readOctets: 1 << 30 }
  const before = process.memoryUsage().arrayBuffers
  const readers = Array.from({ length: 20 }, (_, i) => {
    const reader = new CommandReader(limits)
    reader.push(Buffer.from(`P {${i % 2 === 0 ? 60 << 20 : 900 << 20}+}\r\nx`))
    assert.equal(reader.next(), undefined)
    return reader
  })
  const kept = process.memoryUsage().arrayBuffers - before
  assert.ok(kept < 4_000_000, `${kept} octets for ${readers.length} announced literals`)
})
