// SPDX-License-Identifier: Apache-2.0
/**
 * The file store when the disk is full, broken or lies: nothing of a refused message is kept, nothing that was
 * acknowledged is lost, and the store works again when the disk does. And: nothing is acknowledged before its syncs.
 */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { LedgerEvent } from '../envelope/ledger.ts'
import { silentLog } from '../monitor/log.ts'
import { checkConservation } from './conservation.ts'
import { diskFiles, type FileLayer, type OpenFile } from './file-layer.ts'
import { openFileStore } from './file-store.ts'
import { anEnvelope, contentOf, enqueue } from './store.suite.ts'

const root = await mkdtemp(join(tmpdir(), 'queue-faults-'))
after(() => rm(root, { recursive: true, force: true }))
let count = 0

type Step = 'open' | 'write' | 'datasync' | 'rename' | 'syncDirectory' | 'unlink' | 'truncate'

/** A disk that does what is asked unless told to fail, and keeps a diary. */
class FaultyFiles {
  diary: Step[] = []
  /** The step that fails, counted from the moment it was set; `ever`: from then on each one. */
  #fault: { readonly step: Step; left: number; readonly code: string; readonly ever: boolean } | undefined

  fail(step: Step, nth: number, code: string, ever = false): void {
    this.#fault = { step, left: nth, code, ever }
  }
  heal(): void {
    this.#fault = undefined
  }

  #at(step: Step): void {
    this.diary.push(step)
    const fault = this.#fault
    if (fault?.step !== step) return
    if (fault.left > 0) fault.left--
    if (fault.left > 0) return
    if (!fault.ever) this.#fault = undefined
    throw Object.assign(new Error(`${fault.code}: injected at ${step}`), { code: fault.code })
  }

  readonly layer: FileLayer = {
    ...diskFiles,
    open: async (path, mode) => {
      if (mode !== 'read') this.#at('open')
      return this.#file(await diskFiles.open(path, mode))
    },
    rename: async (from, to) => {
      this.#at('rename')
      await diskFiles.rename(from, to)
    },
    unlink: async (path) => {
      this.#at('unlink')
      await diskFiles.unlink(path)
    },
    syncDirectory: async (path) => {
      this.#at('syncDirectory')
      await diskFiles.syncDirectory(path)
    },
  }

  #file(file: OpenFile): OpenFile {
    return {
      ...file,
      write: async (bytes, position) => {
        try {
          this.#at('write')
        } catch (error) {
          await file.write(bytes.subarray(0, bytes.length >> 1), position) // a full disk takes the first half
          throw error
        }
        return file.write(bytes, position)
      },
      datasync: async () => {
        this.#at('datasync')
        await file.datasync()
      },
      truncate: async (length) => {
        this.#at('truncate')
        await file.truncate(length)
      },
    }
  }
}

const delivered = (recipient: number): LedgerEvent => ({ event: 'delivered', recipient, at: 5, where: 'here' })
const deferred = (recipient: number): LedgerEvent => ({
  event: 'deferred',
  recipient,
  at: 5,
  status: '4.4.1',
  reason: 'no answer',
  nextAt: 9,
})

const FAULTS: readonly { step: Step; nth: number; code: string }[] = [
  { step: 'open', nth: 1, code: 'ENOSPC' }, // the content's file
  { step: 'write', nth: 1, code: 'ENOSPC' },
  { step: 'datasync', nth: 1, code: 'EIO' },
  { step: 'open', nth: 2, code: 'EMFILE' }, // the journal's
  { step: 'write', nth: 2, code: 'ENOSPC' },
  { step: 'datasync', nth: 2, code: 'EIO' },
  { step: 'rename', nth: 1, code: 'EIO' },
  { step: 'rename', nth: 2, code: 'EIO' },
  { step: 'syncDirectory', nth: 1, code: 'EIO' },
]

for (const { step, nth, code } of FAULTS) {
  test(`a commit that fails at ${step} ${nth} (${code}) keeps nothing, and the next one works`, async () => {
    const directory = join(root, String(++count))
    const faulty = new FaultyFiles()
    const [refused, taken] = [anEnvelope(), anEnvelope()]
    {
      await using store = await openFileStore(directory, { log: silentLog, files: faulty.layer })
      faulty.fail(step, nth, code)
      await assert.rejects(enqueue(store, refused), { code })
      assert.equal(await store.get(refused.id), undefined)
      assert.equal(store.ledger().accepted, 0)
      await enqueue(store, taken, 'second')
    }
    await using store = await openFileStore(directory, { log: silentLog })
    assert.deepEqual(
      (await Array.fromAsync(store.messages())).map(({ envelope }) => envelope.id),
      [taken.id],
    )
    assert.equal(await contentOf(store, taken.id), 'second')
    await enqueue(store, refused) // its sender tries again
  })
}

