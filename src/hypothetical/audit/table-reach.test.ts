// SPDX-License-Identifier: Apache-2.0
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the language writes ${…} for its own purposes
/**
 * Proves: "never" is never said wrongly. Random tables over a small alphabet are asked with every short string, with
 * look-ups answered at random; whatever comes to the answer must have counted as possible.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ANY } from '../../mapping/character-set.ts'
import { answer as answered, loadMappings, runMapping } from '../../mapping/index.ts'
import { anyPattern } from '../../mapping/random-tables.fixture.ts'
import { many } from './language.ts'
import { type Answer, tableReach } from './table-reach.ts'

const PIECES = ['a', 'b', '1', '|', '.']
function* strings(length: number): Generator<string> {
  yield ''
  if (length > 0) for (const rest of strings(length - 1)) for (const piece of PIECES) yield piece + rest
}
const SHORT = [...new Set(strings(4))]

const piece = fc.constantFrom(
  '$Y',
  '$Y',
  '$N',
  '$F',
  '$C',
  '$E',
  '$L',
  '$R',
  'a',
  '$0',
  '$:A',
  '$;A',
  '$:T',
  '$?50?',
  '$|U;$0|',
  '$[i,r,$0]',
)
const anyTemplate = fc.array(piece, { minLength: 1, maxLength: 4 }).map((list) => list.join(''))
const anyRows = fc.array(fc.tuple(fc.oneof(anyPattern, fc.constantFrom('*', 'a*', '*|*', 'a|*', '%*')), anyTemplate), {
  minLength: 1,
  maxLength: 4,
})

const EVERYTHING = many(ANY)

test('what is possible counts as possible', async () => {
  const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))
  console.log(`table-reach: SEED=${seed}`)
  let never = 0
  await fc.assert(
    fc.asyncProperty(
      anyRows,
      fc.constantFrom<Answer>('allowed', 'not refused'),
      fc.infiniteStream(fc.nat(3)),
      async (rows, wanted, lots) => {
        const text = `T\n\n${rows.map(([pattern, template]) => `  ${pattern}  ${template}\n`).join('')}\nU\n\n  a*  $Y\n`
        const { mappings, hasErrors } = loadMappings({ name: 'm', text })
        const table = mappings.table('T')
        if (table === undefined || hasErrors) return
        const reach = tableReach(table, {
          answer: wanted,
          refusing: 'NF',
          probes: EVERYTHING,
          nice: EVERYTHING,
          unset: new Set(['A']),
          most: 1,
          bounds: { classes: 1000, work: 200_000 },
        })
        if (reach.kind === 'perhaps') return
        never++
        const lot = (): number => lots.next().value ?? 0
        for (const probe of SHORT) {
          const result = await answered(runMapping(mappings, 'T', probe, { input: lot() > 1 ? 'T' : '' }), {
            random: () => (lot() > 1 ? 'ffffffffffff' : '000000000000'),
            'mapping.call': () =>
              lot() > 1 ? { kind: 'found', value: ['$Y', '$N', '$E', 'x'][lot()] ?? '' } : { kind: 'absent' },
          })
          if (result.kind === 'deferred') continue
          const flags = result.failed ? '' : result.flags
          const refused = /[NF]/.test(flags)
          const came = wanted === 'allowed' ? result.matched && flags.includes('Y') && !refused : !refused
          assert.ok(!came, `${text}\n${JSON.stringify(probe)} comes to ${flags}`)
        }
      },
    ),
    { seed, numRuns: 150 },
  )
  assert.ok(never > 10, 'too few tables that never do')
})

test('what begins again until the guard ends it comes to its own flags, whatever stands below', () => {
  const { mappings } = loadMappings({ name: 'm', text: 'T\n\n  *  $R$:A\n  *  $F\n' })
  const table = mappings.table('T')
  assert.ok(table !== undefined)
  const options = { refusing: 'NF', probes: EVERYTHING, nice: EVERYTHING, unset: new Set(['A']), most: 1 }
  const reach = tableReach(table, { ...options, answer: 'not refused' })
  assert.deepEqual(reach.kind === 'never' ? [] : reach.candidates.map(({ row }) => row?.line), [3])
  assert.equal(tableReach(table, { ...options, answer: 'allowed' }).kind, 'never')
})

test('the row and a probe are named', () => {
  const { mappings } = loadMappings({ name: 'm', text: 'T\n\n  a*  $N\n  *b  $Y\n  *  $N\n' })
  const table = mappings.table('T')
  assert.ok(table !== undefined)
  const options = { refusing: 'NF', probes: EVERYTHING, nice: EVERYTHING, unset: new Set<string>(), most: 1 }
  const reach = tableReach(table, { ...options, answer: 'allowed' })
  assert.deepEqual(reach.kind === 'never' ? [] : reach.candidates.map(({ row, probes }) => [row?.line, probes]), [
    [4, ['b']],
  ])
})
