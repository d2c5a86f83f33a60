// SPDX-License-Identifier: Apache-2.0
/** Runs one scenario and compares what the server says of it, in its traces, with what must come of it. */
import type { DecidedBy } from '../ask/decided-by.ts'
import { describeDecidedBy } from '../history/render.ts'
import type { DeliveryRecord, Trace } from '../policy/trace.ts'
import type { Scenario } from './scenarios.ts'
import type { DemoPorts } from './site.ts'
import type { Traces } from './traces.ts'

export interface Result {
  readonly what: string
  readonly code: number
  /** `250 queued: delivered ×3`, `550 5.7.1 Relaying not allowed…`. */
  readonly happened: string
  readonly stage: string
  readonly decided: string
  readonly id?: string
  readonly asExpected: boolean
}

export async function runScenario(scenario: Scenario, ports: DemoPorts, traces: Traces): Promise<Result> {
  const { what, stage, ends } = scenario
  let code = 0
  let said: string
  try {
    const reply = await scenario.send(ports)
    code = reply.code
    said = `${code} ${reply.lines.join(' ')}`
  } catch (error) {
    said = error instanceof Error ? error.message : String(error)
  }
  const trace = await traces.transaction(scenario.from)
  const deliveries = trace === undefined || ends.length === 0 ? [] : await traces.deliveries(trace.id, ends.length)
  const fates = deliveries.flatMap((delivery) => delivery.recipients.map((recipient) => recipient.result))
  const by = trace === undefined ? undefined : whoDecided(scenario.stage, trace, deliveries)
  const decided = by === undefined ? 'unknown' : describeDecidedBy(by)
  const asExpected = code === scenario.code && decided.includes(scenario.decidedBy) && fates.join() === [...ends].join()
  const happened = fates.length === 0 ? said : `${code} queued → ${count(fates)}`
  return { what, code, happened, stage, decided, asExpected, ...(trace === undefined ? {} : { id: trace.id }) }
}

function whoDecided(stage: string, trace: Trace, deliveries: readonly DeliveryRecord[]): DecidedBy | undefined {
  if (stage === 'delivery') return deliveries.at(-1)?.by
  return trace.steps.findLast((step) => step.stage === stage)?.by
}

/** `deferred, relayed`; `delivered ×3`. */
function count(fates: readonly string[]): string {
  const runs: { fate: string; times: number }[] = []
  for (const fate of fates) {
    const last = runs.at(-1)
    if (last?.fate === fate) last.times++
    else runs.push({ fate, times: 1 })
  }
  return runs.map(({ fate, times }) => (times === 1 ? fate : `${fate} ×${times}`)).join(', ')
}
