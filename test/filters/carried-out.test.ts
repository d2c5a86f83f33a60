// SPDX-License-Identifier: Apache-2.0
/** Proves, by real SMTP into Maildirs: what filters decide is what happens; the matrix of spec filters.md 12 is in matrix/. */
import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { connectControl } from '../../src/control/client.ts'
import { DOMAIN, eventually } from '../interop/site.ts'
import { arrived, boxOf, filtered, messagesIn, send, settled } from './site.ts'

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
    assert.match(notice, /^no$/m)
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

test('the old notify does the same by mail; denotify takes it back', async () => {
  const to = `:method "mailto" :options "max@${DOMAIN}"`
  const kim = `require "notify"; notify :id "a" ${to} :message "$subject$ came"; notify :id "b" ${to}; denotify :is "b";`
  await using site = await filtered({ users: { kim }, site: { users: ['kim', 'max'] } })
  assert.match(await send(site), /^250 /)
  await settled(site)
  const [text = '', ...more] = await messagesIn(boxOf(site, 'max'))
  assert.match(text, /^Subject: hello came$/m)
  assert.match(text, /^Auto-Submitted: auto-notified/m)
  assert.deepEqual(more, [])
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
