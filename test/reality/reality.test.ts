// SPDX-License-Identifier: Apache-2.0
/** Proves: what `explain` says of a session is what the server does, for random tables, settings and sessions. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareSite } from './compare.ts'

const SITES = 10
const SESSIONS = 30

test('explain is reality', async (t) => {
  const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))
  t.diagnostic(`seed ${seed}`)
  console.log(`reality: SEED=${seed}`)
  const outcomes = new Set<string>()
  for (let i = 0; i < SITES; i++)
    for (const [each] of (await compareSite(seed + i, SESSIONS)).outcomes) outcomes.add(each)
  assert.ok(outcomes.size >= 3, `too few things happened: ${[...outcomes].join('; ')}`)
})
