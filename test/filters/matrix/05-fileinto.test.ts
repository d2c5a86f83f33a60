// SPDX-License-Identifier: Apache-2.0
/**
 * Spec filters.md 12, item 5: the channel keyword `fileinto` rewrites the address when a script files, and a subaddress that
 * the mail came with gives way to the folder. Into Maildirs, and to a store behind LMTP, which hears the address.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DOMAIN, HOST } from '../../interop/site.ts'
import { honest, startScriptedServer } from '../../peers/scripted-server.ts'
import { arrived, boxOf, filtered, messagesIn, send, settled } from '../site.ts'

const file = (folder: string, create = ':create '): string =>
  `require ["fileinto", "mailbox"]; fileinto ${create}"${folder}";`
const maildir = (fileinto: string) => ({ 'ims-ms': { kind: 'maildir', fileinto } })

for (const { name, pattern, to, script, folder } of [
  { name: 'no subaddress', pattern: '$U+$S@$D', to: 'kim', script: file('Lists'), folder: '.Lists' },
  { name: 'an existing one', pattern: '$U+$S@$D', to: 'kim+old', script: file('Lists'), folder: '.Lists' },
  { name: 'a folder with blanks', pattern: '$U+$S@$D', to: 'kim+old', script: file('My Lists'), folder: '.My Lists' },
  { name: 'more than the folder', pattern: '$U+by.$S@$D', to: 'kim+old', script: file('Lists'), folder: '.by.Lists' },
  { name: 'another user', pattern: 'lee+$S@$D', to: 'kim+old', script: file('Lists'), folder: undefined },
])
  test(`item 5, Maildir: ${pattern} with ${name}`, async () => {
    await using site = await filtered({
      users: { kim: script },
      site: { users: ['kim', 'lee'], channels: maildir(pattern) },
    })
    assert.match(await send(site, { to: [to] }), /^250 /)
    await settled(site)
    for (const box of ['', '.old', ...(folder === undefined ? ['.Lists'] : [])])
      assert.deepEqual(await messagesIn(boxOf(site, 'kim', box)), [], box)
    if (folder !== undefined) assert.equal((await arrived(boxOf(site, 'kim', folder))).length, 1)
    else assert.equal((await messagesIn(boxOf(site, 'lee+lists'))).length, 1)
  })

test('item 5, Maildir: a folder that is not there, and is not to be made, is an error of the script', async () => {
  await using site = await filtered({
    users: { kim: file('Lists', '') },
    site: { users: ['kim'], channels: maildir('$U+$S@$D') },
  })
  assert.match(await send(site, { to: ['kim+old'] }), /^250 /)
  assert.ok((await arrived(boxOf(site, 'kim'))).length >= 1)
})

for (const { to, pattern, script, heard } of [
  { to: 'kim', pattern: '$U+$S@$D', script: 'require "fileinto"; fileinto "Lists";', heard: `kim+Lists@${DOMAIN}` },
  { to: 'kim+old', pattern: '$U+$S@$D', script: 'require "fileinto"; fileinto "Lists";', heard: `kim+Lists@${DOMAIN}` },
  {
    to: 'kim+old',
    pattern: '$U+$S@$D',
    script: 'require "fileinto"; fileinto "My Lists";',
    heard: `"kim+My Lists"@${DOMAIN}`,
  },
  { to: 'kim+old', pattern: '$U+$S@$D', script: 'keep;', heard: `kim+old@${DOMAIN}` },
  { to: 'kim+old', pattern: undefined, script: 'require "fileinto"; fileinto "Lists";', heard: `kim+old@${DOMAIN}` },
])
  test(`item 5, LMTP: ${pattern ?? 'nofileinto'}, mail to ${to}, ${script}`, async () => {
    await using store = await startScriptedServer(honest)
    const lmtp = {
      kind: 'lmtp',
      address: 'full',
      host: `${HOST}:${store.port}`,
      ...(pattern && { fileinto: pattern }),
    }
    await using site = await filtered({
      users: { kim: script },
      site: { users: ['kim'], channels: { 'ims-ms': lmtp } },
    })
    assert.match(await send(site, { to: [to] }), /^250 /)
    await settled(site)
    assert.deepEqual(
      store.seen.filter((line) => line.startsWith('RCPT TO')).map((line) => /<(.*)>/.exec(line)?.[1]),
      [heard],
    )
  })
