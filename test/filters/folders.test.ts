// SPDX-License-Identifier: Apache-2.0
/** Proves, by real SMTP into Maildirs: folders by attribute (RFC 8579) and identifier (RFC 9042), keywords (RFC 5232), global scripts and lists. */
import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { DOMAIN } from '../interop/site.ts'
import { arrived, boxOf, filtered, messagesIn, send, settled } from './site.ts'

const ID = '5054b431a5ad056bbd64000083ecc375'

test('the folder with the attribute, where there is one; the one that is named otherwise', async () => {
  const script = `require ["fileinto", "special-use", "mailbox", "copy"];
    if specialuse_exists "\\\\Junk" { fileinto :copy :create "there"; }
    if specialuse_exists "Junk" "\\\\Junk" { fileinto :copy :create "named"; }
    fileinto :copy :specialuse "\\\\junk" :create "Other";
    fileinto :specialuse "\\\\Sent" :create "Mine";`
  await using site = await filtered({ users: { kim: script, lee: script } })
  await mkdir(boxOf(site, 'kim', '.Junk'), { recursive: true })
  assert.match(await send(site, { to: ['kim', 'lee'] }), /^250 /)
  await settled(site)
  const folders = async (user: string) => {
    const names = (await readdir(boxOf(site, user))).filter((name) => name.startsWith('.'))
    const full = await Promise.all(
      names.map(async (name) => ((await messagesIn(boxOf(site, user, name))).length > 0 ? [name] : [])),
    )
    return full.flat().toSorted()
  }
  assert.deepEqual(await folders('kim'), ['.Junk', '.Mine', '.named', '.there'])
  assert.deepEqual(await folders('lee'), ['.Mine', '.Other'])
})

test('the folder with the identifier that Dovecot gave it', async () => {
  const script = `require ["fileinto", "mailboxid", "mailbox"];
    if mailboxidexists "${ID}" { fileinto :mailboxid "${ID}" "INBOX"; } else { fileinto :create "none"; }`
  await using site = await filtered({ users: { kim: script, lee: script } })
  await mkdir(boxOf(site, 'kim', '.Moved'), { recursive: true })
  await writeFile(join(boxOf(site, 'kim', '.Moved'), 'dovecot-uidlist'), `3 V1795534245 N1 G${ID}\n`)
  assert.match(await send(site, { to: ['kim', 'lee'] }), /^250 /)
  await settled(site)
  assert.equal((await messagesIn(boxOf(site, 'kim', '.Moved'))).length, 1)
  assert.equal((await messagesIn(boxOf(site, 'lee', '.none'))).length, 1)
})

test('keywords stay with the message', async () => {
  await using site = await filtered({
    users: { kim: 'require "imap4flags"; setflag ["\\\\Flagged", "$Label1", "work"];' },
  })
  assert.match(await send(site), /^250 /)
  await arrived(boxOf(site, 'kim'))
  assert.match((await readdir(join(boxOf(site, 'kim'), 'cur'))).join(), /:2,Fab$/)
  assert.equal(await readFile(join(boxOf(site, 'kim'), 'dovecot-keywords'), 'utf8'), '0 $Label1\n1 work\n')
})

test('a global script, and a list that mail is sent on to', async () => {
  const kim = 'require "include"; include :global "partners"; include "more";'
  const more = '# $Rule Info: Order=0 Name=more\nrequire ["fileinto", "mailbox"]; fileinto :create "more";'
  await using site = await filtered({
    users: { kim: [kim, more] },
    site: {
      users: ['kim', 'lee', 'max'],
      filters: { lists: { 'tag:demo.test,2026:team': { file: 'team.txt' } } },
      files: {
        'team.txt': `lee@${DOMAIN}\nmax@${DOMAIN}\n`,
        'filters/global/partners.sieve':
          'require ["extlists", "copy"]; redirect :copy :list "tag:demo.test,2026:team";',
      },
    },
  })
  assert.match(await send(site), /^250 /)
  await settled(site)
  for (const [user, folder] of [
    ['kim', '.more'],
    ['lee', ''],
    ['max', ''],
  ] as const)
    assert.equal((await messagesIn(boxOf(site, user, folder))).length, 1, user)
})

test('the copy of a reply goes to the folder with the attribute', async () => {
  const script = 'require ["vacation", "fcc", "special-use"]; vacation :specialuse "\\\\Sent" :fcc "INBOX" "Away.";'
  await using site = await filtered({ users: { kim: script } })
  await mkdir(boxOf(site, 'kim', '.Sent'), { recursive: true })
  assert.match(await send(site), /^250 /)
  const [copy = ''] = await arrived(boxOf(site, 'kim', '.Sent'))
  assert.match(copy, /^Auto-Submitted: auto-replied/m)
  assert.equal((await arrived(boxOf(site, 'kim'))).length, 1)
})
