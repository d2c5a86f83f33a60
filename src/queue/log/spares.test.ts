// SPDX-License-Identifier: Apache-2.0
/**
 * Proves: a file is used again for another segment, a few wait at most, and whatever the segment it was before left
 * behind the end is neither taken for mail nor for a write that was cut short. Power cuts at each step are in
 * test/crash/torn-run.ts.
 */
import assert from 'node:assert/strict'
import { cp, mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { MessageId } from '../../envelope/message-id.ts'
import { silentLog } from '../../monitor/log.ts'
import { checkConservation } from '../conservation.ts'
import { diskFiles, type FileLayer } from '../file-layer.ts'
import { anEnvelope, contentOf, enqueue } from '../store.suite.ts'
import { scanGroups } from './group.ts'
import { type LogStore, openLogStore } from './log-store.ts'
import { HEADER_BYTES, readHeader } from './segment-header.ts'
import { verifyQueue } from './verify.ts'

const root = await mkdtemp(join(tmpdir(), 'queue-spares-'))
after(() => rm(root, { recursive: true, force: true }))
let count = 0
const newDirectory = (): string => join(root, String(++count))
const OPTIONS = { log: silentLog, segmentBytes: 40_000, spareBytes: 9000, background: false }

/** Takes in and delivers one. */
async function pass(store: LogStore): Promise<void> {
  const envelope = anEnvelope()
  await enqueue(store, envelope, 'p'.repeat(3000))
  for (const recipient of [0, 1])
    await store.record(envelope.id, [{ event: 'delivered', recipient, at: 1, where: 'here' }])
}

/** Mail goes through until a segment lies in a file that was one before, and a little further. */
async function untilReused(store: LogStore, directory: string): Promise<void> {
  for (let i = 0; i < 200; i++) {
    await pass(store)
    await store.compact()
    const last = await newest(directory)
    if (last.header.reused === true && (await oldGroups(last.path)) > 0) return
  }
  assert.fail('no file was used again')
}

/** The last segment that was begun. */
async function newest(directory: string) {
  for (const name of (await readdir(join(directory, '0001'))).sort().reverse()) {
    if (!name.startsWith('log-')) continue
    const path = join(directory, '0001', name)
    const read = readHeader((await readFile(path)).subarray(0, HEADER_BYTES))
    if (read.kind === 'header' && read.header.number === Number(name.slice(4))) return { path, header: read.header }
  }
  throw new Error('no segment was begun')
}

/** Where the groups of the segment end that the file is now. */
function endOf(bytes: Buffer): number {
  const read = readHeader(bytes.subarray(0, HEADER_BYTES))
  assert.ok(read.kind === 'header')
  let end = HEADER_BYTES
  for (const found of scanGroups(bytes, HEADER_BYTES, Buffer.from(read.header.salt, 'hex'))) {
    assert.notEqual(found.kind, 'damage')
    if (found.kind === 'tail') end = found.offset
  }
  return end
}

/** Octets of earlier mail behind the end. */
async function oldGroups(path: string): Promise<number> {
  const bytes = await readFile(path)
  return bytes.subarray(endOf(bytes)).toString('latin1').split('p'.repeat(3000)).length - 1
}

const idsOf = (store: LogStore): readonly MessageId[] => [...store.entries()].map(({ id }) => id).sort()

test('a killed process leaves old groups behind the end: they are nobody, and the segment goes on', async () => {
  const directory = newDirectory()
  await using store = await openLogStore(directory, OPTIONS)
  const kept = anEnvelope()
  await untilReused(store, directory)
  await enqueue(store, kept, 'k'.repeat(100))
  const copy = newDirectory()
  await cp(directory, copy, { recursive: true, filter: (path) => !path.endsWith('.sock') })
  assert.deepEqual((await verifyQueue(copy)).findings, [])
  for (const checkpoint of [true, false]) {
    if (!checkpoint) await rm(join(copy, 'checkpoint'), { force: true })
    await using again = await openLogStore(copy, OPTIONS)
    assert.deepEqual([again.recovered.findings, again.recovered.cut], [[], 0])
    assert.equal(again.recovered.open?.number, again.recovered.previous?.segment)
    assert.deepEqual(idsOf(again), idsOf(store))
    assert.equal(await contentOf(again, kept.id), 'k'.repeat(100))
    assert.deepEqual(again.ledger(), store.ledger())
    assert.ok(checkConservation(again).balanced)
  }
})

test('a write that was cut short in a file used again is cut off, and nothing before it', async () => {
  const directory = newDirectory()
  await using store = await openLogStore(directory, OPTIONS)
  await untilReused(store, directory)
  const { path } = await newest(directory)
  const before = endOf(await readFile(path))
  const refused = anEnvelope()
  const wasThere = (await readFile(path)).subarray(before)
  const known = idsOf(store)
  await enqueue(store, refused, 'r'.repeat(2000))
  assert.equal((await newest(directory)).path, path)
  const copy = newDirectory()
  await cp(directory, copy, { recursive: true, filter: (each) => !each.endsWith('.sock') })
  await rm(join(copy, 'checkpoint'), { force: true })
  {
    await using file = await open(path.replace(directory, copy), 'r+')
    const from = 1000 // the first part of the group came to the disk, behind it lies what was there
    await file.write(wasThere, from, wasThere.length - from, before + from)
  }
  await using again = await openLogStore(copy, OPTIONS)
  assert.ok(again.recovered.cut > 0)
  assert.deepEqual(again.recovered.findings, [])
  assert.deepEqual(idsOf(again), known)
  await pass(again)
  assert.deepEqual(idsOf(again), known)
})

test('files go round: few are made, few wait, and few are removed', async () => {
  const directory = newDirectory()
  const calls = { create: 0, unlink: 0 }
  const files: FileLayer = {
    ...diskFiles,
    open(path, mode) {
      if (mode === 'create' && path.includes('log-')) calls.create++
      return diskFiles.open(path, mode)
    },
    unlink(path) {
      if (/(log|spare)-/.test(path)) calls.unlink++
      return diskFiles.unlink(path)
    },
  }
  await using store = await openLogStore(directory, { ...OPTIONS, files })
  let waiting = 0
  for (let i = 0; i < 300; i++) {
    await pass(store)
    if (i % 5 === 0) await store.compact()
    waiting = Math.max(waiting, (await readdir(join(directory, '0001'))).filter((n) => n.startsWith('spare-')).length)
  }
  assert.ok((await newest(directory)).header.number > 25, 'many segments')
  assert.ok(calls.create < 8 && calls.unlink < 8, JSON.stringify(calls))
  assert.ok(waiting > 0 && waiting <= 2)
})

test('what waits is removed at the next start', async () => {
  const directory = newDirectory()
  {
    await using store = await openLogStore(directory, OPTIONS)
    await untilReused(store, directory)
    for (let i = 0; i < 40; i++) await pass(store)
    await store.compact()
  }
  const spares = async () => (await readdir(join(directory, '0001'))).filter((name) => name.startsWith('spare-'))
  assert.ok((await spares()).length > 0)
  await using store = await openLogStore(directory, OPTIONS)
  assert.deepEqual([store.recovered.findings, await spares()], [[], []])
})
