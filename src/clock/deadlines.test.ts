// SPDX-License-Identifier: Apache-2.0
/** Proves: each of many deadlines comes at its moment, in any order, with one timer; and none holds the process when all are met. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from './clock.ts'
import { Deadlines } from './deadlines.ts'

function setUp() {
  const clock = new ManualClock()
  const missed: string[] = []
  let timers = 0
  let set = 0
  const deadlines = new Deadlines<string>(
    {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      after(ms, run) {
        timers++
        set++
        const cancel = clock.after(ms, () => {
          timers--
          run()
        })
        return () => {
          timers--
          cancel()
        }
      },
    },
    (one) => missed.push(`${one} ${clock.monotonic()}`),
  )
  return { clock, deadlines, missed, timers: () => timers, set: () => set }
}

test('each is missed at its own moment, however they were set', () => {
  const { clock, deadlines, missed, timers } = setUp()
  deadlines.set('b', 200)
  deadlines.set('a', 100)
  deadlines.set('c', 300)
  deadlines.set('met', 150)
  assert.equal(timers(), 1)
  clock.advance(120)
  deadlines.delete('met')
  clock.advance(1000)
  assert.deepEqual(missed, ['a 100', 'b 200', 'c 300'])
  assert.equal(timers(), 0)
})

test('one that is met calls nobody, and one set anew has its new time', () => {
  const { clock, deadlines, missed } = setUp()
  deadlines.set('a', 100)
  deadlines.set('b', 100)
  deadlines.delete('a')
  clock.advance(50)
  deadlines.set('b', 100)
  clock.advance(99)
  assert.deepEqual(missed, [])
  clock.advance(1)
  assert.deepEqual(missed, ['b 150'])
})

test('many that overlap take one timer, and none when all are met', () => {
  const { clock, deadlines, missed, timers, set } = setUp()
  for (let i = 0; i < 100; i++) {
    deadlines.set(`${i}`, 1000)
    if (i > 0) deadlines.delete(`${i - 1}`)
    clock.advance(1)
  }
  assert.equal(set(), 1)
  deadlines.delete('99')
  assert.equal(timers(), 0)
  deadlines.set('none', Number.POSITIVE_INFINITY)
  clock.advance(1e9)
  assert.deepEqual(missed, [])
})

test('whoever is told of one may set another', () => {
  const clock = new ManualClock()
  const missed: number[] = []
  const deadlines = new Deadlines<object>(clock, () => {
    missed.push(clock.monotonic())
    if (missed.length < 3) deadlines.set({}, 10)
  })
  deadlines.set({}, 10)
  clock.advance(100)
  assert.deepEqual(missed, [10, 20, 30])
})
