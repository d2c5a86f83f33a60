// SPDX-License-Identifier: Apache-2.0
/** Proves: whatever goes in, however it is cut, comes out fit for DATA, and nothing else of it is changed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { announceSeed, cut } from '../../test/fuzz/seed.ts'
import { dotStuff } from './dot-stuff.ts'
import { safeLines } from './safe-lines.ts'

const seed = announceSeed('safe lines')

async function* pieces(text: string, size: number): AsyncGenerator<Uint8Array> {
  yield* cut(Buffer.from(text, 'latin1'), size)
}

test('any content becomes content that DATA carries', async () => {
  const tokens = fc.constantFrom('\r\n', '\r', '\n', '.', '\0', 'x', '\xff')
  const content = fc.array(tokens, { maxLength: 30 }).map((list) => list.join(''))
  await fc.assert(
    fc.asyncProperty(content, fc.constantFrom(1, 3, 17), async (text, size) => {
      const out = Buffer.concat(await Array.fromAsync(safeLines(pieces(text, size)))).toString('latin1')
      assert.equal(out, text.replace(/\r\n|\r|\n/g, '\r\n').replaceAll('\0', '?'))
      await Array.fromAsync(dotStuff(pieces(out, size)))
    }),
    { seed, numRuns: 1000 },
  )
})
