// SPDX-License-Identifier: Apache-2.0
/**
 * Groups of LDAP by real SMTP into Maildirs: a real slapd behind the real server. Their rules run for members of ours,
 * their failures go to who answers for them, and neither loops nor size hold anybody up.
 */
import assert from 'node:assert/strict'
import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { ldif, ROOT } from '../../src/directory/ldap/content.fixture.ts'
import { eventually, HOST, newMail, serveUntilDisposed, temporaryFolder } from '../interop/site.ts'
import { freePort } from '../peers/free-port.ts'
import { missing } from '../peers/install.ts'
import { startSlapd } from '../peers/slapd.ts'
import { Client } from '../serve/client.ts'

const skip = missing('slapd', 'slapadd')

type Values = readonly (readonly [string, string])[]
const user = (uid: string, more: Values = []): string =>
  ldif(`uid=${uid},o=example`, [
    ['objectClass', 'inetOrgPerson'],
    ['objectClass', 'inetMailUser'],
    ['uid', uid],
    ['cn', uid],
    ['sn', uid],
    ['mail', `${uid}@example.org`],
    ...more,
  ])
const group = (name: string, more: Values): string =>
  ldif(`cn=${name},o=example`, [
    ['objectClass', 'applicationProcess'],
    ['objectClass', 'inetMailGroup'],
    ['mail', `${name}@example.org`],
    ...more,
  ])
const member = (address: string) => ['mgrpRFC822MailMember', address] as const
const rule = (text: string) => ['mailSieveRuleSource', text] as const

const CONTENT = [
  ROOT,
  user('kim', [rule('require ["fileinto", "mailbox"]; if header :is "subject" "kim" { fileinto :create "Own"; }')]),
  user('lee'),
  user('sue'),
  group('staff', [
    ['uniqueMember', 'uid=kim,o=example'],
    ['memberURL', 'ldap:///o=example?mail?sub?(uid=lee)'],
    member('far@elsewhere.test'),
    ['mgrpErrorsTo', 'mailto:sue@example.org'],
    rule('if header :contains "subject" "lottery" { discard; stop; }'),
    rule('if header :contains "subject" "archive" { redirect "sue@example.org"; stop; }'),
    rule('require ["fileinto", "mailbox"]; fileinto :create "Staff";'),
  ]),
  group('everybody', [member('staff@example.org'), member('sue@example.org'), rule('discard;')]),
  group('round', [member('circle@example.org')]),
  group('circle', [member('round@example.org'), member('kim@example.org')]),
  group(
    'large',
    Array.from({ length: 41 }, (_, n) => member(`m${n}@elsewhere.test`)),
  ),
].join('\n\n')

