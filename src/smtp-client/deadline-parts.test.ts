// SPDX-License-Identifier: Apache-2.0
/** Proves: a deadline is over at its moment or when somebody wishes it, a part of it never later, and whoever heeds only signals hears of both. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Abort } from '../clock/abort.ts'
import { ManualClock } from '../clock/clock.ts'
import { Deadline } from './deadline.ts'

function setUp(ms = 10_000) {
  const clock = new ManualClock()
  const wish = new Abort()
  return { clock, wish, deadline: new Deadline('the delivery', ms, clock, wish) }
}

test('its time is over', () => {
  const { clock, deadline } = setUp()
  const { signal } = deadline
  clock.advance(9999)
  assert.equal(deadline.isOver || signal.aborted, false)
  clock.advance(1)
  assert.ok(deadline.isOver && signal.aborted)
  assert.equal(deadline.failure.message, 'the delivery took longer than 10 s')
  assert.deepEqual(signal.reason, deadline.failure)
})

test('somebody wishes it', () => {
  const { wish, deadline } = setUp()
  const { signal } = deadline
  wish.abort('stop')
  assert.ok(deadline.isOver && signal.aborted)
  assert.equal(deadline.failure.status, '4.3.2')
})

for (const { ms, at, why } of [
  { ms: 4000, at: 4000, why: 'opening the session took longer than 4 s' },
  { ms: 60_000, at: 10_000, why: 'the delivery took longer than 10 s' },
])
  test(`a part of ${ms} ms`, () => {
    const { clock, deadline } = setUp()
    const part = deadline.part('opening the session', ms)
    clock.advance(at - 1)
    assert.equal(part.isOver, false)
    clock.advance(1)
    assert.ok(part.isOver)
    assert.equal(part.failure.message, why)
  })

test('nobody is told any more once it is disposed of, and one that is over is told at once', () => {
  const { clock, wish, deadline } = setUp()
  const { signal } = deadline
  deadline[Symbol.dispose]()
  clock.advance(20_000)
  wish.abort('stop')
  assert.equal(signal.aborted, false)
  assert.ok(new Deadline('the delivery', 1000, clock, wish).signal.aborted)
})
