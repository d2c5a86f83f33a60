// SPDX-License-Identifier: Apache-2.0
/**
 * The same sessions told to a real server over sockets and to `explain --batch`: replies, closes, what became of the
 * message, and the whole trace have to be the same.
 */
import assert from 'node:assert/strict'
import { NO_CALL_OUTS } from '../../src/ask/call-outs.ts'
import { createIds } from '../../src/envelope/message-id.ts'
import { runBatch } from '../../src/hypothetical/batch.ts'
import type { Hypothesis } from '../../src/hypothetical/hypothesis.ts'
import type { Scenario } from '../../src/hypothetical/scenario.ts'
import type { Trace } from '../../src/policy/trace.ts'
import { directory, makeRevision, startFixture } from '../conversations/server-fixture.ts'
import { drawFrom } from './draw.ts'
import { randomConfig, randomScenario } from './sessions.ts'
import { randomMappings } from './tables.ts'
import { talk } from './wire-client.ts'

export interface Compared {
  readonly sessions: number
  /** By what became of the session, to see that all of it happened. */
  readonly outcomes: ReadonlyMap<string, number>
  /** Milliseconds that `explain --batch` took. */
  readonly batchMs: number
}

/** One site with random tables and settings, and random sessions at it. @throws when anything differs */
export async function compareSite(seed: number, sessions: number): Promise<Compared> {
  const draw = drawFrom(seed)
  const mappings = randomMappings(draw)
  const config = randomConfig(draw)
  const scenarios = Array.from({ length: sessions }, () => randomScenario(draw))
  // Both draw the same lots.
  const host = { ...directory(), random: ({ octets }: { readonly octets: number }) => '5a'.repeat(octets) }
  await using fixture = await startFixture({ config, mappings, deps: { host } })
  const addresses = fixture.server.addresses()
  const outcomes = new Map<string, number>()
  const site = {
    revision: makeRevision(config, 'smtp', 'fixture', mappings),
    reads: host,
    tls: true,
    callOuts: () => NO_CALL_OUTS,
    ids: createIds(Date.now, 1),
    now: Date.now,
    elapsed: () => performance.now(),
  }
  const began = performance.now()
  const lines = scenarios.map((scenario) => JSON.stringify(scenario))
  const hypotheses = await Array.fromAsync(runBatch(lines, site))
  const batchMs = performance.now() - began
  for (const [i, scenario] of scenarios.entries()) {
    const hypothesis = hypotheses[i]
    const told = `seed ${seed}, session ${i}: ${JSON.stringify(scenario)}`
    assert.ok(hypothesis !== undefined && !('error' in hypothesis), `${told}: ${JSON.stringify(hypothesis)}`)
    const before = fixture.traces().length
    const heard = await talk(scenario, addresses[scenario.listener ?? '']?.port ?? 0)
    const traces = fixture.traces().slice(before)
    same(masked(heard), masked(wire(hypothesis)), `${told}\n${mappings}`)
    // A client without a transaction may leave no trace: no stage judged it, or it is summed with others of its address.
    // A hypothesis always has one to show.
    if (traces.length > 0 || hypothesis.traces.some(({ from }) => from !== undefined))
      same(traces.map(timeless), hypothesis.traces.map(timeless), `${told}\n${mappings}`)
    const outcome = `${hypothesis.disposition}, ${hypothesis.verdict}`
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
  }
  assert.equal(fixture.faults(), 0)
  return { sessions, outcomes, batchMs }
}

export type { Scenario }

/** With the difference in front, for there is much to tell. */
function same(real: unknown, hypothetical: unknown, told: string): void {
  try {
    assert.deepEqual(hypothetical, real)
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n${told}`)
  }
}

/** What goes over the wire: LMTP's replies are one after the other, a handshake says nothing. */
const wire = ({ exchanges }: Hypothesis) =>
  exchanges.map(({ step, replies, closes }) => ({ step, replies, ...(closes === true ? { closes } : {}) }))

const masked = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value).replaceAll(/\b[0-9A-HJKMNP-TV-Z]{17}\b/g, 'ID'))

/** Without what differs from one run to the next. Facts hold random numbers and times. */
function timeless({ facts: _, ...trace }: Trace): unknown {
  const steps = trace.steps.map(({ ms: __, ...step }) => step)
  return masked({ ...trace, at: 0, tls: trace.tls === undefined ? undefined : 'yes', steps })
}
