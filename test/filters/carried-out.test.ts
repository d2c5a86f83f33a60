// SPDX-License-Identifier: Apache-2.0
/** Proves, by real SMTP into Maildirs: what filters decide is what happens (spec filters.md 2, observable checks, and 12). */
import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { connectControl } from '../../src/control/client.ts'
import { openDirectory } from '../../src/directory/embedded.ts'
import { DOMAIN, eventually, type Site, type SiteOptions, startSite } from '../interop/site.ts'
import { Client } from '../serve/client.ts'

interface Given {
  /** By user. */
  readonly users?: Readonly<Record<string, string>>
  readonly mta?: string
  readonly channel?: string
  readonly site?: SiteOptions
}

const OUTSIDE = '127.0.0.2'

/** A site with these scripts. */
async function filtered({ users = {}, mta, channel, site = {} }: Given): Promise<Site> {
  const files = {
    ...(mta === undefined ? {} : { 'filters/mta.sieve': mta }),
    ...(channel === undefined ? {} : { 'filters/channel-ims-ms.sieve': channel }),
  }
  const started = await startSite({ users: ['kim', 'lee'], ...site, files: { ...files, ...site.files } })
  const entries = openDirectory(join(started.directory, 'spool', 'directory.sqlite'))
  try {
    for (const [user, script] of Object.entries(users)) {
      const name = `${user}@${DOMAIN}`
      const found = await entries.ruleStore.rules(name)
      assert.ok(found.kind === 'found')
      assert.deepEqual(await entries.ruleStore.replace(name, [script], found.value.state), { kind: 'stored' })
    }
  } finally {
    entries.close()
  }
  return started
}

/** The reply to the message, or to the first command that is refused. */
async function send(
  site: Site,
  {
    from = 'pat@outside.test',
    to = ['kim'],
    subject = 'hello',
    fields = '',
  }: {
    readonly from?: string
    readonly to?: readonly string[]
    readonly subject?: string
    readonly fields?: string
  } = {},
): Promise<string> {
  using client = await Client.connect(site.ports.smtp, OUTSIDE)
  const say = async (line: string): Promise<string> => {
    client.write(`${line}\r\n`)
    return (await client.reply()) ?? 'closed'
  }
  await client.reply()
  const rcpts = to.map((user) => `RCPT TO:<${user.includes('@') ? user : `${user}@${DOMAIN}`}>`)
  for (const line of ['EHLO client.test', `MAIL FROM:<${from}>`, ...rcpts, 'DATA']) {
    const reply = await say(line)
    if (!/^[23]/.test(reply)) return reply
  }
  const names = to.map((user) => `${user}@${DOMAIN}`).join(', ')
  return await say(
    `From: <${from || 'nobody@outside.test'}>\r\nTo: ${names}\r\nSubject: ${subject}\r\nMessage-ID: <1@outside.test>\r\n${fields}\r\nText.\r\n.`,
  )
}

const boxOf = (site: Site, user: string, folder = ''): string => join(site.directory, 'mailboxes', DOMAIN, user, folder)

const messagesIn = async (box: string): Promise<readonly string[]> => {
  const parts = await Promise.all(
    ['new', 'cur'].map(async (part) => {
      const names = await readdir(join(box, part)).catch(() => [])
      return await Promise.all(names.map((name) => readFile(join(box, part, name), 'utf8')))
    }),
  )
  return parts.flat()
}

const arrived = (box: string, count = 1): Promise<readonly string[]> =>
  eventually(
    `${count} messages in ${box}`,
    async () => {
      const found = await messagesIn(box)
      return found.length >= count ? found : undefined
    },
    60_000,
  )

/** Everything has an end: nothing is queued any more. */
async function settled(site: Site): Promise<void> {
  await eventually(
    'an empty queue',
    async () => {
      await using client = await connectControl(join(site.directory, 'control.sock'))
      const { queued } = await client.call('status', {})
      return queued === 0 ? true : undefined
    },
    60_000,
  )
}

