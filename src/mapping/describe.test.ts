// SPDX-License-Identifier: Apache-2.0
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the language writes ${…} for its own purposes
/** Proves: rows called shadowed never match, and the usual ways to shadow a row are found; tables print as they read. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { announceSeed } from '../../test/fuzz/seed.ts'
import { covers } from './covers.ts'
import { describeTable } from './describe.ts'
import { RUN_LIMITS } from './limits.ts'
import { loadMappings } from './load.ts'
import { matchPattern } from './match.ts'
import { parsePattern } from './parse-pattern.ts'
import { formatTable } from './print.ts'
import { Probe } from './probe.ts'
import { anyPattern, anyProbe, anyRow } from './random-tables.fixture.ts'
import { sampleProbe } from './sample-probe.ts'
import { Scratch } from './scratch.ts'
import { load, runIn, tableText } from './tables.fixture.ts'
import { Work } from './work.ts'

const describe = (rows: readonly string[]) => {
  const table = load(tableText('T', rows)).table('T')
  assert.ok(table !== undefined)
  return describeTable(table)
}
const shadows = (rows: readonly string[]): string[] =>
  describe(rows).shadowed.map(
    ({ row, by, probe }) => `${row.number} by ${by.map(({ number }) => number).join('+')}: ${probe}`,
  )

for (const { name, rows, want } of [
  { name: 'a star takes everything', rows: ['* $Y', 'a $N', '*|* $N'], want: ['1 by 0: a', '2 by 0: x|x'] },
  { name: 'the same pattern again', rows: ['a|$0* $N', '*@a.test $Y', '*@A.TEST $N'], want: ['2 by 1: x@a.test'] },
  { name: 'a wider network', rows: ['$(10.0.0.0/8) $Y', '$(10.1.0.0/16) $N'], want: ['1 by 0: 10.1.0.0'] },
  {
    name: 'the same network in the other form',
    rows: ['$(10.0.0.0/24) $Y', '$<10.0.0.9/8> $N'],
    want: ['1 by 0: 10.0.0.0'],
  },
  {
    name: 'an address in a network',
    rows: ['x|$(10.0.0.0/8)|* $Y', 'x|10.0.0.1|a $N'],
    want: ['1 by 0: x|10.0.0.1|a'],
  },
  {
    name: 'an address in an IPv6 network',
    rows: ['${2001:db8::/32} $Y', '2001:DB8::1 $N'],
    want: ['1 by 0: 2001:db8::1'],
  },
  { name: 'an address that goes on', rows: ['$(10.0.0.0/8)* $Y', '10.0.0.1* $N'], want: [] },
  { name: 'a narrower network first', rows: ['$(10.1.0.0/16) $Y', '$(10.0.0.0/8) $N'], want: [] },
  {
    name: 'both halves of a network',
    rows: ['x|$(10.0.0.0/25)|* $Y', 'x|$(10.0.0.128/25)|* $N', 'x|$(10.0.0.0/24)|a $N'],
    want: ['2 by 0+1: x|10.0.0.0|a'],
  },
  {
    name: 'a half and its quarters',
    rows: ['$(10.0.0.192/26) $Y', '$(10.0.0.0/25) $Y', '$(10.0.0.128/26) $N', '$(10.0.0.0/24) $N'],
    want: ['3 by 0+1+2: 10.0.0.0'],
  },
  {
    name: 'halves of an IPv6 network',
    rows: ['${2001:db8::/33} $Y', '${2001:db8:8000::/33} $Y', '${2001:db8::/32} $N'],
    want: ['2 by 0+1: 2001:db8:0:0:0:0:0:0'],
  },
  {
    name: 'all but one address of a network',
    rows: ['$(10.0.0.0/31) $Y', '10.0.0.2 $Y', '$(10.0.0.0/30) $N'],
    want: [],
  },
  {
    name: 'addresses written out hide no network: it may be written with leading zeros',
    rows: ['10.0.0.1 $Y', '$(10.0.0.2/31) $Y', '10.0.0.0 $Y', '$(10.0.0.0/30) $N'],
    want: [],
  },
  { name: 'a suffix of a suffix', rows: ['*.test $Y', '*@*.a.test $N'], want: ['1 by 0: x@x.a.test'] },
  { name: 'a class within a star', rows: ['a* $Y', 'a$D%$[bc]* $N'], want: ['1 by 0: a0'] },
  { name: 'a class within a class', rows: ['$X* $Y', '$D*1 $N', '$S* $N'], want: ['1 by 0: 1'] },
  { name: 'a row that may go on shadows nothing', rows: ['* $C$:A$Y$E', 'a $N'], want: [] },
  { name: 'a row that fails and ends shadows', rows: ['* $:A$Y', 'a $N'], want: ['1 by 0: a'] },
  { name: 'a text from elsewhere may say to go on', rows: ['* ${a}$Y', 'a $N'], want: [] },
  { name: '$E takes $C back', rows: ['* $C$Y$E', 'a $N'], want: ['1 by 0: a'] },
  { name: 'a string changed in between', rows: ['b* $Y', 'a* b$0$C', 'b* $N'], want: [] },
  {
    name: 'a look-up in between that ends where it succeeds',
    rows: ['b* $Y', 'a* $C$|T;x|$E', 'b* $N'],
    want: ['2 by 0: bx'],
  },
  { name: 'a back match in the wider row', rows: ['*$0* $Y', 'aa $N'], want: [] },
  { name: 'a back match in the narrower row', rows: ['*|* $Y', '*|$0* $N'], want: ['1 by 0: x|x'] },
])
  test(`shadowed: ${name}`, () => assert.deepEqual(shadows(rows), want))

test('a table of 20,000 rows is described', () => {
  const rows = Array.from({ length: 20_000 }, (_, n) => `*@d${n}.test $N`)
  const description = describe([...rows, '*@d77.test $Y', '* $Y', '*x $N'])
  assert.equal(description.rows, 20_003)
  assert.equal(description.alwaysTried, 1)
  assert.deepEqual(
    description.shadowed.map(({ row, by }) => [row.number, by[0]?.number]),
    [
      [20_000, 77],
      [20_002, 20_001],
    ],
  )
})

const parsed = (pattern: string) => parsePattern(pattern, () => undefined)
const matches = (pattern: string, probe: string): boolean =>
  Array.isArray(matchPattern(parsed(pattern), new Probe(probe), new Work(RUN_LIMITS, new Scratch())))

test('a pattern that covers another one matches what that one matches', () => {
  const seed = announceSeed('mapping covers')
  let covered = 0
  fc.assert(
    fc.property(anyPattern, anyPattern, fc.array(anyProbe, { maxLength: 20 }), (wider, narrower, probes) => {
      if (!covers(parsed(wider), parsed(narrower))) return
      covered++
      for (const probe of [...probes, sampleProbe(parsed(narrower)) ?? ''])
        if (matches(narrower, probe)) assert.ok(matches(wider, probe), `${wider} over ${narrower}: ${probe}`)
    }),
    { seed, numRuns: 8000 },
  )
  console.log(`measured: ${covered} pairs covered`)
})

test('rows called shadowed decide nothing', () => {
  fc.assert(
    fc.property(fc.array(anyRow, { maxLength: 12 }), fc.array(anyProbe, { maxLength: 8 }), (rows, probes) => {
      const mappings = load(
        tableText(
          'T',
          rows.map(({ pattern, template }) => `${pattern}  ${template}`),
        ),
      )
      const table = mappings.table('T')
      assert.ok(table !== undefined)
      const never = new Set(describeTable(table).shadowed.map(({ row }) => row.name))
      for (const probe of probes)
        for (const step of runIn(mappings, 'T', probe, {}, { limits: { probe: 500 } }).steps)
          assert.ok(step.step !== 'row' || !never.has(step.row.name), probe)
    }),
    { seed: announceSeed('mapping shadows'), numRuns: 700 },
  )
})

test('a table prints as it reads', () => {
  fc.assert(
    fc.property(fc.array(anyRow, { maxLength: 6 }), (rows) => {
      const text = tableText(
        'T',
        rows.map(({ pattern, template }) => `${pattern} ${template}`),
      )
      const table = load(text).table('T')
      assert.ok(table !== undefined)
      const again = loadMappings({ name: 'm', text: formatTable(table) }).mappings.table('T')
      assert.deepEqual(
        again?.rows.map(({ name }) => name),
        table.rows.map(({ name }) => name),
      )
    }),
    { seed: announceSeed('mapping print') },
  )
})

test('columns are aligned, long patterns stick out', () => {
  const table = load(tableText('T', ['a $Y', 'abc $N', `${'x'.repeat(70)} $Y`])).table('T')
  assert.ok(table !== undefined)
  assert.equal(formatTable(table), `T\n\n  a    $Y\n  abc  $N\n  ${'x'.repeat(70)}  $Y\n`)
})
