// SPDX-License-Identifier: Apache-2.0
/**
 * Proves: mapping tables with all they include, and the general table, are part of a revision: read once, in its name,
 * saved with it, compiled once; what is wrong with them is told with its place, and with an error there is no revision.
 */
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { formatDiagnostic } from './diagnostic.ts'
import { loadRevision } from './load.ts'
import { loadSavedRevision, saveRevision } from './saved-revision.ts'
import { STOCK_TABLES } from './stock-tables.ts'
import type { LoadedRevision } from './where.ts'

const CONFIG = 'server: { hostname: mx.example.org }\nlisteners: { mx: { service: smtp, port: 25 } }\n'
const now = () => Date.UTC(2026, 10, 24)

async function site(t: TestContext, files: Readonly<Record<string, string | Buffer>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-tables-'))
  t.after(() => rm(folder, { recursive: true }))
  await mkdir(join(folder, 'more'))
  for (const [name, text] of Object.entries({ 'postern.yaml': CONFIG, ...files }))
    await writeFile(join(folder, name), text)
  return folder
}

async function loaded(folder: string, before?: LoadedRevision): Promise<LoadedRevision> {
  const { revision, diagnostics } = await loadRevision(folder, { now, ...(before === undefined ? {} : { before }) })
  assert.ok(revision !== undefined, JSON.stringify(diagnostics))
  return revision
}

const tablesOf = ({ tables }: LoadedRevision) =>
  [...tables.mappings.tables()].map(({ name, rows }) => `${name} ${rows.length}`)

test('a site without tables has a revision without tables', async (t) => {
  const revision = await loaded(await site(t, {}))
  assert.deepEqual(tablesOf(revision), [])
  assert.equal(revision.tables.general.size, 0)
})

test('spec mapping-tables.md 1.1: includes are read, named, hashed and saved', async (t) => {
  const folder = await site(t, {
    mappings: '! a site\nONE\n\n  a  $Y\n<more/two\n\nTHREE\n\n  c  $Y\n<IMTA_TABLE:four\n',
    'more/two': '\nTWO\n\n  b  $Y\n  bb $Y\n<three\n',
    'more/three': '  bbb $Y\n',
    four: '  cc $Y\n',
    'general.txt': 'key value\n',
  })
  const revision = await loaded(folder)
  assert.deepEqual(tablesOf(revision), ['ONE 1', 'TWO 3', 'THREE 2'])
  assert.equal(revision.tables.general.get('KEY'), 'value')
  const row = revision.tables.mappings.table('TWO')?.rows[2]
  assert.deepEqual([row?.file, row?.line], ['more/three', 1])
  assert.equal(revision.files.size, 6)

  const copy = await saveRevision(revision, join(folder, 'revisions'))
  await writeFile(join(folder, 'more/three'), '  changed $Y\n  more $Y\n')
  const changed = await loaded(folder)
  assert.notEqual(changed.id, revision.id)
  assert.deepEqual(tablesOf(changed), ['ONE 1', 'TWO 4', 'THREE 2'])
  const saved = await loadSavedRevision(copy, { now })
  assert.equal(saved.revision?.id, revision.id)
  assert.deepEqual(saved.revision === undefined ? [] : tablesOf(saved.revision), ['ONE 1', 'TWO 3', 'THREE 2'])
})

test('design 2.3: tables that did not change are not compiled again', async (t) => {
  const folder = await site(t, { mappings: 'ONE\n\n  a  $Y\n', 'general.txt': 'k v\n' })
  const first = await loaded(folder)
  await writeFile(join(folder, 'postern.yaml'), `${CONFIG}access: { orcpt: 2 }\n`)
  const second = await loaded(folder, first)
  assert.notEqual(second.id, first.id)
  assert.equal(second.tables, first.tables)
  await writeFile(join(folder, 'general.txt'), 'k w\n')
  assert.equal((await loaded(folder, second)).tables.general.get('k'), 'w')
  await rm(join(folder, 'general.txt'))
  assert.equal((await loaded(folder, second)).tables.general.size, 0)
})

test('what is wrong is told with its place and a caret, and is no revision', async (t) => {
  const folder = await site(t, {
    mappings: 'ONE\n\n  $(1.2.3.4/77)  $Y\n  b $Qx\n\nONE\n\n  c $Y\n<nowhere\n',
  })
  const { revision, diagnostics, sources } = await loadRevision(folder, { now })
  assert.equal(revision, undefined)
  const told = diagnostics.map(
    ({ code, severity, file, line, column }) => `${severity} ${code} ${file}:${line}:${column}`,
  )
  assert.deepEqual(told, [
    'error mapping-network mappings:3:3',
    'error mapping-duplicate-table mappings:6:1',
    'error mapping-include mappings:9:2',
  ])
  const [first] = diagnostics
  assert.ok(first !== undefined)
  assert.match(
    formatDiagnostic(first, sources.get('mappings'), { color: false }),
    /3 \|.*\$\(1\.2\.3\.4\/77\)\s.*\n.*\^\^\^/,
  )
})

test('warnings leave a revision; Latin-1 in an old file is read', async (t) => {
  const folder = await site(t, {
    mappings: Buffer.from('! Müller\nPORT_ACCESS\n\n  a  $Qx\n', 'latin1'),
    'general.txt': 'k v\nK w\n',
  })
  const { revision, diagnostics } = await loadRevision(folder, { now })
  assert.deepEqual(tablesOf(revision ?? assert.fail()), ['PORT_ACCESS 1'])
  assert.deepEqual(
    diagnostics.map(({ code, severity, file, line }) => `${severity} ${code} ${file}:${line}`),
    ['warning general-line general.txt:2', 'warning file-encoding mappings:1', 'warning mapping-flag mappings:4'],
  )
})

test('a file that is there and cannot be read is no empty one', async (t) => {
  const folder = await site(t, { 'postern.yaml': `${CONFIG}access: { mappings: more }\n` })
  const { revision, diagnostics } = await loadRevision(folder, { now })
  assert.equal(revision, undefined)
  assert.deepEqual(
    diagnostics.map(({ code }) => code),
    ['file-unreadable'],
  )
})

const inside = async (t: TestContext, table: string, own = ''): Promise<readonly string[]> => {
  const folder = await site(t, { mappings: `INTERNAL_IP\n\n${table}`, 'postern.yaml': CONFIG + own })
  const { diagnostics } = await loadRevision(folder, { now })
  return diagnostics.map(({ severity, code, file, line }) => `${severity} ${code} ${file}:${line}`)
}

test('the stock tables are fine as they are', async (t) => {
  const { diagnostics } = await loadRevision(await site(t, { mappings: STOCK_TABLES }), { now })
  assert.deepEqual(diagnostics, [])
})

test('design 2.10: an INTERNAL_IP table that takes the Internet in is no revision', async (t) => {
  assert.deepEqual(await inside(t, '  127.0.0.1  $Y\n  *  $Y\n'), [
    'error open-relay mappings:4',
    'error open-relay mappings:4',
  ])
  assert.deepEqual(await inside(t, '  $(1.0.0.0/1)  $Y\n  *  $N\n'), ['error open-relay mappings:3'])
  assert.deepEqual(await inside(t, '  *:*  $Y\n  *  $N\n'), ['error open-relay mappings:3'])
  assert.deepEqual(await inside(t, '  10.*  $Y\n  $(203.0.113.0/24) $Y\n  *  $N\n'), [])
  assert.deepEqual(await inside(t, '  *  $N\n', 'networks: { own: [192.0.2.0/24] }\n'), [
    'warning no-effect postern.yaml:3',
  ])
})