for (const { name, given, stays } of [
  { name: '(a) user keep, MTA discard', given: { users: { kim: 'keep;' }, mta: 'discard;' }, stays: true },
  { name: '(b) user keep, MTA jettison', given: { users: { kim: 'keep;' }, mta: 'jettison;' }, stays: false },
  {
    name: '(c) user says nothing, channel discard',
    given: { users: { kim: 'stop;' }, channel: 'discard;' },
    stays: false,
  },
  { name: '(d) user discard, channel keep', given: { users: { kim: 'discard;' }, channel: 'keep;' }, stays: false },
  {
    name: '(e) no user script, channel keep, MTA reject',
    given: { channel: 'keep;', mta: 'require "reject"; reject "no";' },
    stays: true,
  },
  { name: '(f) the MTA alone', given: { mta: 'discard;' }, stays: false },
])
  test(`${name}: ${stays ? 'delivered' : 'dropped'}`, async () => {
    await using site = await filtered(given)
    assert.match(await send(site), /^250 /)
    await settled(site)
    assert.equal((await messagesIn(boxOf(site, 'kim'))).length, stays ? 1 : 0)
  })

test('filed into a folder that is made, seen already, with a field that a script added; and not into the inbox', async () => {
  const script =
    'require ["fileinto", "mailbox", "imap4flags", "editheader"]; addheader "X-Seen" "yes"; fileinto :create :flags "\\\\Seen" "Lists/Grüße";'
  await using site = await filtered({ users: { kim: script } })
  assert.match(await send(site), /^250 /)
  const [text = ''] = await arrived(boxOf(site, 'kim', '.Lists.Gr&APwA3w-e'))
  assert.match(text, /^X-Seen: yes$/m)
  assert.match(text, /^Received: /m)
  const [file = ''] = await readdir(join(boxOf(site, 'kim', '.Lists.Gr&APwA3w-e'), 'cur'))
  assert.match(file, /:2,S$/)
  await settled(site)
  assert.deepEqual(await messagesIn(boxOf(site, 'kim')), [])
})

test('one recipient files, another keeps, a third is sent on: each its own copy', async () => {
  const kim = 'require ["fileinto", "mailbox", "copy"]; fileinto :copy :create "Copies";'
  const lee = `redirect "max@${DOMAIN}";`
  await using site = await filtered({ users: { kim, lee }, site: { users: ['kim', 'lee', 'max'] } })
  assert.match(await send(site, { to: ['kim', 'lee'] }), /^250 /)
  assert.equal((await arrived(boxOf(site, 'kim'))).length, 1)
  assert.equal((await arrived(boxOf(site, 'kim', '.Copies'))).length, 1)
  const [sentOn = ''] = await arrived(boxOf(site, 'max'))
  assert.match(sentOn, /^Resent-From: lee@demo\.test$/m)
  assert.match(sentOn, /^Return-Path: <pat@outside\.test>$/m)
  await settled(site)
  assert.deepEqual(await messagesIn(boxOf(site, 'lee')), [])
})

test('a folder that is not there: an error of the script, and the message is in the inbox', async () => {
  await using site = await filtered({ users: { kim: 'require "fileinto"; fileinto "../../lee/new";' } })
  assert.match(await send(site), /^250 /)
  assert.ok((await arrived(boxOf(site, 'kim'))).length >= 1)
  await settled(site)
  assert.deepEqual(await messagesIn(boxOf(site, 'lee')), [])
})

test('refused while the sender waits where all refuse alike; by a notice where one does not', async () => {
  const no = 'require "ereject"; ereject "Not here.";'
  await using site = await filtered({ users: { kim: no }, site: { users: ['kim', 'lee', 'sam'] } })
  assert.match(await send(site), /^550 5\.7\.1 Not here\./)
  assert.match(await send(site, { from: `sam@${DOMAIN}`, to: ['kim', 'lee'] }), /^250 /)
  assert.equal((await arrived(boxOf(site, 'lee'))).length, 1)
  const [notice = ''] = await arrived(boxOf(site, 'sam'))
  assert.match(notice, /Not here\./)
  assert.match(notice, /^Content-Type: multipart\/report/m)
  await settled(site)
  assert.deepEqual(await messagesIn(boxOf(site, 'kim')), [])
})

