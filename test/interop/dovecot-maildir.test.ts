// SPDX-License-Identifier: Apache-2.0
/**
 * What is delivered into Maildirs, as Dovecot reads it: keywords that scripts set, also while Dovecot changes the folder;
 * folders by attribute and by identifier. It reads mail as another account than root, so it starts from root only.
 */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { address, configOf, delivery, deps } from '../../src/channels/fixture.ts'
import { createMaildir } from '../../src/channels/maildir.ts'
import { missing } from '../peers/install.ts'

const NOBODY = 65_534
const skip =
  process.getuid?.() === 0 ? missing('dovecot', 'doveadm') : 'Dovecot reads mail as another account: from root only'
const MESSAGES = 12

test('Dovecot and we agree on keywords, attributes and identifiers', { skip }, async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'postern-dovecot-'))
  t.after(() => rm(root, { recursive: true }))
  await chmod(root, 0o755)
  const box = join(root, 'example.org', 'kim')
  await mkdir(box, { recursive: true })
  for (const path of [join(root, 'example.org'), box]) await chown(path, NOBODY, NOBODY)
  const config = join(root, 'dovecot.conf')
  await writeFile(
    config,
    `mail_location = maildir:${box}
mail_uid = ${NOBODY}
mail_gid = ${NOBODY}
first_valid_uid = 0
first_valid_gid = 0
namespace inbox {
  inbox = yes
  mailbox Spam {
    special_use = \\Junk
  }
}
`,
  )
  const doveadm = (...args: readonly string[]): string => {
    const { stdout, stderr, status } = spawnSync('doveadm', ['-c', config, ...args], {
      encoding: 'utf8',
      env: { ...process.env, HOME: root, USER: 'nobody' },
    })
    assert.equal(status, 0, stderr)
    return stdout
  }
  await using channel = createMaildir(
    configOf('maildir', { specialUse: { '\\Junk': 'Spam' } }),
    deps({ mailboxes: root }),
  )
  const deliver = async (copy: object): Promise<void> => {
    const to = { address: address('kim@example.org'), copy: { flags: [], ...copy } }
    // As on a site: who delivers and who reads are one account.
    process.setegid?.(NOBODY)
    process.seteuid?.(NOBODY)
    const [outcome] = await channel
      .deliver(delivery([to]), { signal: AbortSignal.timeout(30_000) })
      .finally(() => process.seteuid?.(0))
    assert.equal(outcome?.kind, 'delivered')
  }

  await deliver({ flags: [] })
  doveadm('flags', 'add', 'Blau', 'mailbox', 'INBOX', 'all')
  await deliver({ flags: ['\\Seen', '$Junk', 'blau', 'Work'] })
  assert.match(doveadm('fetch', 'flags', 'mailbox', 'INBOX', '2'), /^flags: .*\\Seen .*\bBlau\b.*\$Junk.*Work/m)

  // Dovecot adds keywords of its own meanwhile.
  const adding = spawn(
    'sh',
    ['-c', `for i in 1 2 3 4 5; do doveadm -c '${config}' flags add dove$i mailbox INBOX 1; done`],
    { env: { ...process.env, HOME: root, USER: 'nobody' }, stdio: 'ignore' },
  )
  const added = once(adding, 'exit')
  for (let i = 0; i < MESSAGES; i++) await deliver({ flags: [`ours${i % 6}`] })
  await added
  const flags =
    doveadm('fetch', 'flags', 'mailbox', 'INBOX', 'all')
      .trim()
      .split('\n\f\n')
      .join('\n')
      .match(/^flags:.*$/gm) ?? []
  assert.equal(flags.length, MESSAGES + 2)
  const having = (keyword: string): number => flags.filter((line) => line.split(' ').includes(keyword)).length
  for (let i = 0; i < 6; i++) assert.equal(having(`ours${i}`), MESSAGES / 6)
  for (let i = 1; i <= 5; i++) assert.equal(having(`dove${i}`), 1)

  doveadm('mailbox', 'create', 'Spam', 'Moved')
  await deliver({ mailbox: 'INBOX', specialUse: '\\junk' })
  assert.equal(doveadm('mailbox', 'status', 'messages', 'Spam').trim(), 'Spam messages=1')
  doveadm('fetch', 'uid', 'mailbox', 'Moved', 'all')
  const [, id = ''] = /guid=([0-9a-f]+)/.exec(doveadm('mailbox', 'status', 'guid', 'Moved')) ?? []
  await deliver({ mailbox: 'INBOX', mailboxId: id })
  assert.equal(doveadm('mailbox', 'status', 'messages', 'Moved').trim(), 'Moved messages=1')
  await deliver({ mailbox: 'Spam', mailboxId: id.replace(/./, (digit) => (digit === '0' ? '1' : '0')) })
  assert.equal(doveadm('mailbox', 'status', 'messages', 'Spam').trim(), 'Spam messages=2')
  assert.deepEqual(
    (await readdir(box)).filter((name) => name.endsWith('.lock')),
    [],
  )
})
