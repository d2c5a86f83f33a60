// SPDX-License-Identifier: Apache-2.0
/** This server hands mail to servers of others: Postfix's sink, Dovecot over LMTP, Postfix with and without TLS, signed in, over IPv6. */
import assert from 'node:assert/strict'
import { chmod, chown, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { configOf, delivery, deps } from '../../src/channels/fixture.ts'
import { createTcp } from '../../src/channels/tcp.ts'
import { selfSigned } from '../../src/config/self-signed.ts'
import type { Resolver } from '../../src/dns/resolver.ts'
import { Peer } from '../conversations/peer.ts'
import { freePort } from '../peers/free-port.ts'
import { missing } from '../peers/install.ts'
import { ACCOUNT, account, noIpv6, PEER, type Postfix, startPostfix } from './postfix.ts'
import { listening } from './programs.ts'
import { eventually, HOST, INSIDE, newMail, type Site, startSite, temporaryFolder } from './site.ts'

const CONTENT = 'Subject: out\r\nMessage-ID: <out@inside.test>\r\n\r\n..a line with dots\r\n.\r\nthe end\r\n'

const rootOnly = (...programs: readonly string[]): string | false =>
  missing(...programs) || (process.getuid?.() === 0 ? false : 'takes root')

test('smtp-sink takes it', { skip: missing('smtp-sink') }, async () => {
  await using cleanup = new AsyncDisposableStack()
  const folder = await temporaryFolder(cleanup)
  await chmod(folder, 0o777)
  const port = await freePort()
  // Started by root it gives that up, and must be told for whom.
  const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : []
  const dump = ['-d', join(folder, 'mail-%H%M%S.')]
  cleanup.use(await listening('smtp-sink', [...user, ...dump, '-h', 'sink.test', `${HOST}:${port}`, '50'], port))
  await using site = await startSite({ routes: [{ domain: '*', channel: 'tcp_local', via: `[${HOST}]:${port}` }] })

  await send(site, ['pat@outside.test'])
  const dumped = await eventually('a dump of smtp-sink', async () => {
    for (const name of await readdir(folder)) {
      const text = await readFile(join(folder, name), 'latin1')
      if (text.includes('the end')) return text
    }
    return undefined
  })
  assert.match(dumped, /sender@inside\.test/)
  assert.match(dumped, /pat@outside\.test/)
  assert.match(dumped, /\n\.\.a line with dots\n\.\nthe end\n/)
})

test('Dovecot takes it over LMTP, recipient by recipient', {
  skip: rootOnly('dovecot', '/usr/lib/dovecot/lmtp'),
}, async () => {
  await using cleanup = new AsyncDisposableStack()
  const folder = await temporaryFolder(cleanup)
  await chmod(folder, 0o755)
  const port = await freePort()
  const mail = join(folder, 'mail')
  await mkdir(mail)
  const { uid, gid } = await account('nobody')
  await chown(mail, uid, gid)
  const conf = join(folder, 'dovecot.conf')
  await writeFile(
    join(folder, 'passwd'),
    `kim@box.test:{PLAIN}x:${uid}:${gid}::${mail}/kim\nlee@box.test:{PLAIN}x:${uid}:${gid}::${mail}/lee\n`,
  )
  await writeFile(
    conf,
    `protocols = lmtp
base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = /dev/stderr
ssl = no
first_valid_uid = 1
mail_location = maildir:~/Maildir
postmaster_address = postmaster@box.test
hostname = box.test
passdb {
  driver = passwd-file
  args = ${folder}/passwd
}
userdb {
  driver = passwd-file
  args = ${folder}/passwd
}
service lmtp {
  inet_listener lmtp {
    address = ${HOST}
    port = ${port}
  }
}
`,
  )
  const dovecot = cleanup.use(await listening('dovecot', ['-F', '-c', conf], port))
  await using site = await startSite({
    channels: { store: { kind: 'lmtp', host: `[${HOST}]:${port}` } },
    routes: [{ domain: 'box.test', channel: 'store' }],
  })

  await send(site, ['kim@box.test', 'lee@box.test'])
  for (const user of ['kim', 'lee']) {
    const [delivered = ''] = await newMail(join(mail, user, 'Maildir'), 1).catch((error: unknown) => {
      throw new Error(dovecot.output(), { cause: error })
    })
    assert.match(delivered, /^Return-Path: <sender@inside\.test>\r?\n/)
    assert.match(delivered, /\n\.\.a line with dots\r?\n\.\r?\nthe end\r?\n/)
  }

  // One mailbox there, one not: the one is delivered, of the other the local sender hears.
  await send(site, ['kim@box.test', 'nobody@box.test'], 'kim@demo.test')
  assert.equal((await newMail(join(mail, 'kim', 'Maildir'), 2)).length, 2)
  const [notice = ''] = await site.mail('kim', 1)
  assert.match(notice, /\nFinal-Recipient: rfc822; ?nobody@box\.test\r?\n/i)
  assert.match(notice, /\nStatus: 5\.1\.1/)
  assert.doesNotMatch(notice, /\nFinal-Recipient: rfc822; ?kim@box\.test/i)
})

test('Postfix', { skip: rootOnly('postfix') }, async (t) => {
  await using postfix = await startPostfix()
  const { dns } = postfix
  const routes = [route(postfix)]
  const checked = { tcp_local: { kind: 'tcp', tls: 'required', tlsCa: 'ca.pem' } }

  await t.test('takes it, its certificate unchecked', async () => {
    await using site = await startSite({ dns, routes })
    await send(site, ['pat@outside.test', 'ann@outside.test'], 'unchecked@inside.test')
    const log = await postfix.logged(/to=<ann@outside\.test>.*status=sent/)
    assert.match(log, /from=<unchecked@inside\.test>, size=\d+, nrcpt=2 /)
    assert.match(log, /to=<pat@outside\.test>.*status=sent/)
    assert.match(log, /TLS connection established from \S+: TLSv1\.3/)
  })

  await t.test('takes it with TLS required and its CA known', async () => {
    await using site = await startSite({ dns, routes, channels: checked, files: { 'ca.pem': postfix.certificate } })
    const before = (await postfix.logged(/established/)).match(/TLS connection established/g)?.length ?? 0
    await send(site, ['kim@outside.test'], 'checked@inside.test')
    const log = await postfix.logged(/to=<kim@outside\.test>.*status=sent/)
    assert.equal(log.match(/TLS connection established/g)?.length, before + 1)
  })

  await t.test('gets nothing with TLS required and another CA', async () => {
    const other = await selfSigned({ hostname: PEER, addresses: [HOST], nowMs: Date.now(), days: 1 })
    await using site = await startSite({ dns, routes, channels: checked, files: { 'ca.pem': other.certificate } })
    await send(site, ['lee@outside.test'], 'distrusting@inside.test')
    // TLS was begun, and the connection given up before any mail.
    const log = await postfix.logged(/lost connection after STARTTLS/)
    assert.doesNotMatch(log, /distrusting@inside\.test|lee@outside\.test/)
  })

  await t.test('takes it from who signs in, over TLS', { skip: missing('dovecot') }, async () => {
    await using site = await startSite({
      dns,
      channels: { tcp_local: signedIn(postfix) },
      routes: [{ domain: '*', channel: 'tcp_local' }],
      files: { 'ca.pem': postfix.certificate, password: `${ACCOUNT.password}\n` },
    })
    await send(site, ['sam@outside.test'], 'signed@inside.test')
    const log = await postfix.logged(/to=<sam@outside\.test>.*status=sent/)
    assert.match(log, /sasl_method=PLAIN, sasl_username=postern/)
  })

  await t.test(
    'refuses a wrong password: the message waits, and is not sent',
    { skip: missing('dovecot') },
    async (t) => {
      const outcome = await deliverDirectly(t, postfix, { login: { user: ACCOUNT.user, password: 'wrong' } })
      assert.ok(outcome?.kind === 'deferred', JSON.stringify(outcome))
      assert.equal(outcome.status, '4.7.8')
      assert.match(outcome.remote?.reply ?? '', /^535 5\.7\.8 /)
      const log = await postfix.logged(/SASL PLAIN authentication failed/)
      assert.doesNotMatch(log, /direct@outside\.test/)
    },
  )

  await t.test('takes bare newlines over BDAT', async (t) => {
    const outcome = await deliverDirectly(t, postfix, { text: 'Subject: bare\r\n\r\na\n.\nb\r\n' })
    assert.equal(outcome?.kind, 'relayed', JSON.stringify(outcome))
    await postfix.logged(/to=<direct@outside\.test>.*status=sent/)
  })

  await t.test('takes it at its IPv6 address', { skip: noIpv6 }, async () => {
    await using site = await startSite({
      routes: [{ domain: '*', channel: 'tcp_local', via: `[::1]:${postfix.ipv6Port}` }],
    })
    await send(site, ['six@outside.test'], 'sender6@inside.test')
    const log = await postfix.logged(/to=<six@outside\.test>.*status=sent/)
    assert.match(log, /client=\S*\[::1\]/)
  })
})

/** A channel without a queue around it, for what it says itself. */
async function deliverDirectly(
  t: TestContext,
  postfix: Postfix,
  { login, text }: { readonly login?: { readonly user: string; readonly password: string }; readonly text?: string },
) {
  await using cleanup = new AsyncDisposableStack()
  const folder = await temporaryFolder(cleanup)
  await writeFile(join(folder, 'ca.pem'), postfix.certificate)
  await writeFile(join(folder, 'password'), login?.password ?? '')
  const signedInAt = {
    ...signedIn(postfix, folder),
    login: { user: login?.user, passwordFile: join(folder, 'password') },
  }
  const config = configOf(
    'tcp',
    login === undefined ? { smarthost: `${HOST}:${postfix.port}`, tls: 'never' } : signedInAt,
  )
  const resolver: Resolver = {
    lookup: async (_: string, type: string) =>
      type === 'A'
        ? ({ kind: 'found', records: [HOST], ttlSeconds: 1, authentic: false } as never)
        : ({ kind: 'absent', why: 'nodata', ttlSeconds: 1 } as const),
  }
  const channel = cleanup.use(createTcp(config, deps({ resolver })))
  const [outcome] = await channel.deliver(delivery(['direct@outside.test'], text === undefined ? {} : { text }), {
    signal: t.signal,
  })
  return outcome
}

const signedIn = ({ authPort }: Postfix, folder = '.') => ({
  kind: 'tcp',
  smarthost: `${PEER}:${authPort}`,
  login: { user: ACCOUNT.user, passwordFile: 'password' },
  tls: 'required',
  tlsCa: join(folder, 'ca.pem'),
})

/** By name, so that there is something to check a certificate against. */
const route = ({ port }: Postfix) => ({ domain: '*', channel: 'tcp_local', via: `${PEER}:${port}` })

async function send(site: Site, recipients: readonly string[], from = 'sender@inside.test'): Promise<void> {
  await using client = await Peer.connect(site.ports.smtp, { from: INSIDE })
  const lines = ['EHLO inside.test', `MAIL FROM:<${from}>`, ...recipients.map((to) => `RCPT TO:<${to}>`), 'DATA']
  await client.reply()
  for (const line of lines) {
    await client.send(Buffer.from(`${line}\r\n`))
    const { code, raw } = await client.reply()
    assert.equal(code, line === 'DATA' ? '354' : '250', `${line}: ${raw}`)
  }
  await client.send(Buffer.from(`${CONTENT.replace(/^\./gm, '..')}.\r\nQUIT\r\n`, 'latin1'))
  assert.equal((await client.reply()).code, '250')
}
