// SPDX-License-Identifier: Apache-2.0
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the language writes ${…} for its own purposes
/**
 * Proves: what is found is in the languages, and "none" is right: for random patterns and every short string of a small
 * alphabet, the walk and the matcher agree.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ANY } from '../../mapping/character-set.ts'
import { loadMappings } from '../../mapping/index.ts'
import { RUN_LIMITS } from '../../mapping/limits.ts'
import { matchPattern } from '../../mapping/match.ts'
import type { Pattern } from '../../mapping/pattern.ts'
import { Probe } from '../../mapping/probe.ts'
import { anyPattern } from '../../mapping/random-tables.fixture.ts'
import { Scratch } from '../../mapping/scratch.ts'
import { Work } from '../../mapping/work.ts'
import { findStrings } from './find-probe.ts'
import { IPV4, languageOf, many, sequence, text } from './language.ts'

const patternsOf = (...written: readonly string[]): readonly Pattern[] =>
  (
    loadMappings({ name: 'm', text: `T\n\n${written.map((each) => `  ${each}  x\n`).join('')}` }).mappings.table('T')
      ?.rows ?? []
  ).map(({ pattern }) => pattern)

const matches = (pattern: Pattern, probe: string): boolean => {
  const taken = matchPattern(pattern, new Probe(probe), new Work(RUN_LIMITS, new Scratch()))
  return taken !== undefined && taken !== 'over'
}

const EVERYTHING = many(ANY)
const PIECES = ['a', 'b', '1', '.', '|', '@', '10.1.2.3', '0']
function* shortStrings(pieces: number): Generator<string> {
  yield ''
  if (pieces === 0) return
  for (const rest of shortStrings(pieces - 1)) for (const piece of PIECES) yield piece + rest
}
const SHORT = [...new Set(shortStrings(4))]

for (const { name, inside, outside, want } of [
  { name: 'a hole', inside: ['a*'], outside: ['a%*'], want: ['a'] },
  { name: 'no hole', inside: ['ab*'], outside: ['a*'], want: undefined },
  { name: 'the union of others', inside: ['%'], outside: ['$A%', '$[!-@[-`{-~ ]%', 'é'], want: 'something' },
  {
    name: 'all addresses of two halves',
    inside: ['$(10.0.0.0/8)'],
    outside: ['$(10.0.0.0/9)', '$(10.128.0.0/9)'],
    want: undefined,
  },
  { name: 'a network with a gap', inside: ['$(10.0.0.0/24)'], outside: ['$(10.0.0.0/25)'], want: ['10.0.0.128'] },
  { name: 'a back match takes anything', inside: ['*|$0*'], outside: ['a*'], want: 'something' },
] as const)
  test(name, () => {
    const found = findStrings(
      patternsOf(...inside).map((each) => languageOf(each, 'over')),
      patternsOf(...outside).map((each) => languageOf(each, 'under')),
      { most: 1 },
    )
    if (want === undefined) assert.deepEqual(found, { kind: 'none' })
    else if (want === 'something') assert.equal(found.kind, 'found')
    else assert.deepEqual(found.kind === 'found' ? found.strings : found, want)
  })

test('every IPv4 address, and nothing else with a leading zero', () => {
  const under = (address: string) => findStrings([IPV4, text(address)], []).kind
  assert.deepEqual(['192.0.2.1', '0.0.0.0', '255.255.255.255', '192.0.2.01', '256.0.0.1', '1.2.3'].map(under), [
    'found',
    'found',
    'found',
    'none',
    'none',
    'none',
  ])
})

test('too many classes are said so', () => {
  const wide = patternsOf(...Array.from({ length: 12 }, (_, i) => `*${'ab'[i % 2]}${'%'.repeat(i)}`))
  const found = findStrings([text('a'), EVERYTHING, ...wide.map((each) => languageOf(each, 'over'))], [], {
    bounds: { classes: 5, work: 50 },
  })
  assert.ok(found.kind === 'over' || found.kind === 'none')
  const many_ = findStrings([sequence(EVERYTHING, text('zzzzzzzz'))], [], { bounds: { classes: 3, work: 1000 } })
  assert.equal(many_.kind, 'over')
})

test('the walk and the matcher agree', () => {
  const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))
  console.log(`find-probe: SEED=${seed}`)
  fc.assert(
    fc.property(fc.array(anyPattern, { minLength: 2, maxLength: 4 }), (written) => {
      const [wanted, ...others] = patternsOf(...written)
      if (wanted === undefined) return
      const found = findStrings(
        [EVERYTHING, languageOf(wanted, 'over')],
        others.map((each) => languageOf(each, 'under')),
        { most: 3, bounds: { classes: 2000, work: 400_000 } },
      )
      const fits = (probe: string): boolean => matches(wanted, probe) && others.every((each) => !matches(each, probe))
      if (found.kind === 'none')
        for (const probe of SHORT) assert.ok(!fits(probe), `${JSON.stringify(written)}: ${JSON.stringify(probe)}`)
      const exact = written.every((each) => !each.includes('${') && !/\$@?[0-9]/.test(each))
      if (found.kind === 'found' && exact)
        for (const probe of found.strings)
          assert.ok(fits(probe), `${JSON.stringify(written)}: ${JSON.stringify(probe)}`)
    }),
    { seed, numRuns: 150 },
  )
})
