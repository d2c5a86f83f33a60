// SPDX-License-Identifier: Apache-2.0
/**
 * The chapter "Filters in LDAP", run: its configuration, tables, rules and access rules, with a real slapd behind a real
 * server. Users of the directory sign in and get mail, also while the directory is away.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { parse } from 'yaml'
import { runCli } from '../../src/cli/run.ts'
import { isRecord } from '../../src/config/json-schema.ts'
import { HOST, newMail, serveUntilDisposed, temporaryFolder } from '../interop/site.ts'
import { freePort } from '../peers/free-port.ts'
import { findProgram, missing } from '../peers/install.ts'
import { ACCESS, startSlapd } from '../peers/slapd.ts'
import { Client } from '../serve/client.ts'

const skip = missing('slapd', 'slapadd', 'ldapmodify')

test('the chapter, run', { skip }, async (t) => {
  const chapter = await readFile(new URL('../../docs/manual/filters-in-ldap.md', import.meta.url), 'utf8')
  const blocks = (language: string): string[] =>
    [...chapter.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, block]) => block ?? '')
  const [access = '', change = ''] = blocks('ldif')
  assert.equal(access.trim(), ACCESS)

  await using cleanup = new AsyncDisposableStack()
  const slapd = cleanup.use(await startSlapd())
  const folder = await temporaryFolder(cleanup)
  const port = await freePort()
  const given: unknown = parse(blocks('yaml')[0] ?? '')
  assert.ok(isRecord(given) && isRecord(given['directory']) && isRecord(given['directory']['ldap']))
  const ldap = {
    ...given['directory']['ldap'],
    urls: [slapd.url],
    cacheFound: '0s',
    retryAfter: '1ms',
    connectTimeout: '20s',
    timeout: '20s',
  }
  const config = {
    server: { hostname: 'mx.example.org', workers: 0 },
    listeners: { smtp: { service: 'submission', address: HOST, port } },
    sasl: { plaintextOnLoopback: true },
    dns: { servers: [`${HOST}:1`], timeout: '1s' },
    networks: { own: [`${HOST}/32`] },
    monitor: { log: 'error' },
    directory: { ldap },
  }
  await writeFile(join(folder, 'postern.yaml'), JSON.stringify(config))
  await writeFile(join(folder, 'mappings'), blocks('text')[0] ?? '')
  await writeFile(join(folder, 'ldap.password'), `${slapd.password}\n`, { mode: 0o600 })
  await copyFile(slapd.ca, join(folder, 'ldap-ca.pem'))
  await mkdir(join(folder, 'spool'), { mode: 0o700 })
  await serveUntilDisposed(folder, cleanup)

  const plain = (login: string, password: string): string =>
    `AUTH PLAIN ${Buffer.from(`\0${login}\0${password}`).toString('base64')}`
  const session = async (): Promise<Client> => {
    const client = await Client.connect(port, HOST)
    await client.reply()
    client.write('EHLO client.example.org\r\n')
    return client
  }

  await t.test('sign-in: PLAIN and LOGIN, no SCRAM', async () => {
    using client = await session()
    const offered = await client.whole()
    assert.match(offered, /AUTH PLAIN LOGIN/)
    assert.doesNotMatch(offered, /SCRAM/)
    assert.match((await client.say(plain('kim@example.org', 'sue password'))) ?? '', /^535 5\.7\.8/)
    assert.match((await client.say(plain('kim', 'kim password'))) ?? '', /^235/)
    using other = await session()
    await other.whole()
    await other.say('AUTH LOGIN')
    await other.say(Buffer.from('kim.lee@example.org').toString('base64'))
    assert.match((await other.say(Buffer.from('kim password').toString('base64'))) ?? '', /^235/)
  })

  const send = async (to: string): Promise<string> => {
    using client = await session()
    await client.whole()
    await client.say(plain('kim', 'kim password'))
    await client.say('MAIL FROM:<kim@example.org>')
    const reply = (await client.say(`RCPT TO:<${to}>`)) ?? ''
    if (!reply.startsWith('250')) return reply
    await client.say('DATA')
    return (await client.say(`From: kim@example.org\r\nTo: ${to}\r\nSubject: hi\r\n\r\nhello\r\n.`)) ?? ''
  }
  const inbox = (user: string): string => join(folder, 'mailboxes', 'example.org', user)

  await t.test('mail for an alias of the domain, and the mapping table', async () => {
    assert.match(await send('sue@example.net'), /^250/)
    assert.match((await newMail(inbox('sue'), 1))[0] ?? '', /\r?\nhello\r?\n/)
    assert.match(await send('pat@example.org'), /^5\d\d .*Pat has left\. Please write to kim@example\.org\./)
    assert.match(await send('nobody@example.org'), /^550 5\.1\.1/)
  })

  await t.test('rules: listed, and written by another program', async () => {
    execFileSync(
      findProgram('ldapmodify') ?? '',
      ['-x', '-H', slapd.url, '-D', slapd.rootDn, '-w', slapd.rootPassword],
      {
        input: change,
        stdio: ['pipe', 'ignore', 'pipe'],
      },
    )
    const listed = await postern(folder, 'filter', 'list', 'kim@example.org')
    assert.match(listed, /lists[\s\S]*boss/)
    assert.match(await postern(folder, 'filter', 'list', 'sue@example.org', '--json'), /rule 1/)
  })

  await t.test('an outage: known users get mail, others later, sign-in later', async () => {
    using client = await session()
    await client.whole()
    await client.say(plain('kim', 'kim password'))
    await slapd.stop()
    await client.say('MAIL FROM:<kim@example.org>')
    assert.match((await client.say('RCPT TO:<sue@example.net>')) ?? '', /^250/)
    assert.match((await client.say('RCPT TO:<staff@example.org>')) ?? '', /^4\d\d/)
    assert.match((await client.say('RCPT TO:<somebody@example.org>')) ?? '', /^4\d\d/)
    await client.say('DATA')
    const content = 'From: kim@example.org\r\nTo: sue@example.net\r\nSubject: again\r\n\r\nduring\r\n.'
    assert.match((await client.say(content)) ?? '', /^250/)
    assert.match((await newMail(inbox('sue'), 2)).join('\n'), /during/)
    using other = await session()
    await other.whole()
    assert.match((await other.say(plain('kim', 'kim password'))) ?? '', /^454/)
    await slapd.start()
    assert.match(await send('kim@example.org'), /^250/)
  })
})

async function postern(folder: string, ...args: readonly string[]): Promise<string> {
  const stdout = new PassThrough()
  const stderr = new PassThrough()
  const streams = { stdin: new PassThrough().end(), stdout, stderr, env: {} }
  const code = await runCli([...args, '--config', folder], streams)
  stdout.end()
  stderr.end()
  const [out, err] = await Promise.all([text(stdout), text(stderr)])
  assert.equal(code, 0, err)
  return out
}
