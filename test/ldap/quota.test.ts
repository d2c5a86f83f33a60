// SPDX-License-Identifier: Apache-2.0
/**
 * Quotas of LDAP by real SMTP into Maildirs: a full mailbox is told at RCPT, a full member of a group waits without
 * keeping the others, and gets the mail when there is room. Dovecot counts as we do.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmod, cp, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { Attribute, Change, Client } from 'ldapts'
import { ROOT } from '../../src/directory/ldap/content.fixture.ts'
import { newMail, temporaryFolder } from '../interop/site.ts'
import { findProgram, missing } from '../peers/install.ts'
import type { Slapd } from '../peers/slapd.ts'
import { group, startLdapSite, user } from './site.ts'

const skip = missing('slapd', 'slapadd')
const CONTENT = [
  ROOT,
  user('kim', [['mailMsgQuota', '2']]),
  user('sue', [['mailQuota', '40']]),
  user('lee', [['mailQuota', '1M']]),
  group('staff', [
    ['mgrpRFC822MailMember', 'kim@example.org'],
    ['mgrpRFC822MailMember', 'lee@example.org'],
  ]),
].join('\n\n')

test('mailQuota and mailMsgQuota', { skip }, async (t) => {
  await using cleanup = new AsyncDisposableStack()
  const site = await startLdapSite(cleanup, `${CONTENT}\n`, { ldap: { cacheFound: '0s' } })
  const { send, box, count } = site

  await t.test('a mailbox that is full', async () => {
    for (const n of [1, 2]) {
      assert.match(await send(`${n}`, 'kim'), /^250/)
      await newMail(box('kim'), n)
    }
    assert.match(await send('3', 'kim'), /^452 4\.2\.2 mailbox is full/)
  })
  await t.test('without a declared size a message that never fits comes back, and is never delivered', async () => {
    assert.match(await send('too large', 'sue'), /^250/)
    // The sender is elsewhere and cannot be told here; the mailbox is what counts.
    assert.match(await send('afterwards', 'lee'), /^250/)
    await newMail(box('lee'), 1)
    assert.equal(await count('sue'), 0)
  })
  await t.test('a full member of a group waits, and gets it when there is room', async () => {
    assert.match(await send('to all', 'staff'), /^250/)
    await newMail(box('lee'), 2)
    assert.equal(await count('kim'), 2)
    await raise(site.slapd)
    assert.match((await newMail(box('kim'), 3)).join('\n'), /to all/)
  })
  await t.test(
    'Dovecot counts the same',
    { skip: process.getuid?.() === 0 ? missing('dovecot', 'doveadm') : 'Dovecot starts from root only' },
    async () => {
      const [octets, messages] = await dovecotCounts(cleanup, box('lee'))
      const names = await readdir(join(box('lee'), 'new'))
      const sum = names.reduce((all, name) => all + Number(/,S=(\d+)/.exec(name)?.[1]), 0)
      assert.deepEqual([octets, messages], [Math.ceil(sum / 1024), 2])
    },
  )
})

async function raise(slapd: Slapd): Promise<void> {
  const client = new Client({ url: slapd.url })
  await client.bind(slapd.rootDn, slapd.rootPassword)
  const modification = new Attribute({ type: 'mailMsgQuota', values: ['10'] })
  await client.modify('uid=kim,o=example', new Change({ operation: 'replace', modification }))
  await client.unbind()
}

/** An account that owns nothing. */
const NOBODY = 65534

/** Kilobytes and messages, as its quota of the kind Maildir++ has them; it reads `maildirsize` where it is. */
async function dovecotCounts(cleanup: AsyncDisposableStack, maildir: string): Promise<readonly number[]> {
  const folder = await temporaryFolder(cleanup)
  await chmod(folder, 0o755)
  const [config, copy] = [join(folder, 'dovecot.conf'), join(folder, 'box')]
  // It does not serve root.
  await cp(maildir, copy, { recursive: true })
  execFileSync('chown', ['-R', `${NOBODY}:${NOBODY}`, folder])
  await writeFile(
    config,
    `base_dir = ${folder}/run
log_path = ${folder}/log
ssl = no
mail_location = maildir:${copy}
mail_plugins = quota
mail_uid = ${NOBODY}
mail_gid = ${NOBODY}
plugin {
  quota = maildir:User quota
  quota_rule = *:storage=1M
}
`,
  )
  const text = execFileSync(findProgram('doveadm') ?? '', ['-c', config, '-f', 'tab', 'quota', 'get'], {
    encoding: 'utf8',
    env: { ...process.env, USER: 'lee', HOME: folder },
    timeout: 30_000,
  })
  return ['STORAGE', 'MESSAGE'].map((type) => Number(new RegExp(`${type}\\t(\\d+)`).exec(text)?.[1]))
}
