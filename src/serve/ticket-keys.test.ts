// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../clock/clock.ts'
import { TicketKeys } from './ticket-keys.ts'

test('keys are new twice a day, until the end', () => {
  const clock = new ManualClock()
  const told: Buffer[] = []
  const keys = new TicketKeys(clock, (given) => told.push(given))
  const first = keys.current()
  assert.equal(first.length, 48)
  clock.advance(11 * 3_600_000)
  assert.deepEqual([told.length, keys.current()], [0, first])
  clock.advance(13 * 3_600_000)
  assert.equal(told.length, 2)
  assert.equal(keys.current(), told[1])
  assert.notDeepEqual(told[0], told[1])
  keys[Symbol.dispose]()
  clock.advance(48 * 3_600_000)
  assert.equal(told.length, 2)
})
