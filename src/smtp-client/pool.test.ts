// SPDX-License-Identifier: Apache-2.0
/** Proves: a session is idle as long as it may and no longer, whatever becomes of others; the one used last goes first. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../clock/clock.ts'
import { SessionPool } from './pool.ts'
import type { ClientSession } from './session.ts'

function setUp(maxMessages = 100) {
  const clock = new ManualClock()
  const pool = new SessionPool({ clock, idleMs: 1000, maxMessages })
  const closed: string[] = []
  const session = (name: string): ClientSession =>
    ({
      messages: 1,
      connection: {
        alive: true,
        outOfStep: false,
        destroy: () => closed.push(name),
        [Symbol.asyncDispose]: async () => {
          closed.push(name)
        },
      },
    }) as unknown as ClientSession
  return { clock, pool, closed, session }
}

test('each is closed when its own time is over, though others were taken, given and closed meanwhile', () => {
  const { clock, pool, closed, session } = setUp()
  pool.give('x', session('a'))
  clock.advance(400)
  pool.give('y', session('b'))
  const busy = pool.take('x')
  assert.ok(busy)
  clock.advance(400)
  pool.give('x', busy)
  clock.advance(599)
  assert.deepEqual(closed, [])
  clock.advance(1)
  assert.deepEqual(closed, ['b'])
  clock.advance(399)
  assert.deepEqual(closed, ['b'])
  clock.advance(1)
  assert.deepEqual(closed, ['b', 'a'])
  pool.give('x', session('c'))
  clock.advance(1000)
  assert.deepEqual(closed, ['b', 'a', 'c'])
})

test('the one that was used last is taken first, and never by another key', () => {
  const { pool, session } = setUp()
  const [a, b] = [session('a'), session('b')]
  pool.give('x', a)
  pool.give('x', b)
  assert.equal(pool.take('y'), undefined)
  assert.equal(pool.take('x'), b)
  assert.equal(pool.take('x'), a)
  assert.equal(pool.take('x'), undefined)
})

test('of too many the one that was idle longest is closed', () => {
  const { clock, pool, closed, session } = setUp()
  for (let i = 0; i < 502; i++) {
    pool.give(i % 2 === 0 ? 'even' : 'odd', session(`${i}`))
    clock.advance(1)
  }
  assert.deepEqual(closed, ['0', '1'])
})

test('one that spoke while it was idle, or had its share, is not taken again', () => {
  const { pool, closed, session } = setUp(2)
  const spoke = session('spoke')
  pool.give('x', spoke)
  Object.assign(spoke.connection, { outOfStep: true })
  assert.equal(pool.take('x'), undefined)
  pool.give('x', Object.assign(session('served'), { messages: 2 }))
  assert.equal(pool.take('x'), undefined)
  assert.deepEqual(closed, ['spoke', 'served'])
})
