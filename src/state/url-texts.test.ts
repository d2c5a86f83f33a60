// SPDX-License-Identifier: Apache-2.0
/** Proves: `$]file:…[` reads ordinary files and nothing a stranger could lead it to; `$I` reads the account files. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { isInGroup } from './system-groups.ts'
import { urlText } from './url-texts.ts'

test('spec mapping-tables.md 4.8: file URLs', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-url-'))
  t.after(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'a b'), 'text\r\n')
  await writeFile(join(folder, 'large'), 'x'.repeat(70_000))
  await symlink(join(folder, 'a b'), join(folder, 'link'))
  const rows = [
    [`file://${folder}/a%20b`, 'text'],
    [`file:${folder}/a%20b`, 'text'],
    [`file://localhost${folder}/a%20b`, 'text'],
    [`file://${folder}/nobody`, undefined],
    [`file://${folder}`, undefined],
    [`file://${folder}/large`, undefined],
    [`file://${folder}/link`, undefined],
    [`file://${folder}/x/../a%20b`, undefined],
    [`file://${folder}/x/%2e%2e/a%20b`, undefined],
    [`file://${folder}%2fa%20b`, undefined],
    [`file://${folder}/a%20b%00`, undefined],
    ['file:///dev/zero', undefined],
    ['file:relative', undefined],
    ['file://elsewhere/etc/hosts', undefined],
    ['http://example.org/', undefined],
    ['', undefined],
  ] as const
  for (const [url, text] of rows) {
    const wanted = text === undefined ? { kind: 'absent' } : { kind: 'found', value: text }
    assert.deepEqual(await urlText(url), wanted, url)
  }
  assert.equal((await urlText('ldap:///o=x?mail?sub?(uid=kim)')).kind, 'defer')
})

test('spec access-control.md 3.2, $I: members of groups by name and number, and the group of the account', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-groups-'))
  t.after(() => rm(folder, { recursive: true }))
  const files = { passwd: join(folder, 'passwd'), group: join(folder, 'group') }
  await writeFile(files.passwd, 'kim:x:1000:100::/home/kim:/bin/sh\nlee:x:1001:101::/home/lee:/bin/sh\n')
  await writeFile(files.group, 'users:x:100:\nstaff:x:50:lee,ada\n')
  const rows = [
    ['kim', 'users', true],
    ['kim', '100', true],
    ['lee', 'staff', true],
    ['lee', '50', true],
    ['kim', 'staff', false],
  ] as const
  for (const [user, group, value] of rows)
    assert.deepEqual(await isInGroup({ user, group }, files), { kind: 'found', value })
  assert.deepEqual(await isInGroup({ user: 'ada', group: 'staff' }, files), { kind: 'absent' })
  assert.deepEqual(await isInGroup({ user: 'kim', group: 'nobody' }, files), { kind: 'absent' })
  assert.equal((await isInGroup({ user: 'kim', group: 'x' }, { ...files, group: `${folder}/no` })).kind, 'defer')
})
