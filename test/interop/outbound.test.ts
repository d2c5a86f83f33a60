// SPDX-License-Identifier: Apache-2.0
/** This server hands mail to servers of others: Postfix's sink, Dovecot over LMTP, Postfix with and without TLS. */
import assert from 'node:assert/strict'
import { chmod, chown, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { selfSigned } from '../../src/config/self-signed.ts'
import { startDnsServer } from '../../src/demo/dns-server.ts'
import { Peer } from '../conversations/peer.ts'
import { missing } from '../peers/install.ts'
import { listening, run } from './programs.ts'
import { eventually, freePort, HOST, INSIDE, newMail, type Site, startSite, temporaryFolder } from './site.ts'

/** The name of Postfix here. */
const PEER = 'peer.test'
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
})

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

interface Postfix extends AsyncDisposable {
  readonly port: number
  /** Port of a name server that knows it. */
  readonly dns: number
  readonly certificate: string
  /** The log, once it has a line like this. */
  readonly logged: (line: RegExp) => Promise<string>
}

/** By name, so that there is something to check a certificate against. */
const route = ({ port }: Postfix) => ({ domain: '*', channel: 'tcp_local', via: `${PEER}:${port}` })

/** A Postfix of its own folders that offers TLS, relays for loopback, and discards everything. */
async function startPostfix(): Promise<Postfix> {
  await using cleanup = new AsyncDisposableStack()
  const folder = await temporaryFolder(cleanup)
  await chmod(folder, 0o755)
  const port = await freePort()
  const { certificate, key } = await selfSigned({
    hostname: PEER,
    addresses: [HOST],
    nowMs: Date.now(),
    days: 1,
  })
  const conf = join(folder, 'conf')
  for (const name of ['conf', 'queue', 'data']) await mkdir(join(folder, name))
  const { uid } = await account('postfix')
  await chown(join(folder, 'data'), uid, 0)
  const log = join(folder, 'postfix.log')
  await writeFile(join(conf, 'peer.pem'), key + certificate, { mode: 0o600 })
  await writeFile(
    join(conf, 'main.cf'),
    `compatibility_level = 3.6
queue_directory = ${folder}/queue
data_directory = ${folder}/data
maillog_file = ${log}
maillog_file_prefixes = ${folder}
myhostname = ${PEER}
mydestination =
inet_interfaces = ${HOST}
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
default_transport = discard:
relay_transport = discard:
alias_maps =
alias_database =
smtpd_tls_security_level = may
smtpd_tls_chain_files = ${conf}/peer.pem
smtpd_tls_loglevel = 1
smtpd_peername_lookup = no
`,
  )
  await writeFile(
    join(conf, 'master.cf'),
    `${HOST}:${port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
discard unix - - n - - discard
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`,
  )
  cleanup.use(await listening('postfix', ['-c', conf, 'start-fg'], port))
  // Its master may stand in a process group of its own.
  cleanup.defer(async () => void (await run('postfix', ['-c', conf, 'abort'])))
  const dns = cleanup.use(await startDnsServer({ address: HOST, port: 0, zone: { [PEER]: { A: [HOST] } } }))
  const owned = cleanup.move()
  return {
    port,
    dns: dns.port,
    certificate,
    logged: (line) =>
      eventually(`${line} in the log of Postfix`, async () => {
        const text = await readFile(log, 'utf8').catch(() => '')
        return line.test(text) ? text : undefined
      }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

async function account(name: string): Promise<{ readonly uid: number; readonly gid: number }> {
  const fields = (await readFile('/etc/passwd', 'utf8')).split('\n').find((line) => line.startsWith(`${name}:`))
  const [, , uid, gid] = fields?.split(':') ?? []
  if (uid === undefined || gid === undefined) throw new Error(`no account ${name}`)
  return { uid: Number(uid), gid: Number(gid) }
}
