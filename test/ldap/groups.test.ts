// SPDX-License-Identifier: Apache-2.0
/**
 * Groups of LDAP by real SMTP into Maildirs: a real slapd behind the real server. Their rules run for members of ours,
 * their failures go to who answers for them, and neither loops nor size hold anybody up.
 */
import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { ROOT } from '../../src/directory/ldap/content.fixture.ts'
import { eventually, HOST, newMail } from '../interop/site.ts'
import { missing } from '../peers/install.ts'
import { group, startLdapSite, user } from './site.ts'

const skip = missing('slapd', 'slapadd')

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
  const far = await nextHop(cleanup)
  const { send, box, count } = await startLdapSite(cleanup, `${CONTENT}\n`, {
    routes: [{ channel: 'tcp_local', domain: 'elsewhere.test', via: `[${HOST}]:${far.port}` }],
    ldap: { maxMembers: 40 },
  })

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
  await t.test('also where the group is expanded later, since the sender wants to hear of it', async () => {
    const before = { filed: await count('kim', '.Staff'), inbox: await count('lee') }
    assert.match(await send('lottery later', 'staff@example.org> NOTIFY=SUCCESS'), /^250/)
    assert.match(await send('news later', 'staff@example.org> NOTIFY=SUCCESS'), /^250/)
    await newMail(box('kim', '.Staff'), before.filed + 1)
    assert.equal(await count('lee'), before.inbox)
    const archived = await count('sue')
    assert.match(await send('archive later', 'staff@example.org> NOTIFY=SUCCESS'), /^250/)
    await newMail(box('sue'), archived + 1)
    assert.match(await send('to end with', 'sue'), /^250/)
    assert.equal((await newMail(box('sue'), archived + 2)).length, archived + 2)
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
