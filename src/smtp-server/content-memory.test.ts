// SPDX-License-Identifier: Apache-2.0
/** Proves: never more in hand than there may be, first come first served, nobody waits for ever, nothing is lost. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ManualClock } from '../clock/clock.ts'
import { ContentMemory, PATIENCE_MS } from './content-memory.ts'

const settle = () => new Promise<void>((resolve) => setImmediate(resolve))

test('room at once, and in turn', async () => {
  const memory = new ContentMemory(new ManualClock())
  const first = await memory.claim(60, 100)
  assert.equal(memory.octets, 60)
  const order: string[] = []
  const large = memory.claim(50, 100).then((release) => {
    order.push('large')
    return release
  })
  const small = memory.claim(10, 100).then((release) => {
    order.push('small')
    return release
  })
  await settle()
  assert.deepEqual(order, [], 'the small one does not overtake')
  first?.()
  first?.()
  await settle()
  assert.deepEqual([order, memory.octets], [['large', 'small'], 60])
  ;(await large)?.()
  ;(await small)?.()
  assert.equal(memory.octets, 0)
})

test('who waits too long is put off, and whoever waits behind goes on', async () => {
  const clock = new ManualClock()
  const memory = new ContentMemory(clock)
  await memory.claim(60, 100)
  const large = memory.claim(50, 100)
  clock.advance(PATIENCE_MS - 1)
  const small = memory.claim(40, 100)
  clock.advance(1)
  assert.equal(await large, undefined)
  assert.notEqual(await small, undefined)
  assert.equal(memory.octets, 100)
})

test('one that is larger than all of it has it alone', async () => {
  const memory = new ContentMemory(new ManualClock())
  const release = await memory.claim(500, 100)
  const other = memory.claim(1, 100)
  assert.equal(memory.octets, 500)
  release?.()
  ;(await other)?.()
  assert.equal(memory.octets, 0)
})

test('whatever comes and goes: the bound holds, and at the end nothing is in hand', async () => {
  const MOST = 100
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ octets: fc.integer({ min: 0, max: MOST }), wait: fc.integer({ min: 0, max: 20_000 }) }), {
        maxLength: 30,
      }),
      async (comers) => {
        const clock = new ManualClock()
        const memory = new ContentMemory(clock)
        const held: (() => void)[] = []
        const done = comers.map(async ({ octets }) => {
          const release = await memory.claim(octets, MOST)
          assert.ok(memory.octets <= MOST)
          if (release !== undefined) held.push(release)
        })
        for (const { wait } of comers) {
          await settle()
          clock.advance(wait)
          held.shift()?.()
        }
        for (let left = comers.length + 1; left > 0; left--) {
          await settle()
          held.shift()?.()
        }
        clock.advance(PATIENCE_MS)
        await Promise.all(done)
        for (const release of held) release()
        assert.equal(memory.octets, 0)
      },
    ),
    { numRuns: 50, seed: 20261124 },
  )
})
