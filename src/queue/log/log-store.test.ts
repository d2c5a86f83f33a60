// SPDX-License-Identifier: Apache-2.0
/** The suite over real files, with segments so small that every run begins, compacts and sets apart some. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { silentLog } from '../../monitor/log.ts'
import { checkConservation } from '../conservation.ts'
import { QueueInUse } from '../directory-lock.ts'
import { anEnvelope, contentOf, enqueue, storeSuite } from '../store.suite.ts'
import { type LogStoreOptions, openLogStore } from './log-store.ts'

const root = await mkdtemp(join(tmpdir(), 'queue-log-'))
after(() => rm(root, { recursive: true, force: true }))
let count = 0
const newDirectory = (): string => join(root, String(++count))
const small: LogStoreOptions = { log: silentLog, segmentBytes: 20_000, spareBytes: 8192 }

for (const { name, options } of [
  { name: 'log', options: { log: silentLog } },
  { name: 'log of small segments', options: small },
]) {
  storeSuite({
    name,
    open: async () => {
      const directory = newDirectory()
      let store = await openLogStore(directory, options)
      return {
        store,
        reopen: async () => {
          await store[Symbol.asyncDispose]()
          store = await openLogStore(directory, options)
          assert.deepEqual(store.recovered.findings, [])
          return store
        },
      }
    },
  })
}

test('a directory has one owner, and a dead one does not count', async () => {
  const directory = newDirectory()
  const first = await openLogStore(directory, small)
  await assert.rejects(openLogStore(directory, small), QueueInUse)
  await first[Symbol.asyncDispose]()
  await writeFile(join(directory, 'lock.sock'), '') // nobody answers there
  await using second = await openLogStore(directory, small)
  assert.deepEqual([...second.entries()], [])
})

test('space stays under twice what is needed, and held mail lies apart', async () => {
  const directory = newDirectory()
  const held = Array.from({ length: 5 }, () => anEnvelope({ hold: { reason: 'look' }, receivedAt: Date.now() }))
  {
    await using store = await openLogStore(directory, { ...small, background: false })
    for (const envelope of held) await enqueue(store, envelope, 'h'.repeat(2000))
    for (let i = 0; i < 60; i++) {
      const envelope = anEnvelope({ receivedAt: Date.now() })
      await enqueue(store, envelope, 'x'.repeat(4000))
      for (const recipient of [0, 1])
        await store.record(envelope.id, [{ event: 'delivered', recipient, at: 1, where: 'here' }])
    }
    await store.compact()
    const { octets, live } = store.space()
    assert.ok(octets <= 2 * live + 5 * 20_000, `${octets} for ${live}`)
    for (const { id } of held) assert.equal(await contentOf(store, id), 'h'.repeat(2000))
  }
  await using store = await openLogStore(directory, small)
  assert.deepEqual(store.recovered.findings, [])
  assert.equal(store.recovered.fromCheckpoint, true)
  for (const { id } of held) assert.equal((await store.get(id))?.recipients.get(1)?.state, 'held')
  assert.equal(store.ledger().delivered, 120)
  assert.ok(checkConservation(store).balanced)
})

test('short records that end long messages make room, though little is written', async () => {
  await using store = await openLogStore(newDirectory(), { ...small, segmentBytes: 100_000 })
  const ids = Array.from({ length: 40 }, () => anEnvelope({ receivedAt: Date.now() }))
  for (const envelope of ids) await enqueue(store, envelope, 'x'.repeat(20_000))
  const full = store.space().octets
  assert.ok(full > 800_000)
  for (const { id } of ids) {
    const ends = [0, 1].map((recipient) => ({ event: 'delivered' as const, recipient, at: 1, where: 'here' }))
    await store.record(id, ends)
  }
  for (const until = Date.now() + 10_000; store.space().octets > 400_000; await setTimeout(5))
    assert.ok(Date.now() < until, `${store.space().octets} octets of ${full} are left`)
})
