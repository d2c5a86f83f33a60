// SPDX-License-Identifier: Apache-2.0
/** Proves, by real SMTP: nobody gets a message twice however it leads to them (spec filters.md 8), and the ledger says why. */
import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { DOMAIN } from '../interop/site.ts'
import { boxOf, deliveriesIn, filtered, messagesIn, send, settled } from './site.ts'

const at = (user: string): string => `${user}@${DOMAIN}`
const site = { users: ['kim', 'lee', 'max'] }

test('redirected: the ledger names the line, of what was sent on and of what came of it', async () => {
  await using one = await filtered({ users: { kim: `# mine\nredirect "${at('max')}";` }, site })
  assert.match(await send(one), /^250 /)
  await settled(one)
  assert.equal((await messagesIn(boxOf(one, 'max'))).length, 1)
  const line = `${at('kim')}:2`
  assert.deepEqual(await deliveriesIn(one, 2), [`${at('kim')} redirected ${line}`, `${at('max')} delivered ${line}`])
})

test('a recipient and redirected to: one copy', async () => {
  const redirect = `redirect "${at('max')}";`
  await using one = await filtered({ users: { kim: redirect, lee: redirect }, site })
  assert.match(await send(one, { to: ['kim', 'max', 'lee'] }), /^250 /)
  await settled(one)
  assert.equal((await messagesIn(boxOf(one, 'max'))).length, 1)
  for (const user of ['kim', 'lee']) assert.deepEqual(await messagesIn(boxOf(one, user)), [])
  const deliveries = await deliveriesIn(one, 3)
  assert.deepEqual(deliveries.toSorted(), [
    `${at('kim')} duplicate ${at('kim')}:1`,
    `${at('lee')} duplicate ${at('lee')}:1`,
    `${at('max')} delivered default`,
  ])
})

test('two who redirect to each other: the message does not go nowhere', async () => {
  await using one = await filtered({
    users: { kim: `redirect "${at('lee')}";`, lee: `redirect "${at('kim')}";` },
    site,
  })
  assert.match(await send(one, { to: ['kim', 'lee'] }), /^250 /)
  await settled(one)
  const both = await Promise.all(['kim', 'lee'].map((user) => messagesIn(boxOf(one, user))))
  assert.equal(both.flat().length, 1)
})

test('one of two addresses sends it on to the other, and both file it: nothing is returned', async () => {
  const script = `require ["fileinto", "mailbox", "envelope", "subaddress"];
    fileinto :create "X"; if envelope :detail "to" "b" { redirect "${at('kim+a')}"; }`
  await using one = await filtered({ users: { kim: script }, site })
  assert.match(await send(one, { from: at('max'), to: ['kim+b', 'kim+a'] }), /^250 /)
  await settled(one)
  assert.equal((await messagesIn(boxOf(one, 'kim', '.X'))).length, 1)
  assert.deepEqual(await messagesIn(boxOf(one, 'max')), [])
})

test('two addresses of one user, filed into one folder: one delivery, with the flags of both', async () => {
  const script = `require ["fileinto", "mailbox", "imap4flags", "envelope", "subaddress"];
    if envelope :detail "to" "a" { addflag "\\\\Seen"; } else { addflag "\\\\Flagged"; }
    fileinto :create "X";`
  await using one = await filtered({ users: { kim: script }, site })
  assert.match(await send(one, { to: ['kim+a', 'kim+b'] }), /^250 /)
  await settled(one)
  const names = await readdir(join(boxOf(one, 'kim', '.X'), 'cur'))
  assert.equal(names.length, 1)
  assert.match(names[0] ?? '', /:2,FS$/)
  assert.deepEqual(await messagesIn(boxOf(one, 'kim')), [])
  const results = (await deliveriesIn(one, 3)).map((line) => line.split(' ')[1])
  assert.deepEqual(results.toSorted(), ['delivered', 'duplicate', 'expanded'])
})
