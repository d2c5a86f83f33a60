// SPDX-License-Identifier: Apache-2.0
/** Proves: `postern filter` keeps rules in LDAP where the configuration says so, and says when LDAP is away. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { missing } from '../../test/peers/install.ts'
import { startSlapd } from '../../test/peers/slapd.ts'
import type { Domain } from '../address/address.ts'
import { ldapSettingsOf, siteDirectories } from '../directory/site-directories.ts'
import { silentLog } from '../monitor/log.ts'
import { noMetrics } from '../monitor/metrics.ts'
import { load } from './configuration.ts'
import { postern } from './fixture.ts'

test('rules in LDAP', { skip: missing('slapd', 'slapadd') }, async (t) => {
  const slapd = await startSlapd()
  t.after(() => slapd[Symbol.asyncDispose]())
  const folder = await mkdtemp(join(tmpdir(), 'postern-filter-ldap-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  await copyFile(slapd.ca, join(folder, 'ca.pem'))
  await writeFile(join(folder, 'password'), `${slapd.password}\n`, { mode: 0o600 })
  await writeFile(
    join(folder, 'postern.yaml'),
    `server: { hostname: mx.example.org }
listeners: { mx: { service: smtp, port: 0 } }
directory:
  ldap:
    urls: ['${slapd.secureUrl}']
    ca: ca.pem
    bindDn: '${slapd.bindDn}'
    passwordFile: password
    base: o=example
    timeout: 20s
    connectTimeout: 20s
`,
  )
  const run = async (args: readonly string[], stdin = '') => await postern([...args, '--config', folder], { stdin })
  const user = 'kim@example.org'
  for (const { args, stdin, says } of [
    {
      args: ['filter', 'put', user, 'Soup'],
      stdin: 'if header :contains "subject" "soup" { stop; }\n',
      says: /stored "Soup"/,
    },
    { args: ['filter', 'order', user, 'Soup'], says: /^ *1 +Soup /m },
    { args: ['filter', 'get', user, 'Soup', '--stored'], says: /^# \$Rule Info: Order=1 Name=Soup\nif header/ },
    { args: ['filter', 'delete', user, 'Soup'], says: /deleted/ },
  ]) {
    const { code, out, err } = await run(args, stdin)
    assert.equal(code, 0, err)
    assert.match(out, says)
  }
  assert.match((await run(['filter', 'list', 'nobody@example.org'])).err, /no user nobody@example\.org/)
  await t.test('an automatic reply is written into the entry, and ended', async () => {
    const settings = ldapSettingsOf((await load(folder)).revision?.config ?? assert.fail(), (path) =>
      readFileSync(path),
    )
    await using site = siteDirectories({ file: join(folder, 'none'), log: silentLog, metrics: noMetrics })
    const kept = async (name: string) => {
      const found = await site.of(settings).filters(`${name}@example.org`, 'example.org' as Domain)
      return found.kind === 'found' ? found.value.autoreply : found
    }
    const reply = (...args: readonly string[]) => run(['user', 'reply', ...args])
    const set = [
      '--subject',
      'Way',
      '--text',
      'Back\nsoon',
      '--hours',
      '5',
      '--start',
      '2026-06-01',
      '--end',
      '2026-06-02',
    ]
    // With delivery options, and without any.
    for (const name of ['kim', 'sue']) {
      const { code, err } = await reply(`${name}@example.org`, ...set)
      assert.equal(code, 0, err)
      assert.deepEqual(await kept(name), {
        mode: 'vacation',
        subject: 'Way',
        text: 'Back\nsoon',
        timeoutHours: 5,
        start: Date.UTC(2026, 5, 1),
        end: Date.UTC(2026, 5, 2, 23, 59, 59),
      })
    }
    assert.equal((await reply(user, '--off')).code, 0)
    await using after = siteDirectories({ file: join(folder, 'none'), log: silentLog, metrics: noMetrics })
    const ended = await after.of(settings).filters(user, 'example.org' as Domain)
    assert.ok(ended.kind === 'found' && ended.value.autoreply === undefined)
    for (const nobody of ['nobody@example.org', 'staff@example.org'])
      assert.match((await reply(nobody, '--off')).err, /there is no such user/)
  })
  await t.test('the embedded directory is not edited where nobody asks it', async () => {
    for (const args of [
      ['user', 'list'],
      ['user', 'add', 'new@example.org', '--no-password'],
      ['user', 'set', user, '--name', 'Kim'],
      ['user', 'delete', user],
      ['domain', 'add', 'example.com'],
      ['domain', 'list'],
      ['domain', 'rules', 'example.org', '--clear'],
      ['alias', 'add', 'sales@example.org', 'kim'],
      ['alias', 'list'],
      ['alias', 'delete', 'sales@example.org'],
    ]) {
      const { code, out, err } = await run(args)
      assert.equal(code, 1, args.join(' '))
      assert.match(err, /the directory of this site is LDAP/, args.join(' '))
      assert.equal(out, '')
    }
    assert.equal(existsSync(join(folder, 'spool', 'directory.sqlite')), false)
  })
  await t.test('a configuration with errors: they are told, and no other store is used', async () => {
    const good = await readFile(join(folder, 'postern.yaml'), 'utf8')
    await writeFile(join(folder, 'postern.yaml'), good.replace('passwordFile', 'passwordfile'))
    for (const args of [
      ['filter', 'list', user],
      ['filter', 'put', user, 'Soup'],
    ]) {
      const { code, err } = await run(args, 'keep;\n')
      assert.equal(code, 1)
      assert.match(err, /passwordfile[\s\S]*the configuration has errors/)
    }
    assert.match((await run(['user', 'list'])).err, /the directory of this site is LDAP/)
    assert.equal(existsSync(join(folder, 'spool', 'directory.sqlite')), false)
    await writeFile(join(folder, 'postern.yaml'), good)
  })
  await slapd.stop()
  const away = await run(['filter', 'list', user])
  assert.equal(away.code, 1)
  assert.match(away.err, /the directory cannot be asked: /)
  assert.match((await run(['user', 'reply', user, '--off'])).err, /the directory cannot be asked: ldap/)
})
