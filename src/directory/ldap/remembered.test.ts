// SPDX-License-Identifier: Apache-2.0
/** Proves: answers are remembered for their times, asked for once at a time, and bounded; strangers push out nobody known. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Lookup } from '../../ask/lookup.ts'
import { remembered } from './remembered.ts'

function rig(over: { maxBytes?: number } = {}) {
  const state = { time: 0, asked: 0, stale: 0, answer: { kind: 'absent' } as Lookup<string> }
  const kept = remembered({
    foundMs: 100,
    absentMs: 10,
    staleMs: 1000,
    maxBytes: 1 << 20,
    now: () => state.time,
    onStale: () => state.stale++,
    ...over,
  })
  const ask = async (): Promise<Lookup<string>> => {
    state.asked++
    return state.answer
  }
  return { state, kept, get: (key: string) => kept.get(key, ask, (value) => value.length) }
}

const found = (value: string): Lookup<string> => ({ kind: 'found', value })
const AWAY: Lookup<string> = { kind: 'defer', cause: 'away' }

test('found, absent and away, each for its time', async () => {
  const { state, get } = rig()
  state.answer = found('a')
  assert.deepEqual(await get('k'), found('a'))
  state.answer = AWAY
  state.time = 99
  assert.deepEqual(await get('k'), found('a'))
  assert.deepEqual([state.asked, state.stale], [1, 0])
  state.time = 1000
  assert.deepEqual(await get('k'), found('a'))
  assert.deepEqual([state.asked, state.stale], [2, 1])
  state.time = 1001
  assert.deepEqual(await get('k'), AWAY)
  state.answer = { kind: 'absent' }
  await get('other')
  state.answer = AWAY
  state.time += 9
  assert.deepEqual(await get('other'), { kind: 'absent' })
  state.time += 1
  assert.deepEqual(await get('other'), AWAY)
})

test('who was there and is gone is not found any more, and the other way round', async () => {
  const { state, get } = rig()
  state.answer = found('a')
  await get('k')
  state.time = 200
  state.answer = { kind: 'absent' }
  assert.equal((await get('k')).kind, 'absent')
  state.answer = AWAY
  state.time = 300
  assert.equal((await get('k')).kind, 'defer')
  state.answer = found('b')
  assert.deepEqual(await get('k'), found('b'))
})

test('equal questions at one time are one; what is forgotten in between is not kept', async () => {
  const { kept } = rig()
  const { promise, resolve } = Promise.withResolvers<Lookup<string>>()
  let asked = 0
  const ask = (): Promise<Lookup<string>> => {
    asked++
    return promise
  }
  const both = [kept.get('k', ask, () => 1), kept.get('k', ask, () => 1)]
  assert.equal(asked, 1)
  kept.forget('k')
  resolve(found('old'))
  assert.deepEqual(await Promise.all(both), [found('old'), found('old')])
  assert.deepEqual(
    await kept.get(
      'k',
      async () => found('new'),
      () => 1,
    ),
    found('new'),
  )
})

test('memory is bounded, and those who guess names push out nobody', async () => {
  const { state, kept, get } = rig({ maxBytes: 100_000 })
  state.answer = found('x'.repeat(100))
  await get('kim')
  state.answer = { kind: 'absent' }
  for (let n = 0; n < 5000; n++) await get(`guess ${n}`)
  assert.ok(kept.entries < 200)
  const { asked } = state
  await get('kim')
  assert.equal(state.asked, asked)
  state.answer = found('x'.repeat(1000))
  for (let n = 0; n < 500; n++) await get(`user ${n}`)
  assert.ok(kept.entries < 200)
  // Larger than all there is: answered, and not kept.
  state.answer = found('x'.repeat(200_000))
  assert.equal((await get('large')).kind, 'found')
})
