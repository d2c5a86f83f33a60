// SPDX-License-Identifier: Apache-2.0
/** Proves: rows that lacked one thing are found, with what they lacked, the likeliest first. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { announceSeed } from '../../test/fuzz/seed.ts'
import { nearMisses } from './near-miss.ts'
import { anyPattern, anyProbe } from './random-tables.fixture.ts'
import { load, tableText } from './tables.fixture.ts'

const tableOf = (rows: readonly string[]) => {
  const table = load(tableText('T', rows)).table('T')
  assert.ok(table !== undefined)
  return table
}

const ROWS = [
  'TCP|*|25|$(198.51.100.0/24)|* $N',
  'TCP|*|587|*|* $Y',
  'tcp_local|*|tcp_local|* $N',
  'tcp_local|*@spam.test|l|* $N',
  '* $Y',
]

for (const { probe, want } of [
  {
    probe: 'TCP|192.0.2.1|25|198.51.101.7|40000',
    want: ['row 0, column 12: $(198.51.100.0/24) but 198.51.101.7', 'row 1, column 8: |587| but |25|'],
  },
  {
    probe: 'tcp_intranet|a@b.test|tcp_local|c@d.test',
    want: ['row 2, column 3: tcp_local| but tcp_intranet|'],
  },
  { probe: 'tcp_local|kim@ham.test|l|lee@here.test', want: ['row 3, column 14: @spam.test|l| but @ham.test|l|'] },
  { probe: 'nothing alike', want: [] },
])
  test(`near misses of ${probe}`, () => {
    const misses = nearMisses(tableOf(ROWS), probe, { most: 2 })
    const shown = misses.map(
      ({ row, lacked, column, found }) => `row ${row.line - 3}, column ${column}: ${lacked} but ${found}`,
    )
    assert.deepEqual(shown.slice(0, want.length), want)
    if (want.length === 0) assert.deepEqual(shown, [])
  })

test('only rows above the one that decided', () => {
  assert.deepEqual(
    nearMisses(tableOf(ROWS), 'TCP|1|587|x', { before: 1 }).map(({ row }) => row.line),
    [],
  )
})

test('whatever the table, what was lacked is in the pattern and what was found in the probe', () => {
  fc.assert(
    fc.property(fc.array(anyPattern, { minLength: 1, maxLength: 10 }), anyProbe, (patterns, probe) => {
      for (const miss of nearMisses(tableOf(patterns.map((pattern) => `${pattern} $Y`)), probe)) {
        assert.ok(miss.row.text.includes(miss.lacked))
        assert.ok(probe.includes(miss.found))
      }
    }),
    { seed: announceSeed('near misses'), numRuns: 500 },
  )
})
