// SPDX-License-Identifier: Apache-2.0
/** The live never wait for the dead, nobody is forgotten, no slot is lost, and nothing costs more than O(log n). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { MessageId } from '../../envelope/message-id.ts'
import { HOUR, type Manner, MINUTE, OUT, SECOND, Simulation } from './simulation.fixture.ts'

const LIVE: Manner = { takesMs: 200, sign: 'alive' }
const DEAD: Manner = { takesMs: 50, sign: 'down' }
const SILENT: Manner = { takesMs: 5 * MINUTE, sign: 'down' }

const mannerOf = (key: string): Manner => (key.startsWith('dead') ? DEAD : key.startsWith('silent') ? SILENT : LIVE)

const startOf = (world: Simulation, id: MessageId): number | undefined => world.started.find((one) => one.id === id)?.at

test('a live destination waits neither for 100,000 messages of a dead one nor for 1,000 silent ones', () => {
  const world = new Simulation(mannerOf)
  world.place('live')
  world.run(SECOND)
  for (let i = 0; i < 100_000; i++) world.place('dead')
  for (let i = 0; i < 1000; i++) world.place(`silent${i}`)
  for (let minute = 0; minute < 10; minute++) {
    const { now } = world
    const ids = [world.place('live'), world.place('live')]
    world.run(now + MINUTE)
    for (const id of ids) assert.ok((startOf(world, id) ?? Number.POSITIVE_INFINITY) <= now + SECOND)
  }
  // A round between two looks at the world is bounded, whatever waits.
  assert.ok(world.mostSteps < 20_000, `${world.mostSteps} steps`)
})

test('somebody new waits for one silent attempt to end, not for all who are silent', () => {
  const world = new Simulation(mannerOf)
  for (let i = 0; i < 1000; i++) world.place(`silent${i}`)
  world.run(HOUR)
  const id = world.place('newcomer')
  world.run(HOUR + 10 * MINUTE)
  assert.ok((startOf(world, id) ?? Number.POSITIVE_INFINITY) <= HOUR + 10 * MINUTE)
})

test('those known to be silent leave room for those not known', () => {
  const world = new Simulation(mannerOf)
  for (let i = 0; i < 20; i++) world.place(`silent${i}`)
  world.run(2 * HOUR)
  const id = world.place('newcomer')
  world.run(2 * HOUR + SECOND)
  assert.equal(startOf(world, id), 2 * HOUR)
})

test('destinations that fall silent while they are trusted do not fill the channel', () => {
  let silent = false
  const world = new Simulation((key) => (silent && key.startsWith('turning') ? SILENT : LIVE))
  for (const key of ['turning1', 'turning2', 'turning3', 'turning4', 'live'])
    for (let i = 0; i < 20; i++) world.place(key)
  world.run(MINUTE)
  silent = true
  for (let i = 1; i <= 4; i++) for (let n = 0; n < 100; n++) world.place(`turning${i}`)
  world.run(MINUTE + SECOND)
  const id = world.place('live')
  world.run(MINUTE + 2 * SECOND)
  assert.equal(startOf(world, id), MINUTE + SECOND)
})

test('a destination begins with one attempt, and its answers open more', () => {
  const world = new Simulation(mannerOf)
  for (let i = 0; i < 40; i++) world.place('live')
  const underWay: number[] = []
  for (let i = 0; i < 6; i++) {
    world.run(i * 200)
    underWay.push(world.schedule.underWay)
  }
  assert.deepEqual(underWay, [1, 2, 4, 5, 5, 5])
})

test('a destination that is down is tried by one attempt, less and less often', () => {
  const world = new Simulation(mannerOf)
  for (let i = 0; i < 1000; i++) world.place('dead')
  world.run(4 * HOUR)
  const times = world.started.map(({ at }) => at)
  const waits = times.slice(1).map((at, i) => at - (times[i] ?? 0))
  for (const [i, wait] of waits.entries()) assert.ok(wait >= (waits[i - 1] ?? 0) && wait <= 31 * MINUTE)
  assert.ok(times.length >= 10 && times.length <= 20, `${times.length} attempts`)
})

test('a destination that comes back is used again, all of it', () => {
  const world = new Simulation((key, now) => (now < HOUR ? DEAD : mannerOf(key)))
  for (let i = 0; i < 500; i++) world.place('live')
  world.run(2 * HOUR)
  assert.equal(world.delivered.size, 500)
  assert.equal(world.schedule.messages, 0)
})

test('work is begun in the order in which it is due, within a destination', () => {
  const world = new Simulation(() => LIVE, { concurrency: 1, perDestination: 1 })
  const third = world.place('live', { dueAt: 30 })
  const first = world.place('live', { dueAt: 10 })
  const second = world.place('live', { dueAt: 20 })
  world.run(MINUTE)
  assert.deepEqual(
    world.started.map(({ id }) => id),
    [first, second, third],
  )
})

test('destinations take turns', () => {
  const world = new Simulation(() => LIVE, { concurrency: 1, perDestination: 1 })
  for (const key of ['a', 'b', 'c']) world.place(key)
  world.run(MINUTE)
  for (const key of ['a', 'a', 'a', 'a', 'b', 'b', 'c']) world.place(key)
  world.run(MINUTE + 10 * SECOND)
  const keys = world.started.slice(3).map(({ key }) => key)
  const turns = [keys.slice(0, 3), keys.slice(3, 5), keys.slice(5)].map((turn) => turn.sort().join(''))
  assert.deepEqual(turns, ['abc', 'ab', 'aa'])
})

test('everybody is returned in time while the destination is down, and their delay is told', () => {
  const world = new Simulation(mannerOf)
  for (let i = 0; i < 1000; i++) world.place('dead', { nullSender: i % 2 === 1 })
  world.run(200 * HOUR)
  assert.equal(world.expired.length, 1000)
  assert.equal(world.schedule.messages, 0)
  assert.equal(new Set(world.expired.map(({ id }) => id)).size, 1000)
  for (const { at } of world.expired) assert.ok(at === 48 * HOUR || at === 120 * HOUR, `${at}`)
  assert.equal(world.delayed.length, 500)
  for (const { at } of world.delayed) assert.equal(at, 4 * HOUR)
})

test('expiry needs no slot: a channel that is full returns what has been tried', () => {
  const world = new Simulation((key) => (key === 'slow' ? { takesMs: 1000 * HOUR, sign: 'alive' } : DEAD), {
    concurrency: 1,
    perDestination: 1,
  })
  const tried = world.place('dead')
  world.run(MINUTE)
  world.place('slow')
  world.run(130 * HOUR)
  assert.deepEqual(
    world.expired.map(({ id, at }) => [id, at]),
    [[tried, 120 * HOUR]],
  )
})

test('nobody is returned untried, unless the destination has been tried and is down', () => {
  const world = new Simulation(mannerOf)
  const ages = { receivedAt: -1000 * HOUR }
  const late = world.place('live', ages)
  for (let i = 0; i < 100; i++) world.place('dead', ages)
  world.run(MINUTE)
  assert.ok(world.delivered.has(late))
  assert.equal(world.expired.length, 100)
  assert.ok(world.started.some(({ key }) => key === 'dead'))
})

test('what is taken back is neither tried nor returned; what an operator opens is tried at once', () => {
  const world = new Simulation(mannerOf)
  const id = world.place('dead')
  world.run(SECOND)
  const other = world.place('dead', { recipients: [3, 4, 5] })
  world.schedule.reopen(OUT, 'dead')
  world.schedule.withdraw(other, new Set([4]))
  world.run(2 * SECOND)
  assert.equal(startOf(world, other), SECOND)
  for (const gone of [id, other]) world.schedule.withdraw(gone, new Set([0, 3, 4, 5]))
  world.run(1000 * HOUR)
  assert.deepEqual([world.expired, world.schedule.messages], [[], 0])
})

test('to place, begin and end one costs the logarithm of what waits', () => {
  const costs = [1000, 10_000, 100_000].map((waiting) => {
    const world = new Simulation(mannerOf)
    world.place('live')
    world.run(SECOND)
    for (let i = 0; i < waiting; i++) world.place(i % 2 === 0 ? 'dead' : `dead${i}`)
    world.run(2 * SECOND)
    const { schedule } = world
    const before = schedule.steps
    world.place('live')
    schedule.wake(world.now, 8)
    const work = schedule.take(world.now)
    assert.equal(work?.lane.key, 'live')
    if (work !== undefined) schedule.done(work, 'alive', world.now)
    return schedule.steps - before
  })
  for (const cost of costs) assert.ok(cost < 200, `${costs}`)
})

test('whatever happens: limits are kept, nobody is lost or begun twice, all slots come back', () => {
  const act = fc.record({
    key: fc.integer({ min: 0, max: 6 }).map((n) => `d${n}`),
    waitMs: fc.integer({ min: 0, max: 20 * MINUTE }),
    dueIn: fc.integer({ min: 0, max: 10 * MINUTE }),
    nullSender: fc.boolean(),
    recipients: fc.uniqueArray(fc.nat(3), { minLength: 1, maxLength: 3 }),
    takeBack: fc.boolean(),
    reopen: fc.boolean(),
  })
  const manners = fc.array(
    fc.record({
      takesMs: fc.integer({ min: 1, max: 10 * MINUTE }),
      sign: fc.constantFrom<Manner['sign'][]>('alive', 'down', 'unsaid'),
    }),
    { minLength: 1, maxLength: 30 },
  )
  const limits = fc.record({
    concurrency: fc.integer({ min: 1, max: 8 }),
    perDestination: fc.integer({ min: 1, max: 4 }),
  })
  fc.assert(
    fc.property(fc.array(act, { maxLength: 60 }), manners, limits, (acts, script, limit) => {
      let n = 0
      // In the end everybody answers, so that all must leave.
      const world = new Simulation(
        () => (world.now > 50 * HOUR ? LIVE : (script[n++ % script.length] ?? LIVE)),
        limit,
        { expire: 40 * HOUR, expireNotices: 20 * HOUR, delayNotice: 4 * HOUR },
      )
      const ids = new Set<MessageId>()
      const takenBack = new Set<MessageId>()
      for (const { key, waitMs, dueIn, nullSender, recipients, takeBack, reopen } of acts) {
        const id = world.place(key, { dueAt: world.now + dueIn, nullSender, recipients })
        ids.add(id)
        if (reopen) world.schedule.reopen(OUT, key)
        world.run(world.now + waitMs)
        if (!takeBack) continue
        takenBack.add(id)
        world.schedule.withdraw(id, new Set([0, 1, 2, 3]))
      }
      world.run(200 * HOUR)
      assert.deepEqual([world.schedule.messages, world.schedule.underWay], [0, 0])
      assert.equal(world.schedule.nextAt(), Number.POSITIVE_INFINITY)
      const expired = world.expired.map(({ id }) => id)
      assert.equal(new Set(expired).size, expired.length)
      for (const id of ids) assert.ok(world.delivered.has(id) || expired.includes(id) || takenBack.has(id))
      for (const id of expired) assert.ok(!world.delivered.has(id))
    }),
    { numRuns: 300 },
  )
})
