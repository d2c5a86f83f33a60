// SPDX-License-Identifier: Apache-2.0
/**
 * Proves, by real SMTP: what the sender gets where a refusal could not be said in the dialogue. `reject` answers with a
 * disposition notification, `ereject` and `refuse` with a delivery status notification, and nobody answers the null sender
 * (RFC 5429 §2.1 and §2.2).
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseReport } from '../../src/dsn/parse.ts'
import { DOMAIN } from '../interop/site.ts'
import { arrived, boxOf, filtered, messagesIn, send, settled } from './site.ts'

const SAM = `sam@${DOMAIN}`
const users = ['kim', 'lee', 'sam']
const reject = (reason: string): string => `require "reject"; reject text:\n${reason}\n.\n;`

for (const { name, script, to } of [
  { name: 'beside others', script: reject('Not so.\nEver.'), to: ['kim', 'lee'] },
  { name: 'of a text that no reply holds', script: reject('Nein, Grüße.'), to: ['kim'] },
])
  test(`reject ${name}: a disposition notification from whoever rejects, and the returned header`, async () => {
    await using site = await filtered({ users: { kim: script }, site: { users } })
    assert.match(await send(site, { from: SAM, to, subject: 'soup' }), /^250 /)
    const [text = ''] = await arrived(boxOf(site, 'sam'))
    await settled(site)
    const report = parseReport(Buffer.from(text))
    assert.equal(report?.reportType, 'disposition-notification')
    assert.equal(report?.disposition?.get('disposition'), 'automatic-action/MDN-sent-automatically; deleted')
    assert.equal(report?.disposition?.get('final-recipient'), `rfc822; kim@${DOMAIN}`)
    assert.equal(report?.disposition?.get('original-message-id'), '<1@outside.test>')
    assert.match(report?.text ?? '', /Not so\.\r?\nEver\.|Nein, Grüße\./)
    assert.match(report?.original?.header.toString() ?? '', /^Subject: soup\r?$/m)
    assert.match(text, /^Return-Path: <>$/m)
    assert.match(text, new RegExp(`^From: kim@${DOMAIN}$`, 'm'))
    assert.match(text, /^Subject: Rejected: soup$/m)
    // That is all: no delivery status notification beside it.
    assert.equal((await messagesIn(boxOf(site, 'sam'))).length, 1)
    assert.deepEqual(await messagesIn(boxOf(site, 'kim')), [])
    assert.equal((await messagesIn(boxOf(site, 'lee'))).length, to.length - 1)
  })

test('ereject: a delivery status notification', async () => {
  await using site = await filtered({ users: { kim: 'require "ereject"; ereject "Not so.";' }, site: { users } })
  assert.match(await send(site, { from: SAM, to: ['kim', 'lee'] }), /^250 /)
  const [text = ''] = await arrived(boxOf(site, 'sam'))
  await settled(site)
  const report = parseReport(Buffer.from(text))
  assert.equal(report?.reportType, 'delivery-status')
  assert.equal(report?.status?.perRecipient[0]?.status, '5.7.1')
  assert.match(report?.text ?? '', /Not so\./)
  assert.equal((await messagesIn(boxOf(site, 'sam'))).length, 1)
})

for (const script of [reject('Nein, Grüße.'), 'require "ereject"; ereject "No.";'])
  test(`the null sender hears nothing: ${script.slice(9, 17)}`, async () => {
    await using site = await filtered({ users: { kim: script }, site: { users } })
    assert.match(await send(site, { from: '', to: ['kim', 'lee'] }), /^250 /)
    await settled(site)
    assert.equal((await messagesIn(boxOf(site, 'lee'))).length, 1)
    for (const user of ['kim', 'sam']) assert.deepEqual(await messagesIn(boxOf(site, user)), [], user)
  })
