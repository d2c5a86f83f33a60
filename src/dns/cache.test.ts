// SPDX-License-Identifier: Apache-2.0
/** The cache of answers is bounded by entries and by octets. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../clock/clock.ts'
import { createAnswerCache } from './cache.ts'

const ENTRIES = 1000
const kept = (octets: number): number => {
  const cache = createAnswerCache(ENTRIES, new ManualClock())
  const names = Array.from({ length: 2 * ENTRIES }, (_, n) => `n${n}.example`)
  for (const name of names)
    cache.keep(name, 'TXT', { kind: 'found', records: ['x'.repeat(octets)], authentic: false, ttlSeconds: 60 })
  return names.filter((name) => cache.find(name, 'TXT') !== undefined).length
}

for (const { octets, most } of [
  { octets: 50, most: ENTRIES },
  { octets: 50_000, most: 20 },
  { octets: 2_000_000, most: 0 },
])
  test(`answers of ${octets} octets: at most ${most} of ${ENTRIES} entries are kept`, () => {
    const count = kept(octets)
    assert.ok(count <= most && count >= Math.floor(most / 2), String(count))
  })
