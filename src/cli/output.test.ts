// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { clean, humanDuration, humanSize, table, wantsColor } from './output.ts'

for (const [ms, want] of [
  [0, 'now'],
  [999, 'now'],
  [42_000, '42s'],
  [90_000, '1m30s'],
  [600_000, '10m'],
  [3_599_000, '59m'],
  [3_600_000, '1h'],
  [11_520_000, '3h12m'],
  [86_400_000, '1d'],
  [442_800_000, '5d3h'],
] as const) {
  test(`${ms} ms is ${want}`, () => assert.equal(humanDuration(ms), want))
}

for (const [bytes, want] of [
  [0, '0'],
  [1023, '1023'],
  [1024, '1.0K'],
  [52_428_800, '50.0M'],
] as const) {
  test(`${bytes} octets are ${want}`, () => assert.equal(humanSize(bytes), want))
}

test('whatever a stranger chose, one line without control characters comes out, within the bound', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), fc.integer({ min: 1, max: 50 }), (text, max) => {
      const shown = clean(text, max)
      assert.doesNotMatch(shown, /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u)
      assert(shown.length <= max)
    }),
  )
})

test('columns are aligned, wide characters included', () => {
  const columns = [{ title: 'A' }, { title: 'N', align: 'right' }, { title: 'C' }] as const
  const text = table(
    columns,
    [
      ['日本', '1', 'x'],
      ['abcdef', '100', 'y'],
    ],
    { color: false },
  )
  assert.equal(text, 'A         N  C\n日本      1  x\nabcdef  100  y')
})

test('colours only on a terminal, and not against NO_COLOR', () => {
  assert.equal(wantsColor({ isTTY: true }, {}), true)
  assert.equal(wantsColor({ isTTY: true }, { NO_COLOR: '1' }), false)
  assert.equal(wantsColor({ isTTY: true }, { NO_COLOR: '' }), true)
  assert.equal(wantsColor({}, {}), false)
})
