// SPDX-License-Identifier: Apache-2.0
/** Proves: workers together never have more slots than one process would, and none is left without while there is one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { ManualClock } from '../../clock/clock.ts'
import type { ChannelName } from '../../envelope/channel-name.ts'
import { LeaseOwner } from './lease-owner.ts'
import { LeasedSlots } from './leased-slots.ts'
import { LocalSlots, type Slot } from './slots.ts'

const CHANNEL = 'tcp_local' as ChannelName

function site({ workers = 2, concurrency = 8, perDestination = 3 } = {}) {
  const clock = new ManualClock()
  const slots = new LocalSlots({
    limits: () => ({ concurrency, perDestination }),
    retryMs: () => [60_000],
    random: () => 0,
  })
  const looks: string[] = []
  const leased: LeasedSlots[] = []
  const owner = new LeaseOwner(slots, clock.monotonic.bind(clock), {
    look(worker, channel, key) {
      looks.push(`${worker} ${key}`)
      leased[worker]?.look(channel, key)
    },
    yield: (worker, lease) => leased[worker]?.yield(lease),
  })
  for (let worker = 0; worker < workers; worker++) {
    // As over a link: every answer comes a turn later.
    leased.push(
      new LeasedSlots(
        {
          claim: async (channel, key) => {
            await turn()
            return owner.claim(worker, channel, key)
          },
          answered: (lease) => owner.answered(lease),
          giveBack: async (lease, sign) => owner.giveBack(lease, sign),
          reopen: (channel, key) => owner.reopen(channel, key),
        },
        clock,
      ),
    )
  }
  const at = (worker: number): LeasedSlots => leased[worker] ?? assert.fail(`no worker ${worker}`)
  /** Asks until the answer is there. */
  const claim = async (worker: number, key: string): Promise<Slot | undefined> => {
    for (let i = 0; i < 4; i++) {
      if (at(worker).standing(CHANNEL, key, clock.monotonic()).may === 'begin') return at(worker).claim(CHANNEL, key)
      await turn()
      await turn()
    }
    return undefined
  }
  const must = async (worker: number, key: string): Promise<Slot> =>
    (await claim(worker, key)) ?? assert.fail(`worker ${worker} gets no slot for ${key}`)
  const release = (worker: number, slot: Slot, sign: 'alive' | 'down' | 'unsaid') =>
    at(worker).release(slot, sign, clock.monotonic())
  return { clock, owner, looks, at, claim, must, release, pass: (ms: number) => clock.advance(ms) }
}

test('an unknown destination is tried by one worker; the other is told when there is more', async () => {
  const s = site()
  const first = await s.must(0, 'example.net')
  assert.equal(await s.claim(1, 'example.net'), undefined)
  const changed: string[] = []
  s.at(1).onChange((_, key) => changed.push(key))
  s.release(0, first, 'alive')
  assert.deepEqual([s.looks, changed], [['1 example.net'], ['example.net']])
  await s.must(1, 'example.net')
})

test('a lease serves one delivery after the other, and goes back when there are no more', async () => {
  const s = site()
  const slot = await s.must(0, 'example.net')
  s.release(0, slot, 'alive')
  const again = s.at(0).claim(CHANNEL, 'example.net')
  assert.ok(again)
  assert.equal(s.owner.lent, 1)
  s.release(0, again, 'alive')
  s.pass(100)
  assert.equal(s.owner.lent, 1)
  s.pass(300)
  assert.equal(s.owner.lent, 0)
})

test('down for one is down for all, until its time', async () => {
  const s = site()
  const slot = await s.must(0, 'example.net')
  assert.equal(s.release(0, slot, 'down'), true)
  await turn()
  for (const worker of [0, 1]) {
    assert.equal(await s.claim(worker, 'example.net'), undefined)
    const standing = s.at(worker).standing(CHANNEL, 'example.net', s.clock.monotonic())
    assert.deepEqual(standing, { may: 'not-before', at: 30_000 })
  }
  s.pass(30_000)
  await s.must(1, 'example.net')
})

