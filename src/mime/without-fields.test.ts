// SPDX-License-Identifier: Apache-2.0
/**
 * Proves: fields of a name go, with all their lines, and nothing else changes, the body least of all; however the octets
 * are cut.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { withoutFields } from './without-fields.ts'

const SEED = 20261124

async function filtered(text: string, cut: number): Promise<string> {
  const octets = Buffer.from(text, 'latin1')
  const chunks = async function* () {
    for (let at = 0; at < octets.length; at += cut) {
      // Reused by whoever reads a file: what was handed on before is not kept.
      const chunk = Buffer.from(octets.subarray(at, at + cut))
      yield chunk
      chunk.fill(0x21)
    }
  }
  const out: Buffer[] = []
  for await (const piece of withoutFields(chunks(), new Set(['sender']))) out.push(Buffer.from(piece))
  return Buffer.concat(out).toString('latin1')
}

const rows: readonly (readonly [what: string, text: string, left: string])[] = [
  ['one field', 'A: 1\r\nSender: x\r\nB: 2\r\n\r\nSender: body\r\n', 'A: 1\r\nB: 2\r\n\r\nSender: body\r\n'],
  ['in any case, several, folded', 'SENDER : x\r\n\ty\r\n z\r\nA: 1\r\nsender:\r\n\r\nb', 'A: 1\r\n\r\nb'],
  ['LF alone', 'Sender: x\n y\nA: 1\n\nb\n', 'A: 1\n\nb\n'],
  ['none', 'A: 1\r\n\r\nSender: b', 'A: 1\r\n\r\nSender: b'],
  [
    'others that look like it',
    'X-Sender: x\r\nSender-X: y\r\nSender\r\nSender: b',
    'X-Sender: x\r\nSender-X: y\r\nSender\r\nSender: b',
  ],
  ['a header alone', 'Sender: x\r\n', ''],
  ['without a line end', 'A: 1\r\nSender', 'A: 1\r\nSender'],
  ['no header at all', ' Sender: x\r\nSender: y', ' Sender: x\r\nSender: y'],
  ['a header that no empty line ends', 'Sender: x\r\nbody\r\nSender: y', 'body\r\nSender: y'],
  ['nothing', '', ''],
  ['a very long line', `Sender: ${'x'.repeat(5000)}\r\nA: 1\r\n\r\n`, 'A: 1\r\n\r\n'],
  ['a very long line without a colon', `${'x'.repeat(5000)}\r\nSender: b\r\n`, `${'x'.repeat(5000)}\r\nSender: b\r\n`],
]
for (const [what, text, left] of rows)
  test(`withoutFields: ${what}`, async () => {
    for (const cut of [1, 3, 17, 100_000]) assert.equal(await filtered(text, cut), left, `cut in ${cut}`)
  })

test(`any octets, any chunking: the same; seed ${SEED}`, async () => {
  const octets = fc.array(
    fc.constantFrom('Sender', 'sender:', 'A', ':', ' ', '\t', '\r', '\n', '\r\n', '\r\n\r\n', '\0', 'x'.repeat(600)),
    { maxLength: 20 },
  )
  await fc.assert(
    fc.asyncProperty(octets, fc.integer({ min: 1, max: 40 }), async (parts, cut) => {
      const text = parts.join('')
      assert.equal(await filtered(text, cut), await filtered(text, text.length + 1))
    }),
    { seed: SEED, numRuns: 300 },
  )
})
