// SPDX-License-Identifier: Apache-2.0
/** The suite over real files, and what only files can suffer: other owners, torn and damaged files, leftovers. */
import assert from 'node:assert/strict'
import { appendFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { silentLog } from '../monitor/log.ts'
import { checkConservation } from './conservation.ts'
import { QueueInUse } from './directory-lock.ts'
import { openFileStore } from './file-store.ts'
import { QueueFiles } from './queue-files.ts'
import { anEnvelope, contentOf, enqueue, storeSuite } from './store.suite.ts'

const root = await mkdtemp(join(tmpdir(), 'queue-'))
after(() => rm(root, { recursive: true, force: true }))
let count = 0
const newDirectory = (): string => join(root, String(++count))
const options = { log: silentLog }

storeSuite({
  name: 'file',
  open: async () => {
    const directory = newDirectory()
    let store = await openFileStore(directory, options)
    return {
      store,
      reopen: async () => {
        await store[Symbol.asyncDispose]()
        store = await openFileStore(directory, options)
        return store
      },
    }
  },
})

test('a directory has one owner, and a dead one does not count', async () => {
  const directory = newDirectory()
  const first = await openFileStore(directory, options)
  await assert.rejects(openFileStore(directory, options), QueueInUse)
  await first[Symbol.asyncDispose]()
  await writeFile(join(directory, 'lock.sock'), '') // nobody answers there
  await using second = await openFileStore(directory, options)
  assert.deepEqual(await Array.fromAsync(second.messages()), [])
})

test('a path too long for a socket is locked all the same', async () => {
  const directory = join(newDirectory(), 'x'.repeat(100))
  await using _store = await openFileStore(directory, options)
  await assert.rejects(openFileStore(directory, options), QueueInUse)
})

test('a last line that was cut short is cut off, wherever it was cut', async () => {
  const envelope = anEnvelope()
  const end = { event: 'delivered', recipient: 0, at: 5, where: 'here' } as const
  for (const cut of [1, 2, 20]) {
    const directory = newDirectory()
    const paths = new QueueFiles(directory).of(envelope.id)
    {
      await using store = await openFileStore(directory, options)
      await enqueue(store, envelope)
      await store.record(envelope.id, [end])
    }
    const { length } = await readFile(paths.journal)
    await truncate(paths.journal, length - cut)
    await using store = await openFileStore(directory, options)
    assert.equal((await store.get(envelope.id))?.recipients.get(0)?.state, 'queued')
    await store.record(envelope.id, [end])
    assert.equal((await store.get(envelope.id))?.recipients.get(0)?.state, 'delivered')
    assert.deepEqual(checkConservation(store).balanced, true)
  }
})

test('a journal that cannot be read is set aside with its content', async () => {
  const directory = newDirectory()
  const [bad, good, bare] = [anEnvelope(), anEnvelope(), anEnvelope()]
  const paths = new QueueFiles(directory)
  {
    await using store = await openFileStore(directory, options)
    for (const envelope of [bad, good, bare]) await enqueue(store, envelope)
  }
  const bytes = await readFile(paths.of(bad.id).journal)
  bytes[20] = (bytes[20] ?? 0) ^ 1
  await writeFile(paths.of(bad.id).journal, bytes)
  await rm(paths.of(bare.id).content)
  await using store = await openFileStore(directory, options)
  assert.deepEqual(
    (await Array.fromAsync(store.messages())).map(({ envelope }) => envelope.id),
    [good.id],
  )
  assert.deepEqual(
    (await readdir(paths.damaged)).sort(),
    [`${bad.id}.content`, `${bad.id}.journal`, `${bare.id}.journal`].sort(),
  )
  assert.deepEqual(checkConservation(store).balanced, true)
})

test('what was never accepted is removed at start', async () => {
  const directory = newDirectory()
  const paths = new QueueFiles(directory)
  const orphan = anEnvelope()
  {
    await using _store = await openFileStore(directory, options)
  }
  await writeFile(join(paths.tmp, '1'), 'half')
  await writeFile(paths.of(orphan.id).content, 'x')
  await using _store = await openFileStore(directory, options)
  assert.deepEqual(await readdir(paths.tmp), [])
  assert.deepEqual(await readdir(paths.of(orphan.id).directory), [])
})

test('a finished message whose files came back is counted once and not delivered again', async () => {
  const directory = newDirectory()
  const envelope = anEnvelope()
  const paths = new QueueFiles(directory).of(envelope.id)
  let journal: Buffer | undefined
  {
    await using store = await openFileStore(directory, options)
    await enqueue(store, envelope)
    await store.record(envelope.id, [{ event: 'delivered', recipient: 0, at: 5, where: 'here' }])
    journal = await readFile(paths.journal)
    const last = store.record(envelope.id, [{ event: 'delivered', recipient: 1, at: 5, where: 'here' }])
    await last
  }
  const finished = await readFile(join(directory, 'finished'))
  const reopened = async () => {
    await using store = await openFileStore(directory, options)
    assert.deepEqual(await Array.fromAsync(store.messages()), [])
    const { accepted, delivered } = store.ledger()
    assert.deepEqual([accepted, delivered], [2, 2])
  }
  await reopened()
  await writeFile(join(directory, 'finished'), finished) // as before the restart
  await writeFile(paths.journal, journal) // the removal did not reach the disk
  await writeFile(paths.content, 'ab')
  await reopened()
  await reopened()
})

test('damaged totals start anew, and mail is not stopped by them', async () => {
  const directory = newDirectory()
  const envelope = anEnvelope()
  {
    await using store = await openFileStore(directory, options)
    await enqueue(store, envelope, 'content')
  }
  await appendFile(join(directory, 'finished'), 'torn')
  {
    await using store = await openFileStore(directory, options)
    assert.equal(store.ledger().accepted, 2)
  }
  await writeFile(join(directory, 'finished'), 'nonsense\n')
  await using store = await openFileStore(directory, options)
  assert.equal(await contentOf(store, envelope.id), 'content')
  assert.deepEqual(checkConservation(store).balanced, true)
})
