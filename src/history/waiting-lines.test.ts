// SPDX-License-Identifier: Apache-2.0
/** Proves: whatever a write takes of them, every line is written once, whole and in order, and counted as long as it waits. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { announceSeed } from '../../test/fuzz/seed.ts'
import { WaitingLines } from './waiting-lines.ts'

const BATCH = 64
const someLine = fc.nat(2 * BATCH).map((length) => `${'x'.repeat(length)}\n`)
/** Lines that come; or a write of which this share gets into the file, while lines come. */
const someStep = fc.oneof(
  fc.record({ came: fc.array(someLine, { maxLength: 5 }) }),
  fc.record({ share: fc.constantFrom(0, 0.3, 0.7, 1), came: fc.array(someLine, { maxLength: 3 }) }),
)

test('lines come and go', () => {
  const one = (steps: readonly { readonly share?: number; readonly came: readonly string[] }[]): void => {
    const waiting = new WaitingLines(BATCH)
    const lines: string[] = []
    let whole = ''
    const write = (share: number, came: readonly string[]): void => {
      const bytes = waiting.next()
      if (bytes === undefined) return
      const text = Buffer.from(bytes).toString()
      assert.ok(bytes.length <= BATCH || text.indexOf('\n') === bytes.length - 1)
      for (const line of came) add(line)
      assert.equal(Buffer.from(bytes).toString(), text, 'what is being written stays as it is')
      const written = Math.floor(share * bytes.length)
      waiting.wrote(written)
      // What was cut is written again from its beginning.
      whole += text.slice(0, text.slice(0, written).lastIndexOf('\n') + 1)
    }
    const add = (line: string): void => {
      lines.push(line)
      waiting.add(line)
    }
    for (const { share, came } of steps) {
      if (share === undefined) for (const line of came) add(line)
      else write(share, came)
      const left = lines.join('').slice(whole.length)
      assert.equal(lines.join('').startsWith(whole), true)
      assert.deepEqual([waiting.octets, waiting.count], [left.length, left.split('\n').length - 1])
    }
    while (waiting.count > 0) write(1, [])
    assert.equal(whole, lines.join(''))
    assert.equal(waiting.next(), undefined)
  }
  fc.assert(fc.property(fc.array(someStep, { maxLength: 40 }), one), {
    seed: announceSeed('waiting-lines'),
    numRuns: 500,
  })
})
