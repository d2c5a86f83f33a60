// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ConfigSchema } from '../config/schema.ts'
import { attemptMs, lifetimeMs, longestWaitMs, retryDelayMs } from './timing.ts'

const settings = ConfigSchema.parse({ server: { hostname: 'mail.example.net' }, listeners: {} }).queue
const MINUTE = 60_000
const HOUR = 60 * MINUTE

for (const { attempts, random, wait } of [
  { attempts: 1, random: 0.5, wait: 5 * MINUTE },
  { attempts: 1, random: 0, wait: 4.5 * MINUTE },
  { attempts: 4, random: 0.5, wait: 40 * MINUTE },
  { attempts: 8, random: 0.5, wait: 4 * HOUR },
  { attempts: 100, random: 0.5, wait: 4 * HOUR },
]) {
  test(`after ${attempts} attempts, random ${random}: ${wait} ms`, () =>
    assert.equal(
      retryDelayMs(settings, attempts, () => random),
      wait,
    ))
}

const seed = Date.now() % 1e9
test(`waits stay within a tenth (seed ${seed})`, () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), fc.double({ min: 0, max: 0.999999, noNaN: true }), (n, random) => {
      const wait = retryDelayMs(settings, n, () => random)
      const base = settings.retryMs[Math.min(n, settings.retryMs.length) - 1] ?? 0
      assert.ok(wait >= base * 0.9 - 1 && wait <= base * 1.1 + 1)
    }),
    { seed },
  )
})

test('notifications expire earlier than mail', () => {
  assert.equal(lifetimeMs(settings, true), 48 * HOUR)
  assert.equal(lifetimeMs(settings, false), 120 * HOUR)
  assert.equal(longestWaitMs(settings), 4.4 * HOUR)
})

test('an attempt may take longer with what there is to send', () => {
  assert.equal(attemptMs(settings, 0, 1), 2 * HOUR)
  assert.equal(attemptMs(settings, 4 * 1024 * 60, 6), 2 * HOUR + 11 * MINUTE)
})
