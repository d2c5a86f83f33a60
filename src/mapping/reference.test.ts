// SPDX-License-Identifier: Apache-2.0
/**
 * Proves: on random tables, probes and flags the compiled, indexed matcher and its templates come to what a simple one
 * comes to, that was written from the specification alone. `MAPPING_CASES` sets how many cases are tried.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { announceSeed } from '../../test/fuzz/seed.ts'
import { anyProbe, anyRow } from './random-tables.fixture.ts'
import { runReference } from './reference.fixture.ts'
import { load, runIn, tableText, verdict } from './tables.fixture.ts'

const CASES = Number(process.env['MAPPING_CASES'] ?? 4000)

test('the compiled matcher agrees with the simple one', () => {
  const seed = announceSeed('mapping reference')
  const tally = { tried: 0, matched: 0, givenUp: 0 }
  fc.assert(
    fc.property(
      fc.array(anyRow, { minLength: 1, maxLength: 8 }),
      fc.array(anyProbe, { minLength: 4, maxLength: 4 }),
      fc.constantFrom('', 'A', 'AT'),
      (rows, probes, input) => {
        const mappings = load(
          tableText(
            'T',
            rows.map(({ pattern, template }) => `${pattern}  ${template}`),
          ),
        )
        for (const each of probes) {
          const want = runReference(rows, each, new Set(input))
          if (want === undefined) {
            tally.givenUp++
            continue
          }
          tally.tried++
          if (want.state !== 'NOMATCH') tally.matched++
          const result = runIn(mappings, 'T', each, {}, { input })
          assert.deepEqual(verdict(result), { state: want.state, output: want.output, flags: want.flags }, each)
          assert.equal(result.kind === 'answered' ? (result.row?.line ?? 2) - 3 : -2, want.row, each)
        }
      },
    ),
    { seed, numRuns: CASES / 4 },
  )
  console.log(`measured: ${JSON.stringify(tally)}`)
  assert.ok(tally.matched > tally.tried / 20, 'the cases say something')
})
