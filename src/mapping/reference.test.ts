// SPDX-License-Identifier: Apache-2.0
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the language writes ${…} for its own purposes
/**
 * Proves: on random tables, probes and flags the compiled, indexed matcher and its templates come to what a simple one
 * comes to, that was written from the specification alone. `MAPPING_CASES` sets how many cases are tried.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { announceSeed } from '../../test/fuzz/seed.ts'
import { type ReferenceRow, runReference } from './reference.fixture.ts'
import { load, runIn, tableText, verdict } from './tables.fixture.ts'

const CASES = Number(process.env['MAPPING_CASES'] ?? 4000)

const pieces = (...texts: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...texts)

const patternPiece = fc.oneof(
  { weight: 6, arbitrary: pieces('a', 'b', 'ab', 'A', '.', '@', '|', '1', '0', '-', ':', 'é', '::', '10.') },
  { weight: 5, arbitrary: pieces('*', '*', '%', '$_*', '$@*', '$_@*', '$@%', '$^*') },
  { weight: 3, arbitrary: pieces('$A*', '$A%', '$D*', '$D%', '$_D*', '$@a*', '$X*', '$b*', '$S%', '$o*') },
  { weight: 2, arbitrary: pieces('$[ab]*', '$[a-c1]%', '$[.@]*', '$_[0-9.]*', '$@[a\\-]*', '$[B1]*') },
  { weight: 1, arbitrary: pieces('$*', '$%', '$$', '$ ') },
  {
    weight: 1,
    arbitrary: pieces('$(10.1.2.3/8)', '$(10.1.2.3)', '$<10.1.2.9/2>', '$@(0.0.0.0/0)', '${2001:db8::9/32}', '${::1}'),
  },
  { weight: 1, arbitrary: pieces('$0*', '$1*', '$@0*', '$0') },
)
const pattern = fc.array(patternPiece, { minLength: 1, maxLength: 7 }).map((list) => list.join(''))

const templatePiece = fc.oneof(
  { weight: 4, arbitrary: pieces('a', 'b', 'B', '.', '@', '|', '1', '$$', '$ ') },
  { weight: 4, arbitrary: pieces('$0', '$1', '$2', '$9') },
  { weight: 3, arbitrary: pieces('$Y', '$n', '$f', '$<') },
  { weight: 3, arbitrary: pieces('$C', '$E', '$L', '$R', '$c') },
  { weight: 1, arbitrary: pieces('$\\', '$^', '$_', '$:A', '$;A', '$:t') },
)
/** A backslash at the end of a line would continue it. */
const unlikeContinuation = (text: string): string => (text.endsWith('\\') ? `${text}x` : text)

const template = fc
  .array(templatePiece, { minLength: 1, maxLength: 6 })
  .map((list) => unlikeContinuation(list.join('')))

const probePiece = fc.oneof(
  {
    weight: 6,
    arbitrary: pieces('a', 'b', 'A', 'B', '.', '@', '|', '1', '0', '-', ':', 'é', '$', '*', '%', ' ', '\t'),
  },
  {
    weight: 2,
    arbitrary: pieces('10.1.2.3', '10.1.2.8', '10.200.0.1', '192.0.2.1', '2001:db8::1', '::1', '10.1.2.3.4'),
  },
)
const probe = fc.array(probePiece, { maxLength: 9 }).map((list) => list.join(''))

const row = fc.record({ pattern, template })

test('the compiled matcher agrees with the simple one', () => {
  const seed = announceSeed('mapping reference')
  const tally = { tried: 0, matched: 0, givenUp: 0 }
  fc.assert(
    fc.property(
      fc.array(row, { minLength: 1, maxLength: 8 }),
      fc.array(probe, { minLength: 4, maxLength: 4 }),
      fc.constantFrom('', 'A', 'AT'),
      (rows, probes, input) => {
        const mappings = load(tableText('T', rows.map(written)))
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

const written = ({ pattern: p, template: t }: ReferenceRow): string => `${p}  ${t}`
