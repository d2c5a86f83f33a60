// SPDX-License-Identifier: Apache-2.0
/** Proves: the limits are exact, whoever claims and whoever dies; nothing is remembered of those who are gone. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ConnectionSlots, type Slot, type SlotLimits, soleSlots } from './connection-slots.ts'

const limits = (over: Partial<SlotLimits> = {}): SlotLimits => ({
  connections: 1000,
  connectionsPerAddress: 1000,
  connectionsPerNetwork: 1000,
  connectionsPerMinute: 0,
  ...over,
})

function take(slots: ConnectionSlots, address: string, given: SlotLimits, holder = 0): Slot | string {
  const { answer, slot } = slots.claim(address, holder, given)
  return answer.granted ? (slot ?? assert.fail('granted without a place')) : answer.limit
}

test('each limit refuses by its name, and a place given back is free once', () => {
  const slots = new ConnectionSlots(() => 0)
  const given = limits({ connections: 4, connectionsPerAddress: 2, connectionsPerNetwork: 3 })
  const first = take(slots, '192.0.2.1', given)
  assert.notEqual(typeof first, 'string')
  take(slots, '192.0.2.1', given)
  assert.equal(take(slots, '192.0.2.1', given), 'connectionsPerAddress')
  take(slots, '192.0.2.2', given)
  assert.equal(take(slots, '192.0.2.3', given), 'connectionsPerNetwork')
  take(slots, '198.51.100.1', given)
  assert.equal(take(slots, '203.0.113.1', given), 'connections')
  if (typeof first === 'string') assert.fail()
  slots.release(first)
  slots.release(first)
  assert.equal(slots.taken, 3)
  assert.notEqual(typeof take(slots, '192.0.2.1', given), 'string')
  assert.equal(slots.taken, 4)
})

test('networks of IPv6 are counted by their first 56 bits', () => {
  const slots = new ConnectionSlots(() => 0)
  const given = limits({ connectionsPerNetwork: 1 })
  take(slots, '2001:db8:0:aa01::1', given)
  assert.equal(take(slots, '2001:db8:0:aaff::1', given), 'connectionsPerNetwork')
  assert.notEqual(typeof take(slots, '2001:db8:0:ab00::1', given), 'string')
})

test('new connections of a minute are counted, closed ones too, and forgotten after it', () => {
  let now = 0
  const slots = new ConnectionSlots(() => now)
  const given = limits({ connectionsPerMinute: 2 })
  for (const at of [0, 30_000]) {
    now = at
    const slot = take(slots, '192.0.2.1', given)
    if (typeof slot === 'string') assert.fail(slot)
    slots.release(slot)
  }
  now = 59_999
  assert.equal(take(slots, '192.0.2.1', given), 'connectionsPerMinute')
  assert.notEqual(typeof take(slots, '192.0.2.2', given), 'string')
  now = 60_001
  assert.notEqual(typeof take(slots, '192.0.2.1', given), 'string')
  assert.equal(take(slots, '192.0.2.1', given), 'connectionsPerMinute')
})

test('a worker that dies gives back what it held, and nothing else', () => {
  const slots = new ConnectionSlots(() => 0)
  for (const holder of [1, 2, 1]) take(slots, '192.0.2.1', limits(), holder)
  slots.releaseAll(1)
  assert.equal(slots.taken, 1)
})

test('never one too many, never one too few, against a plain count', () => {
  const step = fc.record({ claim: fc.boolean(), which: fc.nat(30), holder: fc.nat(2) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 1, max: 5 }), (steps, most) => {
      const slots = new ConnectionSlots(() => 0)
      const held: Slot[] = []
      for (const { claim, which, holder } of steps) {
        const address = `192.0.2.${which % 4}`
        if (claim) {
          const free = held.filter((slot) => slot.address === address).length < most
          const slot = take(slots, address, limits({ connectionsPerAddress: most }), holder)
          assert.equal(typeof slot !== 'string', free)
          if (typeof slot !== 'string') held.push(slot)
        } else if (held.length > 0) {
          const [slot] = held.splice(which % held.length, 1)
          if (slot !== undefined) slots.release(slot)
        }
        assert.equal(slots.taken, held.length)
      }
    }),
  )
})

test('a process that is alone claims here', () => {
  const slots = new ConnectionSlots(() => 0)
  const source = soleSlots(slots, () => limits({ connectionsPerAddress: 1 }))
  const first = source.claim('192.0.2.1')
  const second = source.claim('192.0.2.1')
  if (first instanceof Promise || second instanceof Promise) assert.fail()
  assert.deepEqual([first.answer.granted, second.answer.granted], [true, false])
  second.release()
  assert.equal(slots.taken, 1)
  first.release()
  assert.equal(slots.taken, 0)
})
