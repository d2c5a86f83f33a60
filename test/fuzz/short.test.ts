// SPDX-License-Identifier: Apache-2.0
/**
 * The short run of every target: a fixed number of inputs, so that it does not depend on speed. `FUZZ_SEED=N` repeats
 * one, `npm run fuzz` is the long run.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Campaign } from './campaign.ts'
import { HangGuard } from './hang-guard.ts'
import { reportFailure } from './report.ts'
import { announceSeed } from './seed.ts'
import { closeControl } from './targets/control.ts'
import { closeServers } from './targets/sessions.ts'
import { TARGETS } from './targets.ts'

const seed = announceSeed('fuzz')
const SHORT = 1000
after(closeControl)
after(closeServers)

for (const target of TARGETS)
  test(`fuzz ${target.name} (FUZZ_SEED=${seed})`, async () => {
    await using guard = new HangGuard(seed)
    const failure = await new Campaign(target, seed, guard).run(target.shortRuns ?? SHORT)
    assert.ok(failure === undefined, failure === undefined ? '' : reportFailure(failure))
  })
