// SPDX-License-Identifier: Apache-2.0
/** Proves: `postern filter` keeps rules in LDAP where the configuration says so, and says when LDAP is away. */
import assert from 'node:assert/strict'
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { missing } from '../../test/peers/install.ts'
import { startSlapd } from '../../test/peers/slapd.ts'
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
  await slapd.stop()
  const away = await run(['filter', 'list', user])
  assert.equal(away.code, 1)
  assert.match(away.err, /the directory cannot be asked: /)
})
