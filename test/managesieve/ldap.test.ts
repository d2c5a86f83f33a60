// SPDX-License-Identifier: Apache-2.0
/** ManageSieve for users of LDAP: a real slapd behind the real server; sign-in by bind, scripts in `mailSieveRuleSource`. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { HOST, serveUntilDisposed, temporaryFolder } from '../interop/site.ts'
import { freePort } from '../peers/free-port.ts'
import { findProgram, missing } from '../peers/install.ts'
import { startSlapd } from '../peers/slapd.ts'
import { Client } from './client.ts'

const skip = missing('slapd', 'slapadd', 'ldapsearch')
const plain = (password: string): string =>
  `AUTHENTICATE "PLAIN" "${Buffer.from(`\0kim\0${password}`).toString('base64')}"`

test('scripts of a user in LDAP', { skip }, async () => {
  await using cleanup = new AsyncDisposableStack()
  const slapd = cleanup.use(await startSlapd())
  const folder = await temporaryFolder(cleanup)
  const port = await freePort()
  const { url, bindDn, password } = slapd
  const ldap = { urls: [url], bindDn, passwordFile: 'ldap.password', ca: 'ldap-ca.pem', base: 'o=example' }
  const config = {
    server: { hostname: 'mx.example.org', workers: 0 },
    listeners: {},
    managesieve: { listeners: { sieve: { address: HOST, port } }, failureDelay: '0s' },
    sasl: { plaintextOnLoopback: true },
    dns: { servers: [`${HOST}:1`], timeout: '1s' },
    monitor: { log: 'error' },
    directory: { ldap: { ...ldap, connectTimeout: '20s', timeout: '20s', retryAfter: '1ms', cacheFound: '0s' } },
  }
  await writeFile(join(folder, 'postern.yaml'), JSON.stringify(config))
  await writeFile(join(folder, 'ldap.password'), `${password}\n`, { mode: 0o600 })
  await copyFile(slapd.ca, join(folder, 'ldap-ca.pem'))
  await mkdir(join(folder, 'spool'), { mode: 0o700 })
  await serveUntilDisposed(folder, cleanup)

  await using client = await Client.connect(port)
  // No SCRAM: LDAP gives nobody the keys for it.
  assert.ok((await client.reply()).before.includes('"SASL" "PLAIN LOGIN"'))
  assert.equal((await client.ask(plain('guessed'))).is, 'NO')
  assert.equal((await client.ask(plain('kim password'))).is, 'OK')
  // What other programs put there runs together; another script in its place turns all of it off.
  assert.deepEqual((await client.ask('LISTSCRIPTS')).before, ['"rules" ACTIVE'])
  assert.equal((await client.ask('PUTSCRIPT "from sieve" "keep;"')).is, 'OK')
  assert.equal((await client.ask('SETACTIVE "from sieve"')).is, 'OK')
  const { before: after } = await client.ask('LISTSCRIPTS')
  assert.deepEqual(after.toSorted(), ['"boss"', '"from sieve" ACTIVE', '"lists"'])
  assert.equal((await client.ask('GETSCRIPT "from sieve"')).before[0], '{5}\r\nkeep;')
  assert.match(stored(url, bindDn, password, slapd.ca), /\$Rule Info: Order=1 Name=from sieve\nkeep;/)
  assert.equal((await client.ask('SETACTIVE ""')).is, 'OK')
  assert.equal((await client.ask('DELETESCRIPT "from sieve"')).is, 'OK')
  assert.doesNotMatch(stored(url, bindDn, password, slapd.ca), /from sieve/)
})

/** kim's rules as slapd has them, decoded. */
function stored(url: string, bindDn: string, password: string, ca: string): string {
  const args = ['-x', '-ZZ', '-LLL', '-o', 'ldif-wrap=no', '-H', url, '-D', bindDn, '-w', password, '-b', 'o=example']
  const env = { ...process.env, LDAPTLS_CACERT: ca }
  const found = execFileSync(findProgram('ldapsearch') ?? '', [...args, '(uid=kim)', 'mailSieveRuleSource'], {
    env,
    encoding: 'utf8',
  })
  return found.replace(/:: (\S+)/g, (_, base64: string) => `: ${Buffer.from(base64, 'base64').toString()}`)
}