test('groups of LDAP', { skip }, async (t) => {
  await using cleanup = new AsyncDisposableStack()
  const slapd = cleanup.use(await startSlapd(`${CONTENT}\n`))
  const folder = await temporaryFolder(cleanup)
  const [port, far] = [await freePort(), await nextHop(cleanup)]
  const { url, bindDn } = slapd
  const ldap = { urls: [url], bindDn, passwordFile: 'ldap.password', ca: 'ldap-ca.pem', base: 'o=example' }
  const config = {
    server: { hostname: 'mx.example.org', workers: 0 },
    listeners: { smtp: { service: 'smtp', address: HOST, port } },
    networks: { own: [`${HOST}/32`] },
    routes: [{ channel: 'tcp_local', domain: 'elsewhere.test', via: `[${HOST}]:${far.port}` }],
    dns: { servers: [`${HOST}:1`], timeout: '1s' },
    monitor: { log: 'error' },
    directory: {
      ldap: {
        ...ldap,
        domains: { form: 'none', list: ['example.org'] },
        connectTimeout: '20s',
        timeout: '20s',
        maxMembers: 40,
      },
    },
  }
  await writeFile(join(folder, 'postern.yaml'), JSON.stringify(config))
  await writeFile(join(folder, 'ldap.password'), `${slapd.password}\n`, { mode: 0o600 })
  await copyFile(slapd.ca, join(folder, 'ldap-ca.pem'))
  await mkdir(join(folder, 'spool'), { mode: 0o700 })
  await serveUntilDisposed(folder, cleanup)

  const send = async (subject: string, ...to: readonly string[]): Promise<string> => {
    using client = await Client.connect(port, HOST)
    await client.reply()
    client.write('EHLO client.example.net\r\n')
    await client.whole()
    await client.say('MAIL FROM:<ann@example.net>')
    for (const name of to) {
      const reply = (await client.say(`RCPT TO:<${name}@example.org>`)) ?? ''
      if (!reply.startsWith('250')) return reply
    }
    await client.say('DATA')
    return (await client.say(`From: ann@example.net\r\nSubject: ${subject}\r\n\r\nText.\r\n.`)) ?? ''
  }
  const box = (name: string, mailbox = ''): string => join(folder, 'mailboxes', 'example.org', name, mailbox)
  const count = async (name: string, mailbox = ''): Promise<number> =>
    (await readdir(join(box(name, mailbox), 'new')).catch(() => [])).length

  await t.test(
    'its rules file for each member of ours; others get the message from who answers for the group',
    async () => {
      assert.match(await send('news', 'staff'), /^250/)
      for (const name of ['kim', 'lee']) assert.match((await newMail(box(name, '.Staff'), 1))[0] ?? '', /Subject: news/)
      const came = await eventually('the message elsewhere', () => far.came[0])
      assert.match(came, /MAIL FROM:<sue@example\.org>[\s\S]*RCPT TO:<far@elsewhere\.test>[\s\S]*Subject: news/)
    },
  )
  await t.test('a member’s own rules come first', async () => {
    assert.match(await send('kim', 'staff'), /^250/)
    await newMail(box('kim', '.Own'), 1)
    await newMail(box('lee', '.Staff'), 2)
  })
  await t.test('it throws away, but not what a member is named for', async () => {
    assert.match(await send('the lottery', 'staff', 'lee'), /^250/)
    assert.match((await newMail(box('lee'), 1))[0] ?? '', /lottery/)
    assert.deepEqual([await count('kim'), await count('kim', '.Staff'), await count('lee', '.Staff')], [0, 1, 2])
  })
  await t.test('it redirects once', async () => {
    assert.match(await send('archive this', 'staff'), /^250/)
    assert.match((await newMail(box('sue'), 1))[0] ?? '', /Resent-From: staff@example\.org[\s\S]*archive this/)
    assert.match(await send('to end with', 'sue'), /^250/)
    assert.equal((await newMail(box('sue'), 2)).length, 2)
  })
  await t.test('a group within a group: the inner one decides, the outer one where it has no say', async () => {
    assert.match(await send('nested', 'everybody'), /^250/)
    await newMail(box('lee', '.Staff'), 3)
    assert.match(await send('last', 'sue'), /^250/)
    // The outer one threw hers away.
    assert.deepEqual(
      (await newMail(box('sue'), 3)).filter((text) => text.includes('nested')),
      [],
    )
  })
  await t.test('a loop ends, and what is too large gets no mail', async () => {
    assert.match(await send('round', 'round'), /^250/)
    assert.match((await newMail(box('kim'), 1))[0] ?? '', /Subject: round/)
    assert.match(await send('many', 'large'), /^4\d\d /)
  })
})

interface NextHop {
  readonly port: number
  /** What each client said that sent a message. */
  readonly came: readonly string[]
}

/** Takes everything. */
async function nextHop(cleanup: AsyncDisposableStack): Promise<NextHop> {
  const came: string[] = []
  const server = createServer((socket) => {
    let said = ''
    let seen = 0
    let content = false
    socket.write('220 sink\r\n')
    socket.on('error', () => {})
    socket.on('data', (octets) => {
      said += octets.toString('latin1')
      for (let end = said.indexOf('\r\n', seen); end >= 0; end = said.indexOf('\r\n', seen)) {
        const line = said.slice(seen, end)
        seen = end + 2
        if (content && line !== '.') continue
        if (content) came.push(said)
        content = !content && line === 'DATA'
        socket.write(content ? '354 go on\r\n' : line === 'QUIT' ? '221 bye\r\n' : '250 fine\r\n')
        if (line === 'QUIT') socket.end()
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve))
  cleanup.defer(() => new Promise((resolve) => server.close(() => resolve())))
  const at = server.address()
  if (at === null || typeof at === 'string') throw new Error('no port')
  return { port: at.port, came }
}
