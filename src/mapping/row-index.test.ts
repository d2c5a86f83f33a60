// SPDX-License-Identifier: Apache-2.0
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the language writes ${…} for its own purposes
/**
 * Proves: the index changes no answer, and a table of 100,000 rows costs a probe about as many steps as one of ten.
 * Steps are counted, not timed: comparisons, cells of the matcher, look-ups in the index.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { announceSeed } from '../../test/fuzz/seed.ts'
import { Candidates } from './candidates.ts'
import { RUN_LIMITS } from './limits.ts'
import { matchPattern } from './match.ts'
import { Probe } from './probe.ts'
import { Scratch } from './scratch.ts'
import type { Mappings, MappingTable } from './table.ts'
import { load, runIn, tableText } from './tables.fixture.ts'
import { Work } from './work.ts'

const tableOf = (mappings: Mappings): MappingTable => {
  const table = mappings.table('T')
  assert.ok(table !== undefined)
  return table
}

/** Numbers of all rows that match, by trying every one. */
const byTryingAll = ({ rows }: MappingTable, text: string): number[] => {
  const probe = new Probe(text)
  const work = new Work(RUN_LIMITS, new Scratch())
  return rows.filter(({ pattern }) => matchPattern(pattern, probe, work) !== undefined).map(({ number }) => number)
}

/** The same by the index, from row `from` on. */
const byIndex = ({ rows, index }: MappingTable, text: string, from: number): number[] => {
  const probe = new Probe(text)
  const work = new Work(RUN_LIMITS, new Scratch())
  const candidates = new Candidates(index, probe, from, work)
  const found: number[] = []
  for (let n = candidates.next(); n !== -1; n = candidates.next()) {
    const row = rows[n]
    if (row !== undefined && matchPattern(row.pattern, probe, work) !== undefined) found.push(n)
  }
  return found
}

const word = fc.constantFrom(
  'a',
  'b',
  'ab',
  'kim@',
  '@a.test',
  '|',
  'tcp_local|',
  '.test',
  '10.1.2.',
  '7',
  ':',
  '::1',
  'x:',
)
const wild = fc.constantFrom(
  '*',
  '%',
  '$_*',
  '$D*',
  '$A%',
  '$(10.1.2.0/24)',
  '$<10.1.2.4/2>',
  '${2001:db8::/32}',
  '${::/0}',
  '$0*',
)
const pattern = fc.array(fc.oneof({ weight: 2, arbitrary: word }, wild), { minLength: 1, maxLength: 5 })
const probe = fc.array(
  fc.oneof(
    word,
    fc.constantFrom('10.1.2.7', '110.1.2.7', '10.1.2.5', '2001:db8::1', 'a2001:db8::1', '10.1.2.7.1', 'KIM@', 'é'),
  ),
  { maxLength: 6 },
)

test('the index finds the rows that trying all of them finds, in their order', () => {
  fc.assert(
    fc.property(
      fc.array(pattern, { minLength: 1, maxLength: 60 }),
      fc.array(probe, { minLength: 8, maxLength: 8 }),
      fc.nat(40),
      (patterns, probes, from) => {
        const table = tableOf(
          load(
            tableText(
              'T',
              patterns.map((p) => `${p.join('')} $Y`),
            ),
          ),
        )
        for (const text of probes.map((p) => p.join(''))) {
          const all = byTryingAll(table, text)
          assert.deepEqual(byIndex(table, text, 0), all, text)
          assert.deepEqual(
            byIndex(table, text, from),
            all.filter((n) => n >= from),
            text,
          )
        }
      },
    ),
    { seed: announceSeed('mapping index'), numRuns: 300 },
  )
})

/** What long tables of a site are made of; `n` tells the rows apart. */
const KINDS: readonly { readonly row: (n: number) => string; readonly probe: (n: number) => string }[] = [
  {
    row: (n) => `tcp_local|user${n}@a.test|l|kim@b.test $Y${n}`,
    probe: (n) => `tcp_local|user${n}@a.test|l|kim@b.test`,
  },
  { row: (n) => `from${n}@a.test|* $N${n}`, probe: (n) => `from${n}@a.test|whoever` },
  { row: (n) => `*@domain${n}.test $N${n}`, probe: (n) => `someone@domain${n}.test` },
  {
    row: (n) => `TCP|*|25|$(${address(n)}/32)|* $N${n}`,
    probe: (n) => `TCP|192.0.2.10|25|${address(n)}|50344`,
  },
  {
    row: (n) => `tcp_local|*@d${n}.test|*|* $N${n}`,
    probe: (n) => `tcp_local|kim@d${n}.test|l|lee@b.test`,
  },
]

const address = (n: number): string => `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`

const mixed = (rows: number): Mappings =>
  load(
    tableText(
      'T',
      Array.from({ length: rows }, (_, n) => KINDS[n % KINDS.length]?.row(n) ?? ''),
    ),
  )

/** Most steps that any of these probes takes: an early hit, a late one and a miss of each kind. */
const dearest = (mappings: Mappings, rows: number): { hit: number; miss: number } => {
  let hit = 0
  let miss = 0
  for (const [k, { probe: of }] of KINDS.entries()) {
    for (const n of [k, rows - KINDS.length + k]) {
      const result = runIn(mappings, 'T', of(n))
      assert.equal(result.kind === 'answered' && result.output, String(n), of(n))
      hit = Math.max(hit, result.work)
    }
    const result = runIn(mappings, 'T', of(9_999_999 + k))
    assert.equal(result.kind === 'answered' && result.matched, false)
    miss = Math.max(miss, result.work)
  }
  return { hit, miss }
}

test('100,000 rows take at most twice the steps of ten', () => {
  const small = dearest(mixed(10), 10)
  const large = dearest(mixed(100_000), 100_000)
  console.log(
    `measured: steps of the dearest probe, 10 rows ${JSON.stringify(small)}, 100,000 rows ${JSON.stringify(large)}`,
  )
  assert.ok(large.hit <= 2 * small.hit, `${large.hit} to ${small.hit}`)
  assert.ok(large.miss <= 2 * small.miss, `${large.miss} to ${small.miss}`)
})

test('networks of many sizes are found by the first row that holds the address', () => {
  const rows = Array.from({ length: 20_000 }, (_, n) => `$(${address(n * 256)}/${24 - (n % 3)}) $N${n}`)
  const mappings = load(tableText('T', [...rows, '$(10.0.0.0/8) $Nrest']))
  const table = tableOf(mappings)
  for (const text of ['10.0.0.1', '10.77.3.9', '10.255.255.255', '10.12.200.0', '11.0.0.1', '10.0.0']) {
    const result = runIn(mappings, 'T', text)
    const first = byTryingAll(table, text)[0]
    assert.equal(result.kind === 'answered' && result.row?.line, first === undefined ? undefined : first + 3, text)
    assert.ok(result.work < 500, `${result.work} steps for ${text}`)
  }
})

test('rows that nothing tells apart are tried one by one, and cost no more than that', () => {
  const mappings = load(
    tableText(
      'T',
      Array.from({ length: 1000 }, () => '$D*$A* $N'),
    ),
  )
  assert.equal(tableOf(mappings).index.alwaysTried, 1000)
  const { work } = runIn(mappings, 'T', '--')
  assert.ok(work < 1000 * 15, String(work))
})
