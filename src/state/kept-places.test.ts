// SPDX-License-Identifier: Apache-2.0
/**
 * Proves: limits stay exact while workers keep places, whatever is under way between processes; what is kept in vain is
 * given back; a worker that hangs holds nobody up for long; every client that comes is told of.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ManualClock } from '../clock/clock.ts'
import { type Claimed, ConnectionSlots, type SlotLimits } from './connection-slots.ts'
import { type CameAgain, KeptPlaces } from './kept-places.ts'
import { PlaceOwner } from './place-owner.ts'

const A = '192.0.2.1'
const B = '192.0.2.2'
const SWEEP_MS = 1000

/** Some workers and the owner; what they say to each other arrives in its order, when it is let through. */
function site(workers: number, given: Partial<SlotLimits> = {}) {
  const limits = {
    connections: 1000,
    connectionsPerAddress: 1000,
    connectionsPerNetwork: 1000,
    connectionsPerMinute: 0,
    ...given,
  }
  const clock = new ManualClock()
  const slots = new ConnectionSlots(() => clock.monotonic())
  const roads = Array.from({ length: 2 * workers }, (): (() => unknown)[] => [])
  const said: string[] = []
  const came: CameAgain[] = []
  const hung = new Set<number>()
  /** On a road a word arrives, and so does the answer on the road back. */
  const call = <T>(there: number, back: number, answer: () => T | Promise<T>): Promise<T> =>
    new Promise((resolve) => {
      roads[there]?.push(async () => {
        const value = await answer()
        roads[back]?.push(() => resolve(value))
      })
    })
  const owner: PlaceOwner = new PlaceOwner({
    slots,
    limits: () => limits,
    clock,
    recall: (worker, round) => {
      said.push(`recall ${worker}`)
      const kept = kepts[worker]
      if (hung.has(worker) || kept === undefined) return new Promise(() => {})
      return call(2 * worker + 1, 2 * worker, () => kept.recall(round))
    },
  })
  const kepts = Array.from(
    { length: workers },
    (_, worker) =>
      new KeptPlaces(
        {
          claim: (address) => {
            said.push(`claim ${worker}`)
            return call(2 * worker, 2 * worker + 1, () => owner.claim(worker, address))
          },
          release: (places) => {
            said.push(`release ${worker} ${places.length}`)
            roads[2 * worker]?.push(() => owner.release(places))
          },
          cameAgain: (clients) => came.push(...clients),
        },
        clock,
      ),
  )
  const settle = async (): Promise<void> => {
    for (let quiet = 0; quiet < 20; quiet++) {
      const word = roads.find((road) => road.length > 0)?.shift()
      if (word !== undefined) quiet = 0
      word?.()
      await Promise.resolve()
    }
  }
  const claim = async (worker: number, address = A): Promise<Claimed> => {
    const claimed = kepts[worker]?.claim(address)
    await settle()
    return (await claimed) ?? assert.fail()
  }
  return { limits, clock, slots, roads, said, came, hung, owner, kepts, settle, claim }
}

test('the next client of an address has the place of the one before it, and nobody is asked', async () => {
  const { kepts, claim, said, came, clock, slots, settle } = site(1)
  const first = await claim(0)
  first.release()
  const again = kepts[0]?.claim(A)
  if (again === undefined || again instanceof Promise) assert.fail('it was asked for')
  first.release()
  assert.deepEqual(said, ['claim 0'], 'a second release changes nothing')
  assert.equal((await claim(0)).answer.granted, true)
  assert.deepEqual(said, ['claim 0', 'claim 0'], 'the place kept has been taken')
  clock.advance(SWEEP_MS)
  assert.deepEqual(came, [[A, 1]])
  again.release()
  clock.advance(2 * SWEEP_MS)
  await settle()
  assert.equal(slots.taken, 1, 'one is given back that nobody needed')
})

test('what an address needs is kept, the rest of it is not', async () => {
  const { kepts, claim, clock, slots, settle } = site(1)
  const [first, second] = [await claim(0), await claim(0)]
  first.release()
  second.release()
  clock.advance(SWEEP_MS)
  for (let i = 0; i < 3; i++) {
    const taken = kepts[0]?.claim(A)
    if (taken === undefined || taken instanceof Promise) assert.fail('it was asked for')
    taken.release()
    clock.advance(SWEEP_MS)
    await settle()
    assert.equal(slots.taken, 1)
  }
  clock.advance(SWEEP_MS)
  await settle()
  assert.equal(slots.taken, 0)
})

test('who would be refused gets what another worker keeps, for whatever address', async () => {
  for (const given of [{ connections: 1 }, { connectionsPerNetwork: 1 }]) {
    const { claim, said, slots } = site(2, given)
    const first = await claim(0, A)
    first.release()
    assert.equal((await claim(1, B)).answer.granted, true)
    assert.equal((await claim(1, B)).answer.granted, false)
    assert.equal(said.filter((word) => word.startsWith('recall')).length, 1, 'nobody keeps any')
    assert.equal(slots.taken, 1)
  }
})

