// SPDX-License-Identifier: Apache-2.0
/** Proves: every wait has its whole time and no more, with one timer. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Alarm } from './alarm.ts'
import { type Clock, ManualClock } from './clock.ts'

/** Counts the timers that were set. */
function counting(clock: ManualClock): Clock & { readonly timers: () => number } {
  let timers = 0
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    after(ms, run) {
      timers++
      return clock.after(ms, run)
    },
    timers: () => timers,
  }
}

function setUp() {
  const clock = new ManualClock()
  const counted = counting(clock)
  const rung: number[] = []
  const alarm = new Alarm(counted, () => rung.push(clock.monotonic()))
  return { clock, alarm, rung, timers: counted.timers }
}

test('a wait rings when its time is over, once', () => {
  const { clock, alarm, rung } = setUp()
  alarm.set(100)
  clock.advance(99)
  assert.deepEqual(rung, [])
  clock.advance(1000)
  assert.deepEqual(rung, [100])
})

test('many waits that are over in time set one timer', () => {
  const { clock, alarm, rung, timers } = setUp()
  for (let i = 0; i < 90; i++) {
    alarm.set(100)
    clock.advance(1)
    alarm.clear()
  }
  assert.equal(timers(), 1)
  clock.advance(1000)
  assert.deepEqual(rung, [])
})

test('a later wait has its whole time, though the timer of an earlier one comes first', () => {
  const { clock, alarm, rung } = setUp()
  alarm.set(100)
  clock.advance(60)
  alarm.set(100)
  clock.advance(1000)
  assert.deepEqual(rung, [160])
})

test('a shorter wait is not kept waiting by a longer one before it', () => {
  const { clock, alarm, rung } = setUp()
  alarm.set(1000)
  alarm.clear()
  alarm.set(10)
  clock.advance(10)
  assert.deepEqual(rung, [10])
  alarm.set(10)
  clock.advance(10)
  assert.deepEqual(rung, [10, 20])
})

test('one that was stopped does not ring', () => {
  const { clock, alarm, rung } = setUp()
  alarm.set(10)
  alarm.stop()
  clock.advance(100)
  assert.deepEqual(rung, [])
})
