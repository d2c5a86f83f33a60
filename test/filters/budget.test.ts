// SPDX-License-Identifier: Apache-2.0
/** Proves, by real SMTP: mail of our own has one budget, and `postern explain ID` tells what was not sent for it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DOMAIN } from '../interop/site.ts'
import { boxOf, explained, filtered, idOf, messagesIn, send, settled } from './site.ts'

const users = ['kim', 'lee', 'sam']
const SAM = { from: `sam@${DOMAIN}` }
const every = 'require ["vacation", "vacation-seconds"]; vacation :seconds 0 "Away.";'

test('a reply that is over is not sent, and its message says so', async () => {
  const queue = { ownMail: { perOwner: 2 } }
  await using site = await filtered({ users: { kim: every }, site: { users, queue } })
  const replies: string[] = []
  for (let i = 0; i < 3; i++) replies.push(await send(site, SAM))
  await settled(site)
  assert.equal((await messagesIn(boxOf(site, 'kim'))).length, 3)
  assert.equal((await messagesIn(boxOf(site, 'sam'))).length, 2)
  const texts = await Promise.all(
    replies.map((reply) => explained(site, idOf(reply), /delivered/).then((text) => /not sent.*/.test(text))),
  )
  assert.equal(texts.filter((told) => told).length, 1)
  const told = idOf(replies[texts.indexOf(true)] ?? '')
  const text = await explained(site, told, /not sent/)
  assert.match(text, /not sent .* vacation {2}<sam@demo\.test>/)
  assert.match(text, /enough for scripts of kim@demo\.test: 2 messages in 60 minutes/)
  assert.match(text, /queue\.ownMail\.perOwner/)
})

test('refusals of one sender: the notices end, the returns do not', async () => {
  const queue = { ownMail: { noticesPerAddress: 1 } }
  const no = 'require "ereject"; ereject "No.";'
  await using site = await filtered({ users: { kim: no }, site: { users, queue } })
  const replies = [await send(site, { ...SAM, to: ['kim', 'lee'] }), await send(site, { ...SAM, to: ['kim', 'lee'] })]
  await settled(site)
  assert.equal((await messagesIn(boxOf(site, 'lee'))).length, 2)
  assert.equal((await messagesIn(boxOf(site, 'sam'))).length, 1)
  const [first = '', second = ''] = replies.map(idOf)
  const texts = [await explained(site, first, /failed/), await explained(site, second, /failed/)]
  assert.equal(texts.filter((text) => /not sent .* failure/.test(text)).length, 1)
  assert.equal(texts.filter((text) => /enough for sam@demo\.test: 1 messages in 60 minutes/.test(text)).length, 1)
})

test('whoever is rejected is told, however much the scripts of the owner have sent', async () => {
  const queue = { ownMail: { perOwner: 1 } }
  const no = 'require "reject"; reject "No.";'
  await using site = await filtered({ users: { kim: no }, site: { users, queue } })
  for (let i = 0; i < 3; i++) assert.match(await send(site, { ...SAM, to: ['kim', 'lee'] }), /^250 /)
  await settled(site)
  assert.equal((await messagesIn(boxOf(site, 'lee'))).length, 3)
  assert.equal((await messagesIn(boxOf(site, 'sam'))).length, 3)
})
