// SPDX-License-Identifier: Apache-2.0
/**
 * Power cuts, all of them: the script runs once for each operation that changes the disk and is cut off there; from each
 * cut every loss of what was not synced is tried (torn-disk.ts), and recovery must find every acknowledged message once,
 * in its acknowledged state, and nothing by half. Then the same with a fault at each operation, which meets the worst
 * losses (with --all: every fault, and every loss after it). Enumerated, not sampled: `node test/crash/torn-run.ts`. A
 * program of its own, because hundreds of thousands of promises are dear within the test runner.
 */
import assert from 'node:assert/strict'
import { type Fault, fewLosses, type Loss, losses, TornDisk } from './torn-disk.ts'
import { goOn, inspect, type Model, run } from './torn-script.ts'

Error.stackTraceLimit = 0 // files that are not there are looked for all the time
const ALL = process.argv.includes('--all')

const recoveredTwice = new Set<string>()

/** Looks at the disks that a power cut may leave. How many different ones there were. */
async function cut(disk: TornDisk, model: Model, ways: readonly Loss[]): Promise<number> {
  const seen = new Set<string>()
  for (const [way, loss] of ways.entries()) {
    const found = disk.after(loss)
    const picture = found.picture()
    if (seen.has(picture)) continue
    seen.add(picture)
    const first = await inspect(found.layer, model)
    if (recoveredTwice.has(picture)) continue
    recoveredTwice.add(picture)
    // Recovery may be cut off as well: nothing of what it saw depends on what it has not synced.
    assert.deepEqual(await inspect(found.after(() => 'lost').layer, model), first)
    if (way > 4 && !ALL) continue
    // And what is written after it stands as firmly.
    const further = new Map(model)
    const id = await goOn(found.layer, further)
    const second = await inspect(found.after(() => 'lost').layer, further)
    assert.ok(second.delete(id))
    assert.deepEqual(second, first)
  }
  // What a process finds that was only killed, it acts upon: so it must be there after a power cut as well.
  disk.restart()
  const first = await inspect(disk.layer, model)
  assert.deepEqual(await inspect(disk.after((index) => (disk.lied(index) ? 'kept' : 'lost')).layer, model), first)
  return seen.size
}

const whole = new TornDisk()
await run(whole.layer, new Map())
const operations = whole.diary.length

let disks = 0
for (let stopAt = 0; stopAt <= operations; stopAt++) {
  const disk = new TornDisk({ stopAt })
  const model: Model = new Map()
  await Promise.race([disk.stopped, run(disk.layer, model)])
  await looking(`cut at operation ${stopAt}, ${disk.diary.slice(-5).join(' ')}`, async () => {
    disks += await cut(disk, model, losses(disk.unsynced))
  })
}
console.log(`${operations + 1} crash points, ${disks} different disks`)

const FAULTS: readonly (Omit<Fault, 'at'> & { readonly brief: boolean })[] = [
  { code: 'short', ever: false, brief: true },
  { code: 'EIO', ever: false, brief: true },
  { code: 'ENOSPC', ever: true, brief: true },
  { code: 'ENOSPC', ever: false, brief: false },
  { code: 'EIO', ever: true, brief: false },
]

for (const { code, ever } of FAULTS.filter(({ brief }) => ALL || brief)) {
  let found = 0
  let refused = 0
  for (const [at, operation] of whole.diary.entries()) {
    if (code === 'short' && operation !== 'write') continue
    const disk = new TornDisk({ fault: { at, code, ever } })
    const model: Model = new Map()
    try {
      await run(disk.layer, model)
    } catch (error) {
      // Only opening the store may fail: then nothing was accepted.
      assert.ok(model.size === 0, `${operation} ${at}: ${error}`)
    }
    refused += [...model.values()].filter(({ accept }) => accept === 'refused').length
    await looking(`${code} at operation ${at}, ${operation}`, async () => {
      found += await cut(disk, model, ALL ? losses(disk.unsynced) : fewLosses(disk))
    })
  }
  console.log(
    `${code}${ever ? ' for ever' : ''} at each operation: ${found} different disks, ${refused} messages refused`,
  )
  if (code !== 'short') assert.ok(refused > 0)
}
process.exit(0) // worlds that were stopped never end

async function looking(where: string, look: () => Promise<void>): Promise<void> {
  try {
    await look()
  } catch (error) {
    throw new Error(where, { cause: error })
  }
}
