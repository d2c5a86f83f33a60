// SPDX-License-Identifier: Apache-2.0
/** Proves: only CRLF ends a command line, however the octets are cut, in bounded memory and linear time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { assertLinear } from '../../test/fuzz/linear.ts'
import { announceSeed, cut } from '../../test/fuzz/seed.ts'
import { LineScanner } from './line-scanner.ts'

const seed = announceSeed('line scanner')

for (const { input, want } of [
  { input: 'NOOP\r\nQUIT\r\n', want: ['NOOP', 'QUIT'] },
  { input: 'NO\nOP\r\nQUIT\r\n', want: ['bare-lf', 'QUIT'] },
  { input: 'NO\rOP\r\nQUIT\r\n', want: ['bare-cr', 'QUIT'] },
  { input: 'NO\0OP\r\nQUIT\r\n', want: ['nul', 'QUIT'] },
  { input: `${'x'.repeat(100)}\r\nQUIT\r\n`, want: ['too-long', 'QUIT'] },
  { input: `${'x'.repeat(20)}\r\nQUIT\r\n`, want: ['x'.repeat(20), 'QUIT'] },
  { input: '\r\n\r\n', want: ['', ''] },
])
  for (const size of [1, 3, 17, 1000])
    test(`lines of ${JSON.stringify(input.slice(0, 20))}, cut in ${size}`, () => {
      const scanner = new LineScanner(20)
      const got: string[] = []
      for (const piece of cut(Buffer.from(input, 'latin1'), size)) {
        scanner.push(piece)
        for (let line = scanner.next(); line !== undefined; line = scanner.next())
          got.push(line.kind === 'line' ? line.bytes.toString('latin1') : line.why)
      }
      assert.deepEqual(got, want)
      assert.equal(scanner.pendingBytes, 0)
    })

/** The same, read literally from the whole. */
function referenceLines(input: string, limit: number): string[] {
  return input
    .split('\r\n')
    .slice(0, -1)
    .map((line) => {
      if (line.length > limit) return 'too-long'
      if (line.includes('\n')) return 'bare-lf'
      if (line.includes('\r')) return 'bare-cr'
      return line.includes('\0') ? 'nul' : line
    })
}

const wire = fc
  .array(fc.constantFrom('\r', '\n', '\r\n', '\0', 'a', 'bc', 'x'.repeat(9)), { maxLength: 40 })
  .map((pieces) => pieces.join(''))

test('lines agree with the reference, however cut and whenever read', () => {
  fc.assert(
    fc.property(wire, fc.constantFrom(1, 3, 17, 1000), fc.boolean(), (input, size, eager) => {
      const scanner = new LineScanner(20)
      const got: string[] = []
      const read = (): void => {
        for (let line = scanner.next(); line !== undefined; line = scanner.next())
          got.push(line.kind === 'line' ? line.bytes.toString('latin1') : line.why)
      }
      for (const piece of cut(Buffer.from(input, 'latin1'), size)) {
        scanner.push(piece)
        if (eager) read()
      }
      read()
      assert.deepEqual(got, referenceLines(input, 20))
      // Of a line too long only its last octet is left.
      const left = input.split('\r\n').at(-1) ?? ''
      assert.ok(left.endsWith(scanner.rest().toString('latin1')) && scanner.pendingBytes === 0)
    }),
    { seed, numRuns: 3000 },
  )
})

test('what is behind a line comes back whole, and the next line begins anew', () => {
  for (const size of [1, 3, 17, 1000]) {
    const scanner = new LineScanner(20)
    const wire = `DATA\r\n${'x'.repeat(100)}`
    for (const piece of cut(Buffer.from(wire), size)) scanner.push(piece)
    assert.equal(scanner.next()?.kind, 'line')
    assert.equal(scanner.rest().toString(), 'x'.repeat(100))
    scanner.push(Buffer.from('x'.repeat(100)))
    assert.equal(scanner.next(), undefined)
    // Behind STARTTLS nothing of the clear lives on, nor does the state of having swallowed it.
    scanner.rest()
    scanner.push(Buffer.from('NOOP\r\n'))
    assert.equal(scanner.next()?.kind, 'line')
  }
})

test('the limit may change between lines', () => {
  const scanner = new LineScanner(4)
  scanner.push(Buffer.from('AUTH\r\nabcdefgh\r\nabcdefgh\r\n'))
  assert.equal(scanner.next()?.kind, 'line')
  scanner.maxBytes = 8
  assert.equal(scanner.next()?.kind, 'line')
  scanner.maxBytes = 4
  assert.deepEqual(scanner.next(), { kind: 'bad', why: 'too-long' })
})

test('many octets one by one cost linear time', () => {
  assertLinear((count) => {
    const scanner = new LineScanner(12_288)
    const bytes = Buffer.from(`${'x'.repeat(12_000)}\r\n`.repeat(count))
    return () => {
      for (const piece of cut(bytes, 1)) {
        scanner.push(piece)
        scanner.next()
      }
    }
  }, 4)
})

test('an endless line stays small', () => {
  const scanner = new LineScanner(512)
  for (let i = 0; i < 1000; i++) {
    scanner.push(Buffer.alloc(10_000, 'x'))
    assert.equal(scanner.next(), undefined)
    assert.ok(scanner.pendingBytes <= 10_513)
  }
  scanner.push(Buffer.from('\r\nNOOP\r\n'))
  assert.deepEqual(scanner.next(), { kind: 'bad', why: 'too-long' })
  assert.equal(scanner.next()?.kind, 'line')
})
