// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { loadRevision } from './load.ts'
import { loadSavedRevision, removeRevisions, saveRevision } from './saved-revision.ts'

const root = await mkdtemp(join(tmpdir(), 'revisions-'))
after(() => rm(root, { recursive: true, force: true }))
const options = { now: () => 0 }
let count = 0

const YAML = `server: { hostname: mx.example.org }
listeners: { mx: { service: smtp, port: 2525 } }
channels: { tcp_local: { smarthost: mx.example.net, login: { user: me, passwordFile: password } } }
`

async function site(): Promise<{ readonly directory: string; readonly revisions: string }> {
  const directory = await mkdtemp(join(root, `site-${++count}-`))
  await writeFile(join(directory, 'postern.yaml'), YAML)
  await writeFile(join(directory, 'password'), 'secret', { mode: 0o600 })
  await writeFile(join(directory, 'aliases'), 'sales: kim\n')
  return { directory, revisions: join(directory, 'spool', 'revisions') }
}

async function load(directory: string) {
  const { revision } = await loadRevision(directory, options)
  assert.ok(revision)
  return revision
}

test('a saved revision is what it was, whatever becomes of the files', async () => {
  const { directory, revisions } = await site()
  const revision = await load(directory)
  const folder = await saveRevision(revision, revisions)
  await writeFile(join(directory, 'postern.yaml'), 'nonsense')
  await rm(join(directory, 'password'))
  await rm(join(directory, 'aliases'))
  const { revision: saved, diagnostics } = await loadSavedRevision(folder, options)
  assert.deepEqual(
    diagnostics.filter(({ severity }) => severity === 'error'),
    [],
  )
  assert.deepEqual([saved?.id, saved?.directory, saved?.config], [revision.id, directory, revision.config])
  assert.deepEqual([...(saved?.files ?? [])], [...revision.files])
  assert.deepEqual(
    saved?.where('channels', 'tcp_local', 'smarthost'),
    revision.where('channels', 'tcp_local', 'smarthost'),
  )
})

test('copies are for the account of the server alone', async () => {
  const { directory, revisions } = await site()
  const folder = await saveRevision(await load(directory), revisions)
  assert.equal((await stat(folder)).mode & 0o77, 0)
  for (const name of await readdir(folder)) assert.equal((await stat(join(folder, name))).mode & 0o77, 0, name)
})

test('a copy that was cut short is made anew, a damaged one is refused', async () => {
  const { directory, revisions } = await site()
  const revision = await load(directory)
  const folder = await saveRevision(revision, revisions)
  await rm(join(folder, 'manifest.json'))
  assert.equal(await saveRevision(revision, revisions), folder)
  assert.equal((await loadSavedRevision(folder, options)).revision?.id, revision.id)
  assert.equal(await saveRevision(revision, revisions), folder, 'again')
  for (const name of await readdir(folder)) if (name !== 'manifest.json') await truncate(join(folder, name), 0)
  const damaged = await loadSavedRevision(folder, options).catch((error: unknown) => error)
  assert.ok(damaged instanceof Error || !('revision' in (damaged as object)))
})

test('revisions that nobody uses go', async () => {
  const { directory, revisions } = await site()
  const first = await load(directory)
  await saveRevision(first, revisions)
  await writeFile(join(directory, 'aliases'), 'sales: robin\n')
  const second = await load(directory)
  await saveRevision(second, revisions)
  await removeRevisions(revisions, new Set([second.id]))
  assert.deepEqual(await readdir(revisions), [second.id])
})
