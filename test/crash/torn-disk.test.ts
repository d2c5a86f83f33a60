// SPDX-License-Identifier: Apache-2.0
/**
 * Power cuts, all of them: the script runs once for each operation that changes the disk and is cut off there; from each
 * cut every loss of what was not synced is tried (torn-disk.ts), and recovery must find every acknowledged message once,
 * in its acknowledged state, and nothing by half. Then the same with a fault at each operation (with TORN=all: and every
 * loss after it). Enumerated, not sampled.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { anEnvelope, enqueue } from '../../src/queue/store.suite.ts'
import { type Fault, fewLosses, type Loss, losses, type Operation, TornDisk } from './torn-disk.ts'
import { goOn, inspect, type Model, open, run } from './torn-script.ts'

/** Everything that can be tried is tried; else faults are those that differ most, and meet the worst losses only. */
const ALL = process.env['TORN'] === 'all'

const recoveredTwice = new Set<string>()

/** Looks at the disks that a power cut may leave. How many different ones there were. */
async function cut(disk: TornDisk, model: Model, ways: readonly Loss[]): Promise<number> {
  const seen = new Set<string>()
  for (const loss of ways) {
    const found = disk.after(loss)
    const picture = found.picture()
    if (seen.has(picture)) continue
    seen.add(picture)
    const first = await inspect(found.layer, model)
    if (recoveredTwice.has(picture)) continue
    recoveredTwice.add(picture)
    // Recovery may be cut off as well: nothing of what it saw depends on what it has not synced.
    assert.deepEqual(await inspect(found.after(() => 'lost').layer, model), first)
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

test(`power cuts at each of ${operations} operations`, async () => {
  let disks = 0
  for (let stopAt = 0; stopAt <= operations; stopAt++) {
    const disk = new TornDisk({ stopAt })
    const model: Model = new Map()
    await Promise.race([disk.stopped, run(disk.layer, model)])
    try {
      disks += await cut(disk, model, losses(disk.unsynced))
    } catch (error) {
      throw new Error(`cut at operation ${stopAt}, ${disk.diary.slice(-5).join(' ')}`, { cause: error })
    }
  }
  console.log(`${operations + 1} crash points, ${disks} different disks`)
})

const FAULTS: readonly (Omit<Fault, 'at'> & { readonly brief: boolean })[] = [
  { code: 'short', ever: false, brief: true },
  { code: 'EIO', ever: false, brief: true },
  { code: 'ENOSPC', ever: true, brief: true },
  { code: 'ENOSPC', ever: false, brief: false },
  { code: 'EIO', ever: true, brief: false },
]

for (const { code, ever } of FAULTS.filter(({ brief }) => ALL || brief)) {
  test(`${code}${ever ? ' for ever' : ''} at each operation, and a power cut at the end`, async () => {
    let disks = 0
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
      try {
        disks += await cut(disk, model, ALL ? losses(disk.unsynced) : fewLosses(disk))
      } catch (error) {
        throw new Error(`${code} at operation ${at}, ${operation}`, { cause: error })
      }
    }
    console.log(`${code}${ever ? ' for ever' : ''}: ${disks} different disks, ${refused} messages refused`)
    if (code !== 'short') assert.ok(refused > 0)
  })
}

test('nothing is acknowledged before its sync, and those who come together share one', async () => {
  const disk = new TornDisk()
  const store = await open(disk.layer)
  const before = async (call: () => Promise<unknown>): Promise<readonly Operation[]> => {
    const from = disk.diary.length
    await call()
    assert.equal(disk.unsynced, 0, 'all of it survives a power cut from now on')
    return disk.diary.slice(from)
  }
  await enqueue(store, anEnvelope()) // a segment is begun, and the next one ready
  const envelopes = Array.from({ length: 100 }, () => anEnvelope())
  const [first = anEnvelope()] = envelopes
  assert.deepEqual(await before(() => enqueue(store, first)), ['write', 'datasync'])
  assert.deepEqual(
    await before(() => store.record(first.id, [{ event: 'delivered', recipient: 0, at: 1, where: 'here' }])),
    ['write', 'datasync'],
  )
  assert.deepEqual(await before(() => enqueue(store, anEnvelope(), 'x'.repeat(70_000))), [
    ...(['create', 'write', 'datasync', 'syncDirectory'] as const), // the content, and its name
    ...(['write', 'datasync'] as const),
  ])
  const many = await before(() => Promise.all(envelopes.slice(1).map((envelope) => enqueue(store, envelope, ''))))
  assert.ok(many.filter((operation) => operation === 'datasync').length < 30, many.join(' '))
})