test('what a dead worker had is free again', async () => {
  const s = site({ concurrency: 2 })
  await s.must(0, 'a.example')
  s.owner.gone(0)
  assert.equal(s.owner.lent, 0)
  await s.must(1, 'a.example')
})

test('who waits is told of what a dead worker had, though that waited too', async () => {
  const s = site({ concurrency: 2 })
  await s.must(0, 'a.example')
  for (const key of ['b.example', 'c.example', 'd.example']) await s.claim(0, key)
  await s.claim(1, 'b.example')
  s.owner.gone(0)
  assert.deepEqual(s.looks, ['1 b.example'])
})

test('one that was refused and never told asks again by itself', async () => {
  const s = site()
  await s.must(0, 'example.net')
  assert.equal(await s.claim(1, 'example.net'), undefined)
  s.owner.gone(1) // forgets who waits
  s.owner.gone(0)
  assert.equal(await s.claim(1, 'example.net'), undefined)
  s.pass(1000)
  await s.must(1, 'example.net')
})

test('an operator opens a destination that is down, for all', async () => {
  const s = site()
  s.release(0, await s.must(0, 'example.net'), 'down')
  await turn()
  s.at(0).reopen(CHANNEL, 'example.net')
  await s.must(0, 'example.net')
})

test('a worker that came later gets its share of a destination that another has all slots of', async () => {
  const s = site({ perDestination: 6 })
  const held: Slot[][] = [[], []]
  const finish = async (worker: number): Promise<void> => {
    const slot = held[worker]?.shift()
    if (slot !== undefined) s.release(worker, slot, 'alive')
    await turn()
  }
  const begin = async (worker: number): Promise<void> => {
    const slot = await s.claim(worker, 'busy.example')
    if (slot !== undefined) held[worker]?.push(slot)
  }
  // One proof that it answers lets one more in.
  for (let i = 0; i < 30; i++) {
    await begin(0)
    if (held[0]?.length === 6) break
    await finish(0)
    for (let j = 0; j < 6; j++) await begin(0)
  }
  assert.equal(held[0]?.length, 6)
  for (let i = 0; i < 40; i++) {
    s.pass(1000) // who was refused may ask again
    await begin(1)
    await finish(0)
    await begin(1)
    for (let j = 0; j < 6; j++) await begin(0)
    assert.ok((held[0]?.length ?? 0) + (held[1]?.length ?? 0) <= 6)
  }
  assert.deepEqual([held[0]?.length, held[1]?.length], [3, 3])
})

test('together never more than the limits of channel and destination', async () => {
  const step = fc.record({
    worker: fc.nat(2),
    key: fc.constantFrom('a.example', 'b.example', 'c.example'),
    what: fc.constantFrom('claim', 'claim', 'alive', 'down', 'pass'),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const s = site({ workers: 3, concurrency: 4, perDestination: 2 })
      let held: { worker: number; slot: Slot }[] = []
      for (const { worker, key, what } of steps) {
        if (what === 'claim') {
          const slot = await s.claim(worker, key)
          if (slot !== undefined) held.push({ worker, slot })
        } else if (what === 'pass') s.pass(500)
        else {
          const one = held.find((each) => each.worker === worker && each.slot.key === key)
          if (one === undefined) continue
          held = held.filter((each) => each !== one)
          s.release(worker, one.slot, what)
          await turn()
        }
        assert.ok(held.length <= 4)
        for (const name of ['a.example', 'b.example', 'c.example'])
          assert.ok(held.filter(({ slot }) => slot.key === name).length <= 2)
        assert.ok(s.owner.lent >= held.length && s.owner.lent <= 4)
      }
      for (const { worker, slot } of held) s.release(worker, slot, 'unsaid')
      s.pass(1000)
      await turn()
      assert.equal(s.owner.lent, 0)
    }),
    { numRuns: 60 },
  )
})