for (const step of ['open', 'write', 'datasync'] as const) {
  test(`an event whose append fails once at ${step} is kept in a new journal`, async () => {
    const directory = join(root, String(++count))
    const faulty = new FaultyFiles()
    const envelope = anEnvelope()
    {
      await using store = await openFileStore(directory, { log: silentLog, files: faulty.layer })
      await enqueue(store, envelope)
      await store.record(envelope.id, [deferred(0)])
      faulty.fail(step, 1, 'EIO')
      await store.record(envelope.id, [delivered(0)])
      await store.record(envelope.id, [deferred(1)])
    }
    await using store = await openFileStore(directory, { log: silentLog })
    const states = (await store.get(envelope.id))?.recipients
    assert.deepEqual([states?.get(0)?.state, states?.get(0)?.attempts, states?.get(1)?.attempts], ['delivered', 2, 1])
  })

  test(`while the disk fails at every ${step}, events are refused and nothing changes`, async () => {
    const directory = join(root, String(++count))
    const faulty = new FaultyFiles()
    const envelope = anEnvelope()
    {
      await using store = await openFileStore(directory, { log: silentLog, files: faulty.layer })
      await enqueue(store, envelope)
      await store.record(envelope.id, [deferred(0)])
      const before = store.ledger()
      faulty.fail(step, 1, 'ENOSPC', true)
      await assert.rejects(store.record(envelope.id, [delivered(0)]), { code: 'ENOSPC' })
      await assert.rejects(store.record(envelope.id, [delivered(0)]), { code: 'ENOSPC' })
      assert.deepEqual(store.ledger(), before)
      assert.equal((await store.get(envelope.id))?.recipients.get(0)?.state, 'queued')
      faulty.heal()
      await store.record(envelope.id, [delivered(0)])
    }
    await using store = await openFileStore(directory, { log: silentLog })
    assert.equal((await store.get(envelope.id))?.recipients.get(0)?.state, 'delivered')
    assert.ok(checkConservation(store).balanced)
  })
}

for (const { step, nth } of [
  { step: 'write', nth: 2 }, // the log of the finished; the first is the journal
  { step: 'datasync', nth: 2 },
  { step: 'unlink', nth: 1 },
  { step: 'unlink', nth: 2 },
] as const) {
  test(`totals stay right when the end of a message fails at ${step} ${nth}`, async () => {
    const directory = join(root, String(++count))
    const faulty = new FaultyFiles()
    for (const envelope of [anEnvelope(), anEnvelope()]) {
      await using store = await openFileStore(directory, { log: silentLog, files: faulty.layer })
      await enqueue(store, envelope)
      await store.record(envelope.id, [delivered(0)])
      faulty.fail(step, nth, 'EIO')
      await store.record(envelope.id, [delivered(1)])
      // The end of a message is worked off behind the caller's back; closing the store waits for it.
    }
    for (const _ of [1, 2]) {
      await using store = await openFileStore(directory, { log: silentLog })
      assert.deepEqual([store.ledger().accepted, store.ledger().delivered], [4, 4])
      assert.deepEqual(await Array.fromAsync(store.messages()), [])
    }
  })
}

test('content, journal and directory are synced before a commit resolves; a journal before an event does', async () => {
  const faulty = new FaultyFiles()
  await using store = await openFileStore(join(root, String(++count)), { log: silentLog, files: faulty.layer })
  const envelope = anEnvelope()
  faulty.diary = []
  await enqueue(store, envelope)
  assert.deepEqual(faulty.diary, [
    ...(['open', 'write', 'datasync'] as const),
    ...(['open', 'write', 'datasync'] as const),
    ...(['rename', 'rename', 'syncDirectory'] as const),
  ])
  faulty.diary = []
  await store.record(envelope.id, [deferred(0)])
  assert.deepEqual(faulty.diary, ['open', 'write', 'datasync'])
})

test('messages that come at one moment share the syncs of their directories', async () => {
  const faulty = new FaultyFiles()
  await using store = await openFileStore(join(root, String(++count)), { log: silentLog, files: faulty.layer })
  faulty.diary = []
  await Promise.all(Array.from({ length: 200 }, () => enqueue(store, anEnvelope())))
  const syncs = faulty.diary.filter((step) => step === 'syncDirectory').length
  assert.ok(syncs >= 1 && syncs < 150, `${syncs} directory syncs for 200 messages`)
})
