// SPDX-License-Identifier: Apache-2.0
/** Power cuts and faults at every operation (torn-run.ts), and the count of syncs before anything is acknowledged. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { anEnvelope, enqueue } from '../../src/queue/store.suite.ts'
import { type Operation, TornDisk } from './torn-disk.ts'
import { open } from './torn-script.ts'

test('nothing acknowledged is lost, wherever the power is cut or the disk fails', { timeout: 280_000 }, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [join(import.meta.dirname, 'torn-run.ts')])
  console.log(stdout.trimEnd())
  assert.match(stdout, /\d{3} crash points, \d{4} different disks/)
})

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
