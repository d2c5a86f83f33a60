// SPDX-License-Identifier: Apache-2.0
/** Proves: the octets that mean something are found, all of them and no others, wherever a piece lies in memory. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { announceSeed } from '../../test/fuzz/seed.ts'
import { LowOctets } from './low-octets.ts'

const seed = announceSeed('low octets')

/** The values about the limit, and those whose top bit is set, among any others. */
const octet = fc.oneof(
  fc.constantFrom(0, 1, 0x0a, 0x0d, 0x0e, 0x7f, 0x80, 0x8d, 0xff),
  fc.integer({ min: 0, max: 255 }),
)
const text = fc.integer({ min: 0x0e, max: 255 })

test('a piece of any length, anywhere', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof({ arbitrary: octet, weight: 1 }, { arbitrary: text, weight: 8 }), { maxLength: 300 }),
      fc.integer({ min: 0, max: 7 }),
      (octets, skew) => {
        const piece = new Uint8Array(skew + octets.length).subarray(skew)
        piece.set(octets)
        const low = new LowOctets(piece)
        const found: number[] = []
        for (let at = low.next(0); at < piece.length; at = low.next(at + 1)) found.push(at)
        assert.deepEqual(
          found,
          octets.flatMap((one, at) => (one <= 0x0d ? [at] : [])),
        )
        for (let from = 0; from <= octets.length; from++)
          assert.equal(low.next(from), found.find((at) => at >= from) ?? octets.length)
      },
    ),
    { seed, numRuns: 2000 },
  )
})

test('octets beyond the piece are none of it', () => {
  const around = Buffer.alloc(400, '\r')
  const piece = around.subarray(101, 299).fill('x')
  assert.equal(new LowOctets(piece).next(0), piece.length)
})
