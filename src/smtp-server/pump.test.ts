// SPDX-License-Identifier: Apache-2.0
/** Proves: steps are taken one after the other, at once where nothing is waited for, and others have their turn. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { ManualClock } from '../clock/clock.ts'
import { IDLE, OVER, Pump, type Step } from './pump.ts'

/** A pump that takes these steps, each of which costs so many milliseconds. */
function pumping(steps: readonly (Step | (() => Step))[], msEach = 0) {
  const clock = new ManualClock()
  let taken = 0
  const pump = new Pump(() => {
    const step = steps[taken++]
    clock.advance(msEach)
    return typeof step === 'function' ? step() : step
  }, clock)
  return { pump, taken: () => taken }
}

test('what is not waited for is done before run returns, and wake goes on behind what was idle', async () => {
  const { pump, taken } = pumping([undefined, undefined, IDLE, undefined, OVER, undefined])
  const end = pump.run()
  assert.equal(taken(), 3)
  pump.wake()
  assert.equal(taken(), 5)
  await end
})

test('no step is taken while a promise is waited for', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const { pump, taken } = pumping([promise, undefined, OVER])
  const end = pump.run()
  await turn()
  assert.equal(taken(), 1)
  resolve()
  await end
  assert.equal(taken(), 3)
})

test('a session that works on and on lets others have their turn every two milliseconds', async () => {
  const { pump, taken } = pumping([undefined, undefined, undefined, undefined, OVER], 1)
  const end = pump.run()
  assert.equal(taken(), 2)
  await turn()
  assert.equal(taken(), 4)
  await end
})

test('short work counts too, when it comes again and again before others had their turn', async () => {
  const { pump, taken } = pumping([IDLE, IDLE, undefined, OVER], 1)
  const end = pump.run()
  pump.wake()
  pump.wake()
  assert.equal(taken(), 2)
  await end
  assert.equal(taken(), 4)
})

const bug = (): never => {
  throw new Error('a bug')
}
for (const [how, step] of [
  ['throws', bug],
  ['rejects', async () => bug()],
] as const)
  test(`a step that ${how} is the last one`, async () => {
    const { pump, taken } = pumping([undefined, step, undefined])
    await assert.rejects(pump.run(), /a bug/)
    assert.equal(taken(), 2)
  })
