// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { coarse, ManualClock } from './clock.ts'

test('timers run in order of time, each at its moment', () => {
  const clock = new ManualClock(0)
  const seen: string[] = []
  clock.after(20, () => seen.push(`b${clock.now()}`))
  clock.after(10, () => {
    seen.push(`a${clock.now()}`)
    clock.after(5, () => seen.push(`c${clock.now()}`))
  })
  const cancel = clock.after(12, () => seen.push('never'))
  cancel()
  clock.advance(30)
  assert.deepEqual(seen, ['a10', 'c15', 'b20'])
  assert.equal(clock.monotonic(), 30)
})

test('the wall clock jumps, intervals do not', () => {
  const clock = new ManualClock(0)
  clock.jump(-3_600_000)
  assert.equal(clock.monotonic(), 0)
  assert.equal(clock.now(), -3_600_000)
})

test('long waits have few lengths, none of them shorter or much longer than was asked for', () => {
  const lengths = new Set<number>()
  for (let ms = 0.5; ms < 10_000_000; ms = ms * 1.001 + 0.1) {
    const waited = coarse(ms)
    assert.ok(waited >= ms && waited <= ms * 1.125, `${ms}`)
    if (ms >= 8000) lengths.add(waited)
    else assert.equal(waited, ms)
  }
  assert.ok(lengths.size < 1200)
  assert.equal(coarse(300_000), 300_000)
  assert.equal(coarse(Number.POSITIVE_INFINITY), Number.POSITIVE_INFINITY)
})
