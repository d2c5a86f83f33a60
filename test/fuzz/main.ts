// SPDX-License-Identifier: Apache-2.0
/**
 * The long run: `npm run fuzz -- --minutes N [--seed S] [--target NAME] [--input BASE64]`.
 * Targets take turns; a minute is over when its line of each target is printed. Ends with 1 when a property failed (the
 * target is left out from then on), an input hung, or memory grew without end. The same seed gives the same inputs; how
 * many of them there are in a minute depends on the machine.
 */
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Campaign, type Failure } from './campaign.ts'
import { HangGuard } from './hang-guard.ts'
import { reportFailure } from './report.ts'
import { TARGETS } from './targets.ts'

/** A target's turn; short, so that all of them are reached in a run of a minute. */
const TURN_MS = 1000
/** Inputs between two looks at the clock. */
const BATCH = 32
/** What may be in use beyond what was after the first minute: the inputs kept are far less. */
const MAX_GROWTH = 128 * 1024 * 1024

const say = (line: string): void => void process.stdout.write(`${line}\n`)
const mebibytes = (octets: number): string => `${(octets / 2 ** 20).toFixed(0)} MiB`

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string' },
    target: { type: 'string' },
    input: { type: 'string' },
  },
})
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31))
const minutes = Number(values.minutes)
const chosen = TARGETS.filter(({ name }) => values.target === undefined || name === values.target)
if (chosen.length === 0 || !Number.isFinite(seed) || !(minutes > 0)) {
  say(`usage: fuzz --minutes N [--seed S] [--target ${TARGETS.map(({ name }) => name).join('|')}] [--input BASE64]`)
  process.exit(2)
}
say(`seed ${seed}, ${minutes} minutes, ${chosen.length} targets`)
const failure = values.input === undefined ? await longRun() : await oneInput(Buffer.from(values.input, 'base64'))
if (failure !== undefined) say(failure)
// Servers of targets may still listen.
process.exit(failure === undefined ? 0 : 1)

async function oneInput(input: Buffer): Promise<string | undefined> {
  for (const target of chosen) {
    const failed = await new Campaign(target, seed).repeat(input)
    if (failed !== undefined) return reportFailure(failed)
    say(`${target.name}: every property holds for this input`)
  }
  return undefined
}

async function longRun(): Promise<string | undefined> {
  await using guard = new HangGuard(seed)
  const campaigns = new Set(chosen.map((target) => new Campaign(target, seed, guard)))
  const failures: string[] = []
  const end = performance.now() + minutes * 60_000
  let nextLine = performance.now() + 60_000
  let minute = 0
  let baseline: number | undefined
  for (let over = false; !over && campaigns.size > 0; ) {
    for (const campaign of campaigns) {
      const failed = await turn(campaign, Math.min(end, performance.now() + TURN_MS))
      if (failed === undefined) continue
      // The others go on; this one would fail again and again.
      campaigns.delete(campaign)
      failures.push(failed.target)
      say(reportFailure(failed))
    }
    over = performance.now() >= end
    if (performance.now() < nextLine && !over) continue
    nextLine += 60_000
    minute++
    const inUse = heapInUse()
    report(campaigns, minute, inUse)
    baseline ??= inUse
    if (inUse > baseline + MAX_GROWTH)
      return `FAILED memory, seed ${seed}: ${mebibytes(baseline)} after the first minute, ${mebibytes(inUse)} now`
  }
  if (failures.length > 0) return `FAILED ${failures.join(', ')}; seed ${seed}`
  say(`no property failed; seed ${seed}`)
  return undefined
}

async function turn(campaign: Campaign, until: number): Promise<Failure | undefined> {
  while (performance.now() < until) {
    const failed = await campaign.run(BATCH)
    if (failed !== undefined) return failed
  }
  return undefined
}

function report(campaigns: Iterable<Campaign>, minute: number, inUse: number): void {
  const peak = process.resourceUsage().maxRSS * 1024
  for (const { target, executions } of campaigns)
    say(`minute ${minute}  ${target.name.padEnd(14)} ${executions} executions`)
  say(`minute ${minute}  peak RSS ${mebibytes(peak)}, heap in use ${mebibytes(inUse)}`)
}

/** After a collection: what is still held. */
function heapInUse(): number {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect === 'function') collect()
  return process.memoryUsage().heapUsed
}
