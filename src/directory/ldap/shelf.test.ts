// SPDX-License-Identifier: Apache-2.0
/** Proves: what one process put on the shelf another one finds, as old as it is; nothing old, damaged or foreign comes back. */
import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { eventually } from '../../../test/interop/site.ts'
import { shelf } from './shelf.ts'

async function folderOf(t: TestContext): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'postern-shelf-'))
  t.after(() => rm(made, { recursive: true, force: true }))
  return join(made, 'ldap')
}

const files = (folder: string): Promise<readonly string[]> => readdir(folder).catch(() => [])
/** So many, and none of them under the name it has while it is written. */
const written = (folder: string, count: number) =>
  eventually(`${count} files`, async () => {
    const names = await files(folder)
    return names.length === count && names.every((name) => !name.includes('.')) ? true : undefined
  })

test('another process finds it, with its age, and maps are maps again', async (t) => {
  const folder = await folderOf(t)
  const value = { dn: 'uid=kim', values: new Map([['mail', ['kim@example.org']]]), size: 7 }
  shelf({ folder, staleMs: 1000, now: () => Date.now() }).put('address:kim', value)
  await written(folder, 1)
  const at = Date.now()
  let now = at
  const other = shelf({ folder, staleMs: 1000, now: () => now })
  assert.deepEqual((await other.get('address:kim'))?.value, value)
  now = at + 500
  const later = await other.get('address:kim')
  assert.ok(later !== undefined && later.ageMs >= 500 && later.ageMs < 1000, `${later?.ageMs}`)
  now = at + 2000
  assert.equal(await other.get('address:kim'), undefined)
  assert.equal(await other.get('address:lee'), undefined)
})

test('nobody else may read it', async (t) => {
  const folder = await folderOf(t)
  shelf({ folder, staleMs: 1000, now: () => Date.now() }).put('a', 1)
  await written(folder, 1)
  const [name = ''] = await files(folder)
  assert.equal((await stat(folder)).mode & 0o777, 0o700)
  assert.equal((await stat(join(folder, name))).mode & 0o777, 0o600)
})

test('what is dropped is gone, and what is damaged is none', async (t) => {
  const folder = await folderOf(t)
  const one = shelf({ folder, staleMs: 60_000, now: () => Date.now() })
  one.put('a', 1)
  one.put('b', 2)
  await written(folder, 2)
  one.drop('a')
  await written(folder, 1)
  assert.equal(await one.get('a'), undefined)
  const [name = ''] = await files(folder)
  for (const text of ['', '{"key":"b"', '{"key":"other","at":1,"value":2}', '[]', 'null']) {
    await writeFile(join(folder, name), text)
    assert.equal(await one.get('b'), undefined, text)
  }
})

test('what is too large is not kept, nor anything where nothing may be stale, nor where the disk will not have it', async (t) => {
  const folder = await folderOf(t)
  const large = shelf({ folder, staleMs: 60_000, now: () => Date.now() })
  large.put('a', 'x'.repeat(1_100_000))
  shelf({ folder, staleMs: 0, now: () => Date.now() }).put('b', 1)
  large.put('c', 1)
  await written(folder, 1)
  const blocked = join(folder, (await files(folder))[0] ?? '')
  const nowhere = shelf({ folder: join(blocked, 'below a file'), staleMs: 60_000, now: () => Date.now() })
  nowhere.put('d', 1)
  assert.equal(await nowhere.get('d'), undefined)
})

test('old answers are taken away when there are many new ones', async (t) => {
  const folder = await folderOf(t)
  const start = Date.now()
  shelf({ folder, staleMs: 1000, now: () => start }).put('old', 1)
  await written(folder, 1)
  // The first thing that a process writes has it look around.
  shelf({ folder, staleMs: 1000, now: () => start + 10_000 }).put('new', 1)
  await eventually('the old one gone', async () => {
    const names = await files(folder)
    return names.length === 1 ? true : undefined
  })
})