test('where places are few nothing is kept for a moment', async () => {
  const { claim, said, clock, slots, settle } = site(1, { connectionsPerAddress: 1 })
  const first = await claim(0)
  assert.equal((await claim(0)).answer.granted, false)
  first.release()
  await settle()
  assert.equal(slots.taken, 0, 'it was granted before the recall')
  const second = await claim(0)
  second.release()
  await settle()
  assert.equal(slots.taken, 0)
  clock.advance(1000)
  const third = await claim(0)
  third.release()
  await settle()
  assert.equal(slots.taken, 1)
  assert.equal(said.filter((word) => word.startsWith('recall')).length, 1)
})

test('who may come a number of times a minute is counted each time', async () => {
  const { claim, limits } = site(1, { connectionsPerMinute: 2 })
  const granted: boolean[] = []
  for (let i = 0; i < 3; i++) {
    const claimed = await claim(0)
    granted.push(claimed.answer.granted)
    claimed.release()
  }
  assert.deepEqual(granted, [true, true, false])
  assert.equal(limits.connectionsPerMinute, 2)
})

test('with other limits what was kept under the old ones counts no more', async () => {
  const { claim, limits, owner, settle, slots } = site(2)
  const open = [await claim(0), await claim(0), await claim(1)]
  open[0]?.release()
  limits.connectionsPerAddress = 1
  const recalled = owner.recall()
  await settle()
  await recalled
  assert.equal(slots.taken, 2)
  open[1]?.release()
  await settle()
  assert.equal((await claim(0)).answer.granted, false, 'the other worker has one connection open')
})

test('a worker that hangs holds nobody up for longer than half a second', async () => {
  const { kepts, claim, clock, hung, settle, owner } = site(2, { connections: 1 })
  const kept = await claim(0)
  kept.release()
  hung.add(0)
  const waiting = kepts[1]?.claim(B)
  await settle()
  clock.advance(500)
  await settle()
  assert.equal((await waiting)?.answer.granted, false)
  owner.gone(0)
  assert.equal((await claim(1, B)).answer.granted, true)
})

test('a worker that dies while places are called back for it gets none', async () => {
  const { claim, settle, owner, slots } = site(2, { connections: 1 })
  const kept = await claim(0)
  kept.release()
  const refused = owner.claim(1, B)
  owner.gone(1)
  await settle()
  assert.equal((await refused).answer.granted, false)
  assert.equal(slots.taken, 0)
  assert.equal((await claim(1, B)).answer.granted, true, 'the next process has its place')
})

const STEP = fc.record({
  what: fc.constantFrom('claim', 'claim', 'end', 'end', 'hear', 'hear', 'hear', 'wait'),
  worker: fc.nat(2),
  which: fc.nat(50),
})

test('never one too many, whatever is under way', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(STEP, { maxLength: 120 }), fc.integer({ min: 1, max: 4 }), async (steps, most) => {
      const { kepts, roads, clock, settle, slots } = site(3, { connectionsPerAddress: most })
      const open: Claimed[] = []
      const add = (claimed: Claimed): void => {
        if (claimed.answer.granted) open.push(claimed)
      }
      for (const { what, worker, which } of steps) {
        if (what === 'claim') {
          const claimed = kepts[worker]?.claim(A)
          if (claimed instanceof Promise) void claimed.then(add)
          else if (claimed !== undefined) add(claimed)
        } else if (what === 'end') {
          const [over] = open.splice(which % Math.max(1, open.length), 1)
          over?.release()
        } else if (what === 'hear') roads[which % roads.length]?.shift()?.()
        else clock.advance(300)
        for (let i = 0; i < 5; i++) await Promise.resolve()
        assert.ok(open.length <= most)
      }
      await settle()
      for (const claimed of open) claimed.release()
      for (let i = 0; i < 4; i++) {
        clock.advance(SWEEP_MS)
        await settle()
      }
      assert.equal(slots.taken, 0, 'all come back')
    }),
  )
})

test('never one too few, against a plain count', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(STEP, { maxLength: 60 }), fc.integer({ min: 1, max: 4 }), async (steps, most) => {
      const { claim, clock, settle } = site(3, { connectionsPerAddress: most })
      const open: Claimed[] = []
      for (const { what, worker, which } of steps) {
        if (what === 'claim') {
          const claimed = await claim(worker)
          assert.equal(claimed.answer.granted, open.length < most)
          if (claimed.answer.granted) open.push(claimed)
        } else if (what === 'end') open.splice(which % Math.max(1, open.length), 1)[0]?.release()
        else clock.advance(what === 'wait' ? 1100 : 100)
        await settle()
      }
    }),
  )
})
