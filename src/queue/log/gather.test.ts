// SPDX-License-Identifier: Apache-2.0
/** For whom a group of the log waits: for as many as there were at one time, never for long, and not for those who come alone. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { ManualClock } from '../../clock/clock.ts'
import { silentLog } from '../../monitor/log.ts'
import { diskFiles, type FileLayer } from '../file-layer.ts'
import { anEnvelope, aRecipient, enqueue } from '../store.suite.ts'
import { openLogStore } from './log-store.ts'

const root = await mkdtemp(join(tmpdir(), 'queue-gather-'))
after(() => rm(root, { recursive: true, force: true }))
let count = 0

/** A store whose clock stands still, whose syncs of the log are counted, and can be held up. */
async function opened() {
  const clock = new ManualClock()
  let syncs = 0
  let gate: Promise<void> | undefined
  const files: FileLayer = {
    ...diskFiles,
    async open(path, mode) {
      const file = await diskFiles.open(path, mode)
      const sync = file.datasync.bind(file)
      file.datasync = async () => {
        syncs++
        await gate
        await sync()
      }
      return file
    },
  }
  const options = { log: silentLog, clock, files, background: false, gatherMs: 10 }
  const store = await openLogStore(join(root, String(++count)), options)
  await settled() // a segment ahead is made ready
  return {
    store,
    clock,
    get syncs() {
      return syncs
    },
    /** Syncs wait until the function it gives is called. */
    hold(): () => void {
      const { promise, resolve } = Promise.withResolvers<void>()
      gate = promise
      return () => {
        gate = undefined
        resolve()
      }
    },
    async [Symbol.asyncDispose]() {
      const closing = store[Symbol.asyncDispose]()
      await settled()
      clock.advance(10)
      await closing
    },
  }
}

/** What can be done without the clock has been done. */
const settled = async (): Promise<void> => {
  await setTimeout(100)
}

/** Three were there at one time: one in a group, and two who came while it was synced, who have a group of their own. */
async function crowd(t: Awaited<ReturnType<typeof opened>>): Promise<readonly Promise<void>[]> {
  const release = t.hold()
  const first = enqueue(t.store, anEnvelope())
  await settled()
  const others = [enqueue(t.store, anEnvelope()), enqueue(t.store, anEnvelope())]
  await settled()
  release()
  await first
  return others
}

test('who comes alone waits for nobody', async () => {
  await using t = await opened()
  for (let i = 0; i < 3; i++) {
    const before = t.syncs
    await enqueue(t.store, anEnvelope())
    assert.equal(t.syncs, before + 1)
  }
})

test('a group waits until as many are there as there were at one time, and is one sync for all of them', async () => {
  await using t = await opened()
  const two = await crowd(t)
  const before = t.syncs
  await settled()
  assert.equal(t.syncs, before)
  await Promise.all([...two, enqueue(t.store, anEnvelope())])
  assert.equal(t.syncs, before + 1)
})

test('it does not wait longer than said, and expects fewer after that', async () => {
  await using t = await opened()
  const two = await crowd(t)
  const before = t.syncs
  await settled()
  t.clock.advance(9)
  await settled()
  assert.equal(t.syncs, before)
  t.clock.advance(1)
  await Promise.all(two)
  assert.equal(t.syncs, before + 1)
  // Two are expected now, then one.
  const alone = enqueue(t.store, anEnvelope())
  await settled()
  assert.equal(t.syncs, before + 1)
  t.clock.advance(10)
  await alone
  await enqueue(t.store, anEnvelope())
  assert.equal(t.syncs, before + 3)
})

/** A message that is in the queue, and the record of its end, which waits. */
async function ending(t: Awaited<ReturnType<typeof opened>>) {
  const envelope = anEnvelope({ recipients: [aRecipient(0)] })
  await enqueue(t.store, envelope)
  const before = t.syncs
  const ended = t.store.record(envelope.id, [{ event: 'delivered', recipient: 0, at: 5, where: 'here' }])
  await settled()
  assert.equal(t.syncs, before)
  return { id: envelope.id, before, ended }
}

test('the end of a message, for which nobody waits, goes with the next one', async () => {
  await using t = await opened()
  const { id, before, ended } = await ending(t)
  await Promise.all([enqueue(t.store, anEnvelope()), ended])
  assert.equal(t.syncs, before + 1)
  assert.equal(t.store.entry(id), undefined)
})

test('without a next one it waits no longer than said', async () => {
  await using t = await opened()
  const { id, ended } = await ending(t)
  t.clock.advance(10)
  await ended
  assert.equal(t.store.entry(id), undefined)
})