for (const { name, user, copied } of [
  { name: 'filed', user: 'require ["fileinto", "mailbox", "copy"]; fileinto :copy :create "X";', copied: 'kim/.X' },
  { name: 'sent on', user: `require "copy"; redirect :copy "max@${DOMAIN}";`, copied: 'max' },
])
  test(`refused by the MTA beside a copy that is ${name}: the copy is made, and the sender is told`, async () => {
    const users = ['kim', 'max', 'sam']
    await using site = await filtered({ users: { kim: user }, mta: 'require "reject"; reject "no";', site: { users } })
    assert.match(await send(site, { from: `sam@${DOMAIN}` }), /^250 /)
    await settled(site)
    assert.equal((await messagesIn(boxOf(site, copied))).length, 1)
    assert.deepEqual(await messagesIn(boxOf(site, 'kim')), [])
    const [notice = '', ...more] = await messagesIn(boxOf(site, 'sam'))
    assert.match(notice, /^Content-Type: multipart\/report/m)
    assert.match(notice, /refused by the recipient: no/)
    assert.deepEqual(more, [])
  })

test('vacation: once, threaded, from the owner, to no list and no null sender; the message is kept', async () => {
  const script =
    'require ["vacation", "fcc", "mailbox"]; vacation :days 3 :fcc "Sent" :create :subject "Away" "Back on Monday.";'
  await using site = await filtered({ users: { kim: script }, site: { users: ['kim', 'sam'] } })
  const sam = { from: `sam@${DOMAIN}` }
  for (let i = 0; i < 2; i++) assert.match(await send(site, sam), /^250 /)
  assert.match(await send(site, { ...sam, fields: 'List-Id: <x.test>\r\n' }), /^250 /)
  assert.match(await send(site, { from: '' }), /^250 /)
  assert.equal((await arrived(boxOf(site, 'kim'), 4)).length, 4)
  await settled(site)
  const replies = await messagesIn(boxOf(site, 'sam'))
  assert.equal(replies.length, 1)
  const [reply = ''] = replies
  assert.match(reply, /^Subject: Away$/m)
  assert.match(reply, /^From: kim@demo\.test$/m)
  assert.match(reply, /^In-Reply-To: <1@outside\.test>$/m)
  assert.match(reply, /^Auto-Submitted: auto-replied/m)
  assert.match(reply, /^Return-Path: <>$/m)
  assert.match(reply, /Back on Monday\./)
  const [copy = '', ...more] = await messagesIn(boxOf(site, 'kim', '.Sent'))
  assert.match(copy, /Back on Monday\./)
  assert.deepEqual(more, [])
})

test('a duplicate is known the second time', async () => {
  const script = 'require ["duplicate"]; if duplicate { discard; }'
  await using site = await filtered({ users: { kim: script } })
  for (let i = 0; i < 2; i++) {
    assert.match(await send(site), /^250 /)
    await settled(site)
  }
  assert.equal((await messagesIn(boxOf(site, 'kim'))).length, 1)
})

test('a notification, and what it tells', async () => {
  const script = `require "enotify"; notify :message "mail came" "mailto:max@${DOMAIN}";`
  await using site = await filtered({ users: { kim: script }, site: { users: ['kim', 'max'] } })
  assert.match(await send(site), /^250 /)
  const [text = ''] = await arrived(boxOf(site, 'max'))
  assert.match(text, /^Subject: mail came$/m)
  assert.match(text, /^Auto-Submitted: auto-notified/m)
  assert.equal((await arrived(boxOf(site, 'kim'))).length, 1)
})

test('held by the MTA, let go by an operator, and then what was decided is done', async () => {
  const mta = 'hold;'
  await using site = await filtered({ users: { kim: 'keep;' }, mta })
  assert.match(await send(site), /^250 /)
  const control = () => connectControl(join(site.directory, 'control.sock'))
  await eventually('a held message', async () => {
    await using client = await control()
    return (await client.call('status', {})).held === 1 ? true : undefined
  })
  assert.deepEqual(await messagesIn(boxOf(site, 'kim')), [])
  {
    await using client = await control()
    assert.deepEqual(await client.call('queue.release', { selection: { state: 'held' } }), { recipients: 1 })
  }
  assert.equal((await arrived(boxOf(site, 'kim'))).length, 1)
})
