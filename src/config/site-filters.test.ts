// SPDX-License-Identifier: Apache-2.0
/** Proves: filters belong to a revision; what is wrong in them is told with its place; patterns of channel keywords. */
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { formatDiagnostic } from './diagnostic.ts'
import { fileintoAddress, filterPath, type PatternValues, parsePattern, userOf } from './filter-pattern.ts'
import { type Loaded, loadRevision } from './load.ts'
import { loadSavedRevision, saveRevision } from './saved-revision.ts'

const BASE = `server:
  hostname: mx.example.org
listeners:
  smtp: { service: smtp, address: "127.0.0.1", port: 0 }
`

async function load(
  files: Readonly<Record<string, string>>,
  more = '',
): Promise<Loaded & AsyncDisposable & { root: string }> {
  const root = await mkdtemp(join(tmpdir(), 'postern-filters-'))
  await mkdir(join(root, 'filters'))
  await mkdir(join(root, 'filters/global'))
  for (const [name, text] of Object.entries({ 'postern.yaml': BASE + more, ...files }))
    await writeFile(join(root, name), text)
  const loaded = await loadRevision(root, { now: () => 0 })
  return { ...loaded, root, [Symbol.asyncDispose]: () => rm(root, { recursive: true }) }
}

test('filters of the MTA and of channels are a part of the revision, and of its name', async () => {
  const files = { 'filters/mta.sieve': 'jettison;', 'filters/channel-ims-ms.sieve': 'keep;', 'out.sieve': 'stop;' }
  const more = 'channels:\n  tcp_local: { sourceFilter: out.sieve }\n'
  await using one = await load(files, more)
  assert.deepEqual(
    one.diagnostics.filter(({ severity }) => severity === 'error'),
    [],
  )
  const { filters } = one.revision ?? assert.fail()
  assert.equal(filters?.mta?.source, 'jettison;')
  assert.deepEqual([...(filters?.destination.keys() ?? [])], ['ims-ms'])
  assert.deepEqual([...(filters?.source.keys() ?? [])], ['tcp_local'])
  await using two = await load({ ...files, 'filters/channel-ims-ms.sieve': 'discard;' }, more)
  assert.notEqual(one.revision?.id, two.revision?.id)
  const saved = await saveRevision(one.revision ?? assert.fail(), join(one.root, 'revisions'))
  const again = await loadSavedRevision(saved, { now: () => 0 })
  assert.equal(again.revision?.id, one.revision?.id)
  assert.equal(again.revision?.filters?.mta?.source, 'jettison;')
})

test('channelFilter is destinationFilter', async () => {
  const files = { 'out.sieve': 'stop;', 'filters/channel-ims-ms.sieve': 'keep;' }
  await using one = await load(files, 'channels:\n  ims-ms: { channelFilter: out.sieve }\n')
  assert.deepEqual(
    [...(one.revision?.filters?.destination ?? [])].map(([name, { source }]) => [name, source]),
    [['ims-ms', 'stop;']],
  )
})

test('global scripts and lists are a part of the revision, and of its name', async () => {
  const files = {
    'filters/global/spam.sieve': 'jettison;',
    'filters/global/lists.sieve': 'require "fileinto";\nfileinto "L";',
    'filters/global/README': 'no script',
    'partners.txt': 'ann@example.net\n',
    mappings: 'BLOCKED\n\n  bob@example.com $Y\n',
  }
  const more =
    'filters:\n  lists: { "urn:ietf:params:sieve:partners": { file: partners.txt }, "tag:x": { mapping: BLOCKED } }\n'
  await using one = await load(files, more)
  const { filters } = one.revision ?? assert.fail(JSON.stringify(one.diagnostics))
  assert.deepEqual([...(filters?.global ?? [])].toSorted(), [
    ['lists', 'require "fileinto";\nfileinto "L";'],
    ['spam', 'jettison;'],
  ])
  assert.deepEqual([...(filters?.lists.keys() ?? [])].toSorted(), [':partners', 'tag:x'])
  await using two = await load({ ...files, 'filters/global/spam.sieve': 'hold;' }, more)
  assert.notEqual(one.revision?.id, two.revision?.id)
  const saved = await saveRevision(one.revision ?? assert.fail(), join(one.root, 'revisions'))
  // The saved copy alone counts, whatever became of the folder.
  await rm(join(one.root, 'filters'), { recursive: true })
  const again = await loadSavedRevision(saved, { now: () => 0 })
  assert.equal(again.revision?.id, one.revision?.id)
  assert.equal(again.revision?.filters?.global.get('spam'), 'jettison;')
  assert.equal(again.revision?.filters?.lists.get(':partners')?.kind, 'file')
})

test('a mistake of a global script is told of, one that a level may use is none', async () => {
  await using good = await load({ 'filters/global/a.sieve': 'require "vacation"; vacation "away";' })
  assert.deepEqual(
    good.diagnostics.filter(({ code }) => code === 'filter-script'),
    [],
  )
  await using bad = await load({ 'filters/global/a.sieve': 'keep;\nfileint "x";' })
  const found = bad.diagnostics.find(({ code }) => code === 'filter-script') ?? assert.fail()
  assert.deepEqual([found.file, found.line, found.severity], ['filters/global/a.sieve', 2, 'error'])
})

