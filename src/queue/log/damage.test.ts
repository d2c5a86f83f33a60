// SPDX-License-Identifier: Apache-2.0
/** Octets that rot, files that go, other versions: what can be read is kept, what cannot is set aside and said. */
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { silentLog } from '../../monitor/log.ts'
import { checkConservation } from '../conservation.ts'
import { QueueInUse } from '../directory-lock.ts'
import { anEnvelope, contentOf, enqueue } from '../store.suite.ts'
import { openLogStore } from './log-store.ts'
import { exportQueue, importQueue } from './transfer.ts'
import { verifyQueue } from './verify.ts'

const root = await mkdtemp(join(tmpdir(), 'queue-damage-'))
after(() => rm(root, { recursive: true, force: true }))
let count = 0
const newDirectory = (): string => join(root, String(++count))
const open = (directory: string) => openLogStore(directory, { log: silentLog, background: false })

/** The one log segment that has groups, and the place of a text in it. */
async function place(directory: string, text: string) {
  for (const name of await readdir(join(directory, '0001'))) {
    const path = join(directory, '0001', name)
    const bytes = await readFile(path)
    const at = bytes.indexOf(text)
    if (at !== -1 && name.startsWith('log')) return { path, bytes, at }
  }
  throw new Error('not found')
}

async function spoil(directory: string, text: string): Promise<void> {
  const { path, bytes, at } = await place(directory, text)
  bytes[at] = (bytes[at] ?? 0) ^ 1
  await writeFile(path, bytes)
}

async function three(directory: string) {
  const envelopes = [anEnvelope(), anEnvelope(), anEnvelope()]
  await using store = await open(directory)
  for (const [i, envelope] of envelopes.entries()) await enqueue(store, envelope, `content ${i}`)
  return envelopes
}

for (const { checkpoint } of [{ checkpoint: true }, { checkpoint: false }]) {
  test(`a damaged message is set aside, the others go on${checkpoint ? ', met when it is read' : ''}`, async () => {
    const directory = newDirectory()
    const [a = anEnvelope(), b = anEnvelope(), c = anEnvelope()] = await three(directory)
    await spoil(directory, 'content 1')
    if (!checkpoint) await rm(join(directory, 'checkpoint'))
    assert.equal((await verifyQueue(directory)).findings.length > 0, true)
    {
      await using store = await open(directory)
      assert.equal(await store.get(b.id), undefined)
      assert.equal(await contentOf(store, a.id), 'content 0')
      assert.equal(await contentOf(store, c.id), 'content 2')
      assert.ok(checkConservation(store).balanced)
      assert.equal((await readdir(join(directory, 'damaged'))).length, 1)
    }
    await using store = await open(directory)
    assert.deepEqual([...store.entries()].map(({ id }) => id).sort(), [a.id, c.id].sort())
    assert.ok(checkConservation(store).balanced)
  })
}

test('a damaged head of a group costs its group alone', async () => {
  const directory = newDirectory()
  const [a = anEnvelope(), b = anEnvelope(), c = anEnvelope()] = await three(directory)
  const { path, bytes, at } = await place(directory, b.id)
  bytes[at - 9 - 28 + 17] = 0xff // the octets of the group
  await writeFile(path, bytes)
  await rm(join(directory, 'checkpoint'))
  await using store = await open(directory)
  assert.ok(store.recovered.findings.length > 0)
  assert.equal(await contentOf(store, a.id), 'content 0')
  assert.equal(await contentOf(store, b.id), 'content 1', 'its record is whole')
  assert.equal(await contentOf(store, c.id), 'content 2')
})

test('a spoilt checkpoint is passed over, and a missing one', async () => {
  const directory = newDirectory()
  const envelopes = await three(directory)
  const path = join(directory, 'checkpoint')
  const good = await readFile(path)
  for (const bytes of [good.subarray(0, 40), Buffer.from(good).fill(1, 30, 60), Buffer.alloc(0)]) {
    await writeFile(path, bytes)
    await using store = await open(directory)
    assert.equal(store.recovered.fromCheckpoint, false)
    assert.equal([...store.entries()].length, envelopes.length)
  }
  await writeFile(path, good) // an old one is as good as a new one
  await using store = await open(directory)
  assert.equal(store.recovered.fromCheckpoint, true)
  assert.equal([...store.entries()].length, envelopes.length)
})

