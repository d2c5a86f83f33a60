// SPDX-License-Identifier: Apache-2.0
/** Stamps of the wall clock, read while the clock is set. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../clock/clock.ts'
import { Timeline } from './timeline.ts'

const HOUR = 3_600_000
const YEAR = 365 * 24 * HOUR

function setUp() {
  const clock = new ManualClock()
  const jumps: number[] = []
  const timeline = new Timeline(clock, (by) => jumps.push(by))
  return { clock, timeline, jumps }
}

for (const by of [YEAR, HOUR, -4 * HOUR, -YEAR])
  test(`a stamp keeps its time when the clock is set by ${by / HOUR} h, and the jump is told once`, () => {
    const { clock, timeline, jumps } = setUp()
    clock.advance(2 * HOUR)
    const stamp = clock.now()
    clock.advance(5000)
    clock.jump(by)
    timeline.now()
    clock.advance(3 * HOUR)
    assert.equal(timeline.past(stamp), 2 * HOUR)
    assert.equal(timeline.past(clock.now() - 1000), 5 * HOUR + 4000)
    assert.equal(timeline.future(clock.now() + 7000, HOUR), clock.monotonic() + 7000)
    assert.deepEqual(jumps, [by])
  })

test('a stamp that was made twice is taken for the later one', () => {
  const { clock, timeline } = setUp()
  clock.advance(2 * HOUR)
  const stamp = clock.now()
  clock.jump(-HOUR)
  timeline.now()
  clock.advance(3 * HOUR)
  assert.equal(timeline.past(stamp), 3 * HOUR)
})

test('what came before we began is as old as its stamp says, whatever happened since', () => {
  const { clock, timeline } = setUp()
  const stamp = clock.now() - 3 * HOUR
  clock.advance(HOUR)
  clock.jump(YEAR)
  assert.equal(timeline.past(stamp), -3 * HOUR)
})

test('the future has begun at the earliest now, and ends with the longest wait', () => {
  const { clock, timeline } = setUp()
  assert.equal(timeline.past(clock.now() + YEAR), clock.monotonic())
  assert.equal(timeline.future(clock.now() + YEAR, HOUR), HOUR)
  assert.equal(timeline.future(clock.now() - YEAR, HOUR), 0)
})

test('drift is followed silently', () => {
  const { clock, timeline, jumps } = setUp()
  for (let i = 0; i < 100; i++) {
    clock.advance(60_000)
    clock.jump(30)
    timeline.now()
  }
  assert.deepEqual(jumps, [])
  assert.equal(timeline.past(clock.now()), clock.monotonic())
})

test('a clock that jumps all the time costs no memory, and stamps of now stay right', () => {
  const { clock, timeline, jumps } = setUp()
  for (let i = 0; i < 1000; i++) {
    clock.advance(1000)
    clock.jump(i % 2 === 0 ? HOUR : -HOUR)
    timeline.now()
  }
  assert.equal(jumps.length, 1000)
  assert.equal(timeline.past(clock.now()), clock.monotonic())
})
