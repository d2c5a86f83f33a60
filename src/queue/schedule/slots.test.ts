// SPDX-License-Identifier: Apache-2.0
/** Standing, room and back-off of one process's slots. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MINUTE, OUT, RETRY, SECOND } from './simulation.fixture.ts'
import { LocalSlots, type Rank, type Slot } from './slots.ts'

function setUp(concurrency = 20, perDestination = 5, random = 0) {
  const slots = new LocalSlots({
    limits: () => ({ concurrency, perDestination }),
    retryMs: () => RETRY,
    random: () => random,
  })
  const claim = (key: string, now: number): Slot => {
    const slot = slots.claim(OUT, key, now)
    assert.ok(slot !== undefined, `${key} at ${now}`)
    return slot
  }
  const standing = (key: string, now: number): string => {
    const it = slots.standing(OUT, key, now)
    return it.may === 'begin' ? it.rank : it.may === 'not-before' ? `not before ${it.at}` : it.may
  }
  const prove = (key: string, now: number): void => {
    slots.release(claim(key, now), 'alive', now)
  }
  return { slots, claim, standing, prove }
}

test('a destination is unknown, alive, silent for a while, and unknown again', () => {
  const { claim, standing, prove } = setUp()
  assert.equal(standing('a', 0), 'unknown')
  const first = claim('a', 0)
  assert.deepEqual([first.rank, standing('a', 0)], ['unknown', 'not-yet'])
  prove('b', 0)
  assert.equal(standing('b', 0), 'first')
  claim('b', 0)
  assert.equal(standing('b', 0), 'more')
  assert.equal(standing('b', 3 * MINUTE), 'not-yet')
  prove('c', 0)
  assert.equal(standing('c', 3 * MINUTE), 'unknown')
})

test('one that is down is left alone for longer and longer, until it answers', () => {
  const { slots, claim, standing } = setUp()
  const waits: number[] = []
  let now = 0
  for (let i = 0; i < 9; i++) {
    assert.equal(slots.release(claim('a', now), 'down', now), true)
    const it = slots.standing(OUT, 'a', now)
    assert.ok(it.may === 'not-before')
    waits.push((it.at - now) / SECOND)
    now = it.at
    assert.equal(standing('a', now), 'suspect')
  }
  assert.deepEqual(waits, [30, 60, 120, 240, 480, 960, 1800, 1800, 1800])
  assert.equal(slots.release(claim('a', now), 'alive', now), false)
  assert.equal(standing('a', now), 'first')
})

test('waits are spread, and an operator ends them', () => {
  const { slots, claim, standing } = setUp(20, 5, 0.999)
  slots.release(claim('a', 0), 'down', 0)
  assert.match(standing('a', 0), /^not before 240\d\d$/)
  slots.reopen(OUT, 'a')
  assert.equal(standing('a', 0), 'unknown')
})

test('a live one that fails loses slots before it is down; who was under way meanwhile says nothing new', () => {
  const { slots, claim, prove, standing } = setUp()
  for (let i = 0; i < 5; i++) prove('a', 0)
  const five = [1, 2, 3, 4, 5].map(() => claim('a', 0))
  const down = five.map((slot) => slots.release(slot, 'down', 1))
  assert.deepEqual(down, [false, false, true, true, true])
  assert.equal(standing('a', 1), `not before ${30 * SECOND + 1}`)
})

test('an attempt that says nothing changes nothing', () => {
  const { slots, claim, standing } = setUp()
  assert.equal(slots.release(claim('a', 0), 'unsaid', 0), false)
  assert.equal(standing('a', 0), 'unknown')
})

for (const { concurrency, want } of [
  { concurrency: 20, want: { suspect: 5, unknown: 10, more: 15, first: 20 } },
  { concurrency: 4, want: { suspect: 1, unknown: 2, more: 3, first: 4 } },
  { concurrency: 1, want: { suspect: 1, unknown: 1, more: 1, first: 1 } },
])
  test(`of ${concurrency} slots each rank leaves the next one some`, () => {
    for (const [rank, most] of Object.entries(want) as [Rank, number][]) {
      const { slots, claim, prove } = setUp(concurrency, 100)
      let taken = 0
      for (let i = 0; i < 40; i++) prove('other', 0)
      for (let i = 0; i < 40; i++) {
        const key = rank === 'more' ? 'many' : `d${i}`
        if (rank === 'suspect') {
          slots.release(claim(key, 0), 'down', 0)
        } else if (rank !== 'unknown') prove(key, 0)
      }
      const now = MINUTE
      if (rank === 'more') claim('many', now)
      for (let i = 0; i < 40; i++) {
        const key = rank === 'more' ? 'many' : `d${i}`
        const slot = slots.room(OUT, rank) ? slots.claim(OUT, key, now) : undefined
        if (slot === undefined) continue
        assert.equal(slot.rank, rank)
        taken++
      }
      // The first slot of the one with many is none of its further ones.
      assert.equal(taken, rank === 'more' ? Math.min(most, concurrency - 1) : most, rank)
    }
  })

test('a destination that is alone in its channel has all of it', () => {
  const { slots, claim, prove } = setUp(8, 8)
  for (let i = 0; i < 8; i++) prove('', 0)
  for (let i = 0; i < 8; i++) claim('', 0)
  assert.equal(slots.room(OUT, 'more'), false)
})

test('of the many destinations only so many are remembered, those in use always', () => {
  const { slots, claim, standing } = setUp(10_000, 5)
  const kept = claim('kept', 0)
  for (let i = 0; i < 30_000; i++) slots.release(claim(`d${i}`, 0), 'down', 0)
  assert.equal(standing('kept', 0), 'not-yet')
  assert.equal(standing('d0', 0), 'unknown')
  assert.match(standing('d29999', 0), /^not before/)
  slots.release(kept, 'alive', 0)
})