test('content that is gone or spoilt takes its message with it, and nothing half is handed out', async () => {
  const directory = newDirectory()
  const [gone, spoilt, good] = [anEnvelope(), anEnvelope(), anEnvelope()]
  {
    await using store = await open(directory)
    for (const [i, envelope] of [gone, spoilt, good].entries()) await enqueue(store, envelope, `${i}`.repeat(100_000))
  }
  for (const name of await readdir(join(directory, '0001'))) {
    const path = join(directory, '0001', name)
    const text = name.endsWith('.content') ? await readFile(path, 'latin1') : ''
    if (text.startsWith('0')) await rm(path)
    if (text.startsWith('1')) await writeFile(path, text.replace('1', '2'))
  }
  const { findings } = await verifyQueue(directory)
  assert.equal(findings.filter((line) => line.includes(gone.id) || line.includes(spoilt.id)).length, 3)
  await using store = await open(directory)
  assert.equal(store.entry(gone.id), undefined)
  await assert.rejects(contentOf(store, spoilt.id), /damaged/)
  assert.equal(store.entry(spoilt.id), undefined)
  assert.equal((await contentOf(store, good.id)).length, 100_000)
  assert.ok(checkConservation(store).balanced)
})

test('another version’s queue is refused, and mail in the old form is not passed over', async () => {
  const later = newDirectory()
  await three(later)
  for (const name of await readdir(join(later, '0001'))) {
    const path = join(later, '0001', name)
    const bytes = await readFile(path)
    if (bytes.indexOf('POSTERNQ') !== 0) continue
    for (const at of [8, 4096 + 8]) bytes.writeUInt32BE(7, at)
    await writeFile(path, bytes)
  }
  await assert.rejects(open(later), { name: 'UnknownFormat', message: /format 7/ })
  const old = newDirectory()
  await mkdir(join(old, 'messages', 'a'), { recursive: true })
  await (await open(old))[Symbol.asyncDispose]()
  await writeFile(join(old, 'messages', 'a', '01.journal'), '')
  await assert.rejects(open(old), { name: 'OldFormat' })
})

test('verify finds nothing wrong with a queue that is well, and says who has it', async () => {
  const directory = newDirectory()
  await three(directory)
  assert.deepEqual(await verifyQueue(directory), { messages: 3, octets: 27, findings: [] })
  await using _store = await open(directory)
  await assert.rejects(verifyQueue(directory), QueueInUse)
})

test('what is exported is imported, once', async () => {
  const [from, to, files] = [newDirectory(), newDirectory(), newDirectory()]
  const envelopes = await three(from)
  const [first = anEnvelope()] = envelopes
  await using store = await open(from)
  await enqueue(store, anEnvelope({ size: 100_000, hold: { reason: 'look' } }), 'x'.repeat(100_000))
  await store.record(first.id, [{ event: 'delivered', recipient: 0, at: 1, where: 'here' }])
  assert.equal(await exportQueue(store, files), 4)
  // The suite's envelopes name another size; import looks at it.
  for (const { id } of envelopes) {
    const path = join(files, `${id}.json`)
    await writeFile(path, (await readFile(path, 'utf8')).replace('"size": 2,', '"size": 9,'))
  }
  await writeFile(join(files, 'other.json'), '{}')
  await using copy = await open(to)
  const taken = await Array.fromAsync(importQueue(copy, files))
  assert.equal(taken.filter(({ skipped }) => skipped === undefined).length, 4)
  assert.match(taken.find(({ id }) => id === 'other')?.skipped ?? '', /not what an export wrote/)
  for await (const { envelope, recipients } of store.messages()) {
    assert.deepEqual((await copy.get(envelope.id))?.recipients, recipients)
    assert.equal(await contentOf(copy, envelope.id), await contentOf(store, envelope.id))
  }
  assert.ok(checkConservation(copy).balanced)
  for (const { skipped } of await Array.fromAsync(importQueue(copy, files))) assert.ok(skipped !== undefined)
})
