// SPDX-License-Identifier: Apache-2.0
/** Proves: a new revision is for all workers or for none, those who start meanwhile too, and reloads do not overtake each other. */
import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { loadRevision } from '../config/load.ts'
import type { LoadedRevision } from '../config/where.ts'
import { LinkClosed } from '../dispatcher/link.ts'
import { silentLog } from '../monitor/log.ts'
import { type Follower, Revisions } from './revisions.ts'

/** A worker that does what it is asked as its test lets it. */
class Fake {
  has: string
  killed = false
  readonly asked: string[] = []
  prepare = async (): Promise<void> => {}
  use = async (): Promise<void> => {}
  constructor(folder: string) {
    this.has = basename(folder)
  }
  readonly follower = {
    kill: () => {
      this.killed = true
    },
    link: {
      call: async (kind: string, { folder }: { readonly folder: string }) => {
        this.asked.push(kind)
        if (kind === 'prepare') await this.prepare()
        else {
          await this.use()
          this.has = basename(folder)
        }
        return null
      },
    },
  } as unknown as Follower
}

async function site(t: TestContext) {
  const root = await mkdtemp(join(tmpdir(), 'revisions-'))
  t.after(() => rm(root, { recursive: true, force: true }))
  const load = async (recipients: number): Promise<LoadedRevision> => {
    const text = `server: { hostname: mx.example.org }\nlisteners: { mx: { service: smtp, port: 2525 } }\n`
    await writeFile(join(root, 'postern.yaml'), `${text}limits: { recipients: ${recipients} }\n`)
    await writeFile(join(root, 'aliases'), '')
    const { revision } = await loadRevision(root, { now: () => 0 })
    return revision ?? assert.fail('it does not load')
  }
  const saved = join(root, 'revisions')
  const first = await load(100)
  const revisions = await Revisions.open(first, saved, silentLog)
  const worker = async (): Promise<Fake> => {
    const fake = new Fake('')
    fake.has = basename(revisions.starts(fake.follower))
    await revisions.started(fake.follower)
    return fake
  }
  return { revisions, load, worker, first, folders: () => readdir(saved) }
}

test('all make it ready, then all change, and the old copy goes', async (t) => {
  const { revisions, load, worker, folders } = await site(t)
  const workers = [await worker(), await worker()]
  const next = await load(200)
  await revisions.use(next)
  assert.deepEqual(
    workers.map(({ has }) => has),
    [next.id, next.id],
  )
  assert.deepEqual([revisions.current().id, await folders()], [next.id, [next.id]])
})

test('one that cannot make it ready is the end of it for all', async (t) => {
  const { revisions, load, worker, first } = await site(t)
  const [fine, other] = [await worker(), await worker()]
  other.prepare = async () => {
    throw new Error('no memory')
  }
  await assert.rejects(revisions.use(await load(200)), /no memory/)
  assert.deepEqual([fine.has, other.has, revisions.current().id], [first.id, first.id, first.id])
  assert.deepEqual(fine.asked, ['prepare'])
})

test('one that dies meanwhile is no objection; one that fails to change is ended', async (t) => {
  const { revisions, load, worker } = await site(t)
  const [dying, failing, fine] = [await worker(), await worker(), await worker()]
  dying.prepare = async () => {
    revisions.gone(dying.follower)
    throw new LinkClosed()
  }
  failing.use = async () => {
    throw new Error('cannot')
  }
  const next = await load(200)
  await revisions.use(next)
  assert.deepEqual([fine.has, failing.killed, fine.killed, dying.killed], [next.id, true, false, false])
})

test('who begins to serve while others make it ready, or after that, has what counts', async (t) => {
  const { revisions, load, worker, folders } = await site(t)
  const slow = await worker()
  const ready = Promise.withResolvers<void>()
  const asked = Promise.withResolvers<void>()
  slow.prepare = () => {
    asked.resolve()
    return ready.promise
  }
  const late = new Fake('')
  late.has = basename(revisions.starts(late.follower))
  const next = await load(200)
  const used = revisions.use(next)
  await asked.promise
  const early = await worker()
  ready.resolve()
  await used
  assert.deepEqual([slow.has, early.has], [next.id, next.id])
  assert.equal((await folders()).length, 2, 'the copy that one still starts from stays')
  await revisions.started(late.follower)
  assert.equal(late.has, next.id)
})

test('reloads take turns', async (t) => {
  const { revisions, load, worker } = await site(t)
  const one = await worker()
  const [second, third] = [await load(200), await load(300)]
  await Promise.all([revisions.use(second), revisions.use(third)])
  assert.deepEqual([one.has, revisions.current().id], [third.id, third.id])
  assert.deepEqual(one.asked, ['prepare', 'use', 'prepare', 'use'])
})
