// SPDX-License-Identifier: Apache-2.0
/**
 * Proves: no line comes out longer than 998 octets and no short line is changed; truncating agrees with a plain
 * reference; wrapping loses no octet and no field; however the octets are cut the result is the same; the longest line
 * is the one the content scanner sees; time is linear.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { assertLinear } from '../../test/fuzz/linear.ts'
import { announceSeed, cut } from '../../test/fuzz/seed.ts'
import { ContentScanner } from '../mime/content-scanner.ts'
import { LineFitter } from './long-lines.ts'

type Rule = 'truncate' | 'wrap'

function fit(input: string, rule: Rule, size = 0): { text: string; longest: number } {
  const fitter = new LineFitter(rule)
  const bytes = Buffer.from(input, 'latin1')
  const pieces = size === 0 ? [bytes] : [...cut(bytes, size)]
  const out = [...pieces.flatMap((piece) => fitter.push(piece)), ...fitter.finish()]
  return { text: Buffer.concat(out).toString('latin1'), longest: fitter.longest }
}

const x = (times: number): string => 'x'.repeat(times)
const utf8 = (text: string): string => Buffer.from(text).toString('latin1')

for (const { name, input, truncated, wrapped } of [
  { name: 'nothing', input: '', truncated: '', wrapped: '' },
  { name: '998 octets fit', input: `\r\n${x(998)}\r\n`, truncated: `\r\n${x(998)}\r\n`, wrapped: `\r\n${x(998)}\r\n` },
  { name: '999 do not', input: `\r\n${x(999)}\r\n`, truncated: `\r\n${x(998)}\r\n`, wrapped: `\r\n${x(998)}\r\nx\r\n` },
  { name: 'without an end', input: `\r\n${x(999)}`, truncated: `\r\n${x(998)}`, wrapped: `\r\n${x(998)}\r\nx` },
  {
    name: 'several times too long',
    input: `\r\n${x(2000)}\r\ny\r\n`,
    truncated: `\r\n${x(998)}\r\ny\r\n`,
    wrapped: `\r\n${x(998)}\r\n${x(998)}\r\n${x(4)}\r\ny\r\n`,
  },
  {
    name: 'broken before a blank',
    input: `\r\n${x(900)} ${x(300)}\r\n`,
    truncated: `\r\n${x(900)} ${x(97)}\r\n`,
    wrapped: `\r\n${x(900)}\r\n ${x(300)}\r\n`,
  },
  {
    name: 'broken before the last tab that fits, and not at the first octet',
    input: `\r\n\t${x(997)}\t${x(997)}\r\n`,
    truncated: `\r\n\t${x(997)}\r\n`,
    wrapped: `\r\n\t${x(997)}\r\n\t${x(997)}\r\n`,
  },
  {
    name: 'a field without a blank stays one field',
    input: `A:${x(1500)}\r\nB: c\r\n\r\n`,
    truncated: `A:${x(996)}\r\nB: c\r\n\r\n`,
    wrapped: `A:${x(996)}\r\n ${x(504)}\r\nB: c\r\n\r\n`,
  },
  {
    name: 'no field, so the header is over',
    input: `${x(1500)}\r\nB:${x(1000)}\r\n`,
    truncated: `${x(998)}\r\nB:${x(996)}\r\n`,
    wrapped: `${x(998)}\r\n${x(502)}\r\nB:${x(996)}\r\n${x(4)}\r\n`,
  },
  {
    name: 'characters of several octets stay whole',
    input: `\r\n${x(997)}${utf8('€uro')}\r\n`,
    truncated: `\r\n${x(997)}\r\n`,
    wrapped: `\r\n${x(997)}\r\n${utf8('€uro')}\r\n`,
  },
])
  test(name, () => {
    for (const size of [0, 1, 3, 17, 999]) {
      assert.equal(fit(input, 'truncate', size).text, truncated)
      assert.equal(fit(input, 'wrap', size).text, wrapped)
    }
  })

const seed = announceSeed('long lines')
const line = fc
  .array(
    fc.oneof(
      fc.constantFrom('A: ', ' ', '\t', ':', 'B:c', '€', '\0', '.'),
      fc.constantFrom(1, 2, 300, 500, 990, 996, 997, 998, 999, 1000, 1001, 2500).map(x),
    ),
    { maxLength: 6 },
  )
  .map((pieces) => utf8(pieces.join('')))
const content = fc
  .tuple(fc.array(line, { maxLength: 8 }), fc.constantFrom('', '\r\n'))
  .map(([lines, end]) => lines.join('\r\n') + end)
const sizes = fc.constantFrom(1, 3, 17, 998, 1000)

test('cut in any way, truncating agrees with the reference', () => {
  fc.assert(
    fc.property(content, sizes, (input, size) => {
      const got = fit(input, 'truncate', size)
      const want = input.split('\r\n').map((text) => (text.length <= 998 ? text : text.slice(0, wholeTo(text))))
      assert.equal(got.text, want.join('\r\n'))
    }),
    { seed, numRuns: 200 },
  )
})

const wholeTo = (text: string): number =>
  [998, 997, 996, 995].find((at) => (text.charCodeAt(at) & 0xc0) !== 0x80) ?? 998

test('cut in any way, wrapping loses nothing and no line is too long', () => {
  fc.assert(
    fc.property(content, sizes, (input, size) => {
      const { text, longest } = fit(input, 'wrap', size)
      assert.ok(text.split('\r\n').every((part) => part.length <= 998))
      assert.equal(text, fit(input, 'wrap').text)
      assert.equal(text.replace(/\r\n| /g, ''), input.replace(/\r\n| /g, ''))
      const [before, after] = [scan(input), scan(text)]
      assert.equal(longest, before.longestLine)
      // A field name that fills a line is none.
      if (!/^[^:\r\n]{998}/m.test(input)) assert.deepEqual([...after.fieldNames], [...before.fieldNames])
      if (longest <= 998) assert.equal(text, input)
    }),
    { seed, numRuns: 200 },
  )
})

function scan(text: string) {
  const scanner = new ContentScanner()
  scanner.push(Buffer.from(text, 'latin1'))
  return scanner.finish()
}

test('any octets: nothing thrown, no line too long', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), sizes, (bytes, size) => {
      const input = Buffer.from(bytes).toString('latin1')
      for (const rule of ['truncate', 'wrap'] as const) assert.equal(fit(input, rule, size).text, fit(input, rule).text)
    }),
    { seed, numRuns: 100 },
  )
})

for (const [name, unit] of [
  ['one endless line', 'x'],
  ['blanks', ' '],
  ['a blank in front of each long word', ` ${x(997)}`],
  ['short lines', 'x\r\n'],
] as const)
  for (const rule of ['truncate', 'wrap'] as const)
    test(`${rule}, ${name}: linear`, () => {
      assertLinear((count) => {
        const bytes = Buffer.from(unit.repeat(Math.ceil(count / unit.length)), 'latin1')
        return () => {
          const fitter = new LineFitter(rule)
          for (const piece of cut(bytes, 4096)) fitter.push(piece)
        }
      }, 200_000)
    })
