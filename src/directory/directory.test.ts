// SPDX-License-Identifier: Apache-2.0
/** Every backend runs the suite; then what each has of its own. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { parseAddress } from '../address/path.ts'
import { address, type Content, describe, directorySuite, domain } from './directory.suite.ts'
import { type EmbeddedDirectory, openDirectory } from './embedded.ts'
import { memoryDirectory } from './memory.ts'
import { PasswordChecker, parseStored, storePassword } from './password.ts'
import { MAX_INCLUDE_BYTES, withAliasFile } from './site-directory.ts'

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'postern-directory-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

function opened(t: TestContext, file: string, now?: () => number): EmbeddedDirectory {
  const directory = openDirectory(file, now)
  t.after(() => directory.close())
  return directory
}

async function embedded(t: TestContext, content: Content): Promise<EmbeddedDirectory> {
  const directory = opened(t, join(folder(t), 'directory.sqlite'))
  for (const each of content.domains) directory.addDomain(each)
  for (const { status, rules, displayName, autoreply, household, quota, ...user } of content.users) {
    await directory.addUser(user)
    if (status !== undefined) directory.setStatus(user.address, status)
    if (rules !== undefined) {
      const before = await directory.ruleStore.rules(user.address)
      assert.ok(before.kind === 'found')
      await directory.ruleStore.replace(user.address, rules, before.value.state)
    }
    const settings = {
      ...(displayName === undefined ? {} : { displayName }),
      ...(autoreply === undefined ? {} : { autoreply }),
      ...(household === undefined ? {} : { household }),
      ...(quota === undefined ? {} : { quota }),
    }
    directory.setUserSettings(user.address, settings)
    assert.deepEqual(directory.userSettings(user.address), settings)
  }
  for (const [name, values] of Object.entries(content.domainRules ?? {})) directory.setDomainRules(domain(name), values)
  for (const alias of content.aliases) directory.addAlias(alias)
  return directory
}

const memory = async (content: Content) => memoryDirectory(content)

directorySuite('memory', (_, content) => memory(content))
directorySuite('embedded', embedded)
directorySuite('alias file over memory', async (t, content) => {
  const path = join(folder(t), 'aliases')
  const lines = content.aliases.flatMap(({ address: name, members, owner }) => {
    const texts = members.map((member) =>
      'pipe' in member ? `"|${member.pipe.map((word) => `'${word}'`).join(' ')}"` : member.address,
    )
    const [local] = name.split('@')
    // The owner of the suite's list is Kim; in a file the list has an owner by its name.
    return owner === undefined ? [`${name}: ${texts.join(', ')}`] : [`${local}: ${texts.join(', ')}`]
  })
  writeFileSync(path, lines.join('\n'))
  const under = memoryDirectory({ ...content, aliases: content.aliases.filter(({ owner }) => owner !== undefined) })
  const over = withAliasFile({ path, name: 'aliases' }, under)
  // An alias with an owner comes from the directory behind.
  return { ...over, address: (name, options) => (name.startsWith('list@') ? under : over).address(name, options) }
})

const KIM = address('kim@example.org')
const SITE: Content = { domains: [domain('example.org')], users: [{ address: KIM, password: 'old' }], aliases: [] }

test('embedded: what cannot be done is said, and changes nothing', async (t) => {
  const directory = await embedded(t, {
    ...SITE,
    aliases: [{ address: address('all@example.org'), members: [{ address: KIM }] }],
  })
  const before = () => JSON.stringify([directory.domains(), directory.users(), directory.aliases()])
  const state = before()
  const fails = async (code: string, work: () => void | Promise<void>) => {
    await assert.rejects(async () => work(), { name: 'DirectoryProblem', code })
    assert.equal(before(), state)
  }
  await fails('exists', () => directory.addDomain(domain('example.org')))
  await fails('in-use', () => directory.deleteDomain(domain('example.org')))
  await fails('missing', () => directory.deleteDomain(domain('example.net')))
  await fails('exists', () => directory.addUser({ address: address('KIM@example.org') }))
  await fails('exists', () => directory.addUser({ address: address('all@example.org') }))
  await fails('exists', () => directory.addUser({ address: address('lee@example.org'), also: [KIM] }))
  await fails('invalid', () =>
    directory.addUser({ address: address('a@example.org'), also: [address('A@example.org')] }),
  )
  await fails('missing', () => directory.addUser({ address: address('kim@example.net') }))
  await fails('invalid', () => directory.addUser({ address: address('a@example.org'), password: '' }))
  await fails('missing', () => directory.setPassword(address('no@example.org'), 'x'))
  await fails('missing', () => directory.setStatus(address('no@example.org'), 'disabled'))
  await fails('missing', () => directory.deleteUser(address('no@example.org')))
  await fails('exists', () => directory.addAlias({ address: KIM, members: [{ address: KIM }] }))
  await fails('invalid', () => directory.addAlias({ address: address('e@example.org'), members: [] }))
  await fails('missing', () => directory.deleteAlias(KIM))
})

test('embedded: changes', async (t) => {
  const directory = await embedded(t, SITE)
  directory.addDomain(domain('example.net'))
  await directory.addUser({ address: address('lee@example.net'), also: [address('lee@example.org')] })
  directory.addAlias({ address: address('all@example.org'), members: [{ address: KIM }] })
  await directory.setPassword(KIM, 'new')
  assert.equal((await directory.password('kim@example.org', 'old')).kind, 'absent')
  assert.equal((await directory.password('kim@example.org', 'new')).kind, 'found')
  directory.setStatus(address('lee@example.org'), 'disabled')
  assert.equal(describe(await directory.address(address('lee@example.org'))), 'user lee@example.net disabled')
  assert.throws(
    () => directory.deleteDomain(domain('example.org')),
    /1 users, 1 other addresses of users and 1 aliases/,
  )
  directory.deleteDomain(domain('example.org'), { force: true })
  assert.deepEqual(
    directory.users().map((user) => [user.address, user.also]),
    [['lee@example.net', []]],
  )
  assert.deepEqual([directory.aliases(), directory.domains()], [[], [{ domain: 'example.net' }]])
  directory.deleteUser(address('lee@example.net'))
  assert.deepEqual(directory.users(), [])
})

test('embedded: another process’s change is seen within a second, and asked for no oftener', async (t) => {
  const file = join(folder(t), 'directory.sqlite')
  let clock = 0
  const server = opened(t, file, () => clock)
  const cli = opened(t, file)
  assert.equal((await server.domain(domain('example.org'))).kind, 'absent')
  cli.addDomain(domain('example.org'))
  await cli.addUser({ address: KIM })
  clock = 999
  assert.equal((await server.domain(domain('example.org'))).kind, 'absent')
  clock = 1000
  assert.equal((await server.domain(domain('example.org'))).kind, 'found')
  assert.equal((await server.address(KIM)).kind, 'found')
})

test('embedded: a file that cannot be read defers, and recovers', async (t) => {
  const file = join(folder(t), 'directory.sqlite')
  let clock = 0
  const server = opened(t, file, () => clock)
  server.addDomain(domain('example.org'))
  const other = new DatabaseSync(file)
  t.after(() => other.close())
  assert.equal((await server.domain(domain('example.org'))).kind, 'found')
  other.exec('ALTER TABLE user RENAME TO away')
  clock = 1000
  assert.equal((await server.domain(domain('example.org'))).kind, 'defer')
  assert.equal((await server.address(KIM)).kind, 'defer')
  assert.equal((await server.password('kim@example.org', 'x')).kind, 'defer')
  assert.equal((await server.scram('kim@example.org')).kind, 'defer')
  other.exec('ALTER TABLE away RENAME TO user')
  clock = 2000
  assert.equal((await server.domain(domain('example.org'))).kind, 'found')
})

test('embedded: a damaged password defers; a later version is refused; nobody else may read the file', async (t) => {
  const file = join(folder(t), 'directory.sqlite')
  const directory = opened(t, file)
  directory.addDomain(domain('example.org'))
  await directory.addUser({ address: KIM, password: 'x' })
  assert.equal(statSync(file).mode & 0o077, 0)
  const other = new DatabaseSync(file)
  t.after(() => other.close())
  other.exec("UPDATE user SET password = '{}'")
  assert.equal((await opened(t, file).password('kim@example.org', 'x')).kind, 'defer')
  other.exec('PRAGMA user_version = 99')
  assert.throws(() => openDirectory(file), /version 99/)
})

test('passwords: argon2id, prepared, few at a time, and never without end', async () => {
  const stored = await storePassword('a\u2009b')
  assert.match(stored.argon2, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  assert.deepEqual(parseStored(JSON.stringify(stored)), stored)
  for (const text of ['', 'null', '[]', '{"argon2":1}']) assert.equal(parseStored(text), undefined)
  await assert.rejects(storePassword('a\nb'), RangeError)
  const checker = new PasswordChecker()
  assert.equal(await checker.check(stored.argon2, 'a b'), true)
  assert.equal(await checker.check(undefined, 'a b'), false)
  await assert.rejects(checker.check('rubbish', 'a b'))
  const many = Array.from({ length: 110 }, (_, i) =>
    checker.check(i < 4 ? stored.argon2 : 'rubbish', 'a b').catch(() => 'bad'),
  )
  const answers = await Promise.all(many)
  assert.deepEqual(answers.slice(0, 4), [true, true, true, true])
  assert.deepEqual(answers.slice(102), Array.from({ length: 8 }))
  assert.equal(await checker.check(stored.argon2, 'a b'), true)
})

test('alias file: names without a domain, includes, owners, and what stands behind', async (t) => {
  const path = folder(t)
  writeFileSync(join(path, 'list'), '# friends\nkim\nfar@example.net, |/bin/evil\n')
  writeFileSync(join(path, 'huge'), 'a,'.repeat(MAX_INCLUDE_BYTES))
  writeFileSync(
    join(path, 'aliases'),
    [
      'kim: kim, lee@example.net',
      'friends: :include:list',
      'owner-friends: kim',
      'sales@example.org: lee',
      'sales: kim',
      'gone: :include:nowhere',
      'big: kim, :include:huge',
      'broken: not an address',
    ].join('\n'),
  )
  const both = [domain('example.org'), domain('example.com')]
  const behind = memoryDirectory({ domains: both, users: [{ address: KIM, password: 'x' }] })
  const directory = withAliasFile({ path: join(path, 'aliases'), name: 'aliases' }, behind)
  for (const [text, want] of [
    ['kim@example.org', 'group kim@example.org lee@example.net'],
    ['kim@example.com', 'group kim@example.com lee@example.net'],
    ['Friends@example.com', 'group kim@example.com far@example.net owner owner-friends@example.com'],
    ['sales@example.org', 'group lee@example.org'],
    ['sales@example.com', 'group kim@example.com'],
    ['gone@example.org', 'defer'],
    ['big@example.org', 'defer'],
    ['broken@example.org', 'defer'],
    ['nobody@example.org', 'absent'],
  ] as const)
    assert.equal(describe(await directory.address(address(text)))?.toLowerCase(), want, text)
  assert.equal(describe(await directory.address(KIM, { mailbox: true })), 'user kim@example.org active')
  const found = await directory.address(KIM)
  assert.deepEqual(found.kind === 'found' && found.value.at, {
    file: 'aliases',
    line: 1,
    column: 1,
    text: 'kim: kim, lee@example.net',
  })
  assert.equal((await directory.password('kim@example.org', 'x')).kind, 'found')
  assert.equal((await directory.domain(domain('example.com'))).kind, 'found')
})

test('alias file: one that is not there is empty', async () => {
  const behind = memoryDirectory(SITE)
  const directory = withAliasFile({ path: '/nowhere/at/all', name: 'aliases' }, behind)
  assert.equal((await directory.address(KIM)).kind, 'found')
  assert.equal(parseAddress('x'), undefined)
})

test('embedded: a file of before rules were kept is taken on', async (t) => {
  const file = join(folder(t), 'directory.sqlite')
  const before = openDirectory(file)
  before.addDomain(domain('example.org'))
  await before.addUser({ address: KIM })
  before.close()
  const db = new DatabaseSync(file)
  db.exec(
    'DROP TABLE rule; DROP TABLE user_settings; DROP TABLE domain_rule; DROP TABLE quota; PRAGMA user_version = 1',
  )
  db.close()
  const { ruleStore, ...directory } = opened(t, file)
  directory.setUserSettings(KIM, { quota: { octets: 5 } })
  assert.deepEqual(directory.userSettings(KIM), { quota: { octets: 5 } })
  const found = await ruleStore.rules(KIM)
  assert.ok(found.kind === 'found')
  assert.deepEqual(await ruleStore.replace(KIM, ['keep;'], found.value.state), { kind: 'stored' })
})

test('embedded: a damaged automatic reply defers, and so does a file that is held', async (t) => {
  const file = join(folder(t), 'directory.sqlite')
  const directory = opened(t, file)
  directory.addDomain(domain('example.org'))
  await directory.addUser({ address: KIM })
  directory.setUserSettings(KIM, { autoreply: { mode: 'echo' } })
  const db = new DatabaseSync(file)
  t.after(() => db.close())
  db.exec(`UPDATE user_settings SET autoreply = '{"mode":"loud"}'`)
  assert.equal((await directory.filters(KIM, domain('example.org'))).kind, 'defer')
  const found = await directory.ruleStore.rules(KIM)
  assert.ok(found.kind === 'found')
  db.exec('BEGIN IMMEDIATE')
  assert.equal((await directory.ruleStore.replace(KIM, ['keep;'], found.value.state)).kind, 'defer')
  db.exec('ROLLBACK')
  assert.deepEqual(await directory.ruleStore.replace(KIM, ['keep;'], found.value.state), { kind: 'stored' })
})

test('embedded: nobody heads their own household, and heads that went away head nothing', async (t) => {
  const directory = opened(t, join(folder(t), 'directory.sqlite'))
  directory.addDomain(domain('example.org'))
  const head = address('head@example.org')
  for (const each of [KIM, head]) await directory.addUser({ address: each })
  assert.throws(() => directory.setUserSettings(KIM, { household: KIM }), { name: 'DirectoryProblem', code: 'invalid' })
  directory.setUserSettings(KIM, { household: head })
  directory.deleteUser(head)
  const found = await directory.filters(KIM, domain('example.org'))
  assert.ok(found.kind === 'found' && found.value.household === undefined)
  assert.throws(() => directory.setDomainRules(domain('example.org'), ['']), { name: 'DirectoryProblem' })
})
