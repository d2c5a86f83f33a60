// SPDX-License-Identifier: Apache-2.0
/** Proves: settings choose the directory; the same settings give the same one; files are read as the configuration has them. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ConfigSchema } from '../config/schema.ts'
import { silentLog } from '../monitor/log.ts'
import { noMetrics } from '../monitor/metrics.ts'
import { domain } from './directory.suite.ts'
import { ldapSettingsOf, siteDirectories } from './site-directories.ts'

const configOf = (ldap?: object) =>
  ConfigSchema.parse({
    server: { hostname: 'MX.example.org' },
    listeners: {},
    directory: ldap === undefined ? {} : { ldap },
  })
const LDAP = { urls: ['ldap://127.0.0.1:1'], base: 'o=x', bindDn: 'cn=p', passwordFile: 'pw', ca: 'ca.pem' }
const FILES: Readonly<Record<string, string>> = { pw: 'secret \n', 'ca.pem': 'CA' }
const readFile = (path: string): Buffer => Buffer.from(FILES[path] ?? '')

test('settings with what their files hold', () => {
  assert.equal(ldapSettingsOf(configOf(), readFile), undefined)
  const { config, ...settings } = ldapSettingsOf(configOf(LDAP), readFile) ?? assert.fail()
  // A space may be part of a password; the end of the line is not.
  assert.deepEqual(settings, { password: 'secret ', ca: 'CA', hostname: 'mx.example.org' })
  assert.equal(config.attributes.filter, 'mailSieveRuleSource')
  assert.throws(() => configOf({ ...LDAP, bindDn: undefined }))
  assert.throws(() => configOf({ ...LDAP, urls: ['http://x'] }))
  assert.throws(() => configOf({ ...LDAP, attributes: { mail: 'x)(y' } }))
})

test('one directory for the same settings, another for others', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-site-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'directory.sqlite')
  await using directories = siteDirectories({ file, log: silentLog, metrics: noMetrics })
  const settings = () => ldapSettingsOf(configOf(LDAP), readFile)
  const ldap = directories.of(settings())
  assert.equal(directories.of(settings()), ldap)
  assert.equal((await ldap.domain(domain('example.org'))).kind, 'defer')
  assert.equal(existsSync(file), false)
  assert.notEqual(directories.of(ldapSettingsOf(configOf({ ...LDAP, base: 'o=y' }), readFile)), ldap)
  const embedded = directories.of(undefined)
  assert.equal((await embedded.domain(domain('example.org'))).kind, 'absent')
  assert.equal((await embedded.ldapText('ldap:///o=x?mail')).kind, 'defer')
})