test('a site without filters has none', async () => {
  await using loaded = await load({})
  assert.equal(loaded.revision?.filters?.mta, undefined)
  assert.equal(loaded.revision?.filters?.destination.size, 0)
})

test('a mistake of a script is a mistake of the configuration, with a caret', async () => {
  await using loaded = await load({ 'filters/mta.sieve': 'require "body";\nif true {\n  fileint "INBOX";\n}\n' })
  assert.equal(loaded.revision, undefined)
  const found = loaded.diagnostics.find(({ code }) => code === 'filter-script') ?? assert.fail()
  assert.deepEqual([found.file, found.line, found.column], ['filters/mta.sieve', 3, 3])
  assert.match(
    formatDiagnostic(found, loaded.sources.get(found.file) ?? '', { color: false }),
    /fileint "INBOX";\n.*\^/,
  )
})

for (const { more, files = {}, code } of [
  { more: 'channels:\n  ims-ms: { destinationFilter: none.sieve }\n', code: 'file-missing' },
  { more: 'filters: { mta: none.sieve }\n', code: 'file-missing' },
  { more: 'filters: { global: none }\n', code: 'file-missing' },
  { more: 'channels:\n  ims-ms: { channelFilter: none.sieve }\n', code: 'file-missing' },
  {
    more: 'channels:\n  ims-ms: { channelFilter: a.sieve, destinationFilter: a.sieve }\n',
    files: { 'a.sieve': 'keep;' },
    code: 'duplicate-key',
  },
  { more: 'filters: { lists: { "tag:x": { file: none.txt } } }\n', code: 'file-missing' },
  { more: 'filters: { lists: { "tag:x": {} } }\n', code: 'bad-value' },
  { more: 'filters: { lists: { "tag:x": { mapping: NONE } } }\n', code: 'bad-value' },
  { more: 'filters: { lists: { "tag:x": { file: a, mapping: B } } }\n', code: 'bad-value' },
  { more: 'filters: { body: false }\n', files: { 'filters/mta.sieve': 'require "body";' }, code: 'filter-script' },
  {
    more: 'filters: { limits: { vacations: 0 } }\n',
    files: { 'filters/mta.sieve': 'require "vacation";' },
    code: 'filter-script',
  },
  { more: 'channels:\n  ims-ms: { filter: "/x/$Q" }\n', code: 'filter-pattern' },
  { more: 'channels:\n  ims-ms: { fileinto: "$~" }\n', code: 'filter-pattern' },
  { more: 'filters: { discard: tcp_local }\n', code: 'channel-kind' },
  { more: 'filters: { discard: nowhere }\n', code: 'unknown-channel' },
] as readonly { more: string; files?: Record<string, string>; code: string }[])
  test(`refused: ${JSON.stringify(more)}`, async () => {
    await using loaded = await load(files, more)
    assert.equal(loaded.revision, undefined)
    assert.ok(
      loaded.diagnostics.some((each) => each.code === code),
      JSON.stringify(loaded.diagnostics),
    )
  })

const KIM: PatternValues = {
  address: 'kim+x@mail.example.org',
  domain: 'mail.example.org',
  localPart: 'kim+x',
  user: 'kim',
  folder: 'Lists.one',
  home: '/home/kim',
}

for (const { pattern, values = KIM, want } of [
  { pattern: '/f/$D/$U.sieve', want: '/f/mail.example.org/kim.sieve' },
  { pattern: 'file:///f/$h/$l', want: '/f/mail/kim+x' },
  { pattern: '$~/.sieve', want: '/home/kim/.sieve' },
  { pattern: '/f/$$$a', want: '/f/$kim+x@mail.example.org' },
  { pattern: '/f/$U', values: { ...KIM, user: '../etc' }, want: undefined },
  { pattern: '/f/$U', values: { ...KIM, user: '..' }, want: undefined },
  { pattern: '/f/$L', values: { ...KIM, localPart: 'a/b' }, want: undefined },
  { pattern: '/f/$L', values: { ...KIM, localPart: 'a\0b' }, want: undefined },
  { pattern: '$~/s', values: { ...KIM, home: '/home/../etc' }, want: undefined },
  { pattern: '/f/$S', want: undefined },
])
  test(`filter ${pattern} for ${JSON.stringify(values.localPart)}`, () =>
    assert.equal(filterPath(pattern, values), want))

for (const { pattern, want } of [
  { pattern: '$U+$S@$D', want: 'kim+Lists.one@mail.example.org' },
  { pattern: '$u@$h.store', want: 'kim@mail.store' },
  { pattern: '@$4O:$U+$S@$D', want: 'kim+Lists.one@mail.example.org' },
  { pattern: '@$4o:$U+$S@$D', want: 'kim+Lists.one@mail.example.org' },
  { pattern: '@store.example.org:$U@$D', want: 'kim@mail.example.org' },
  { pattern: '$4O:$U@$D', want: undefined },
])
  test(`fileinto ${pattern}`, () => assert.equal(fileintoAddress(pattern, KIM), want))

test('a pattern that ends in a dollar sign', () => assert.ok('problem' in parsePattern('a$', 'filter')))

for (const { local, want } of [
  { local: 'kim+x', want: 'kim' },
  { local: '_kim', want: 'kim' },
  { local: '~kim+x', want: 'kim' },
  { local: '+x', want: '+x' },
])
  test(`$U of ${local}`, () => assert.equal(userOf(local, '+'), want))
