// SPDX-License-Identifier: Apache-2.0
/** Proves: a full Maildir takes no more, what is in it is counted right and seldom, and a quota never loses mail. */
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { MailboxQuota } from '../ask/questions.ts'
import { configOf, delivery, deps } from './fixture.ts'
import { createMaildir } from './maildir.ts'
import { addUsage, roomIn } from './maildir-quota.ts'

const signal = AbortSignal.timeout(30_000)
const MINUTE = 60_000

async function folder(t: TestContext): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'postern-quota-'))
  t.after(() => rm(made, { recursive: true, force: true }))
  return made
}

/** A mailbox with these files, which nothing has happened in for a minute. */
async function boxWith(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const box = await folder(t)
  const parts = ['tmp', 'new', 'cur', '.Lists/new', '.Lists/cur'].map((part) => join(box, part))
  for (const part of parts) await mkdir(part, { recursive: true })
  for (const [name, text] of Object.entries(files)) await writeFile(join(box, name), text)
  const before = new Date(now() - MINUTE)
  for (const part of parts) await utimes(part, before, before)
  return box
}

const now = (): number => Date.now()
const written = (box: string): Promise<string> => readFile(join(box, 'maildirsize'), 'latin1')

test('counted: sizes in names before those on the disk, all folders, new and read', async (t) => {
  const box = await boxWith(t, {
    'new/1.a.host,S=100': 'x',
    'cur/2.b.host:2,S': '12345',
    '.Lists/cur/3.c.host,S=20:2,FS': 'x',
    '.Lists/new/4.d.host,W=7,S=1,X': 'xxx',
    'tmp/5.e.host': 'is not there yet',
    'dovecot.index': 'is no mail',
  })
  assert.equal(await roomIn(box, { octets: 200, messages: 9 }, 74, now()), 'room')
  assert.equal(await written(box), '200S,9C\n126 4\n')
  assert.equal(await roomIn(box, { octets: 200, messages: 9 }, 75, now()), 'full')
})

for (const { quota, octets, want } of [
  { quota: { octets: 10 }, octets: 10, want: 'room' },
  { quota: { octets: 10 }, octets: 11, want: 'too-large' },
  { quota: { octets: 0 }, octets: 1, want: 'too-large' },
  { quota: { messages: 0 }, octets: 1, want: 'too-large' },
  { quota: { messages: 1 }, octets: 1_000_000, want: 'room' },
  { quota: {}, octets: 1_000_000, want: 'room' },
] as readonly { quota: MailboxQuota; octets: number; want: string }[])
  test(`a mailbox that is not made yet, ${JSON.stringify(quota)}, ${octets} octets: ${want}`, async (t) => {
    assert.equal(await roomIn(join(await folder(t), 'none'), quota, octets, now()), want)
  })

test('the file is believed: nothing is counted while it says there is room', async (t) => {
  const box = await boxWith(t, { 'new/1.a.host,S=90': '', maildirsize: '100S\n10 1\n5 1\n-5 -1\n' })
  assert.equal(await roomIn(box, { octets: 100 }, 90, now()), 'room')
  assert.equal(await written(box), '100S\n10 1\n5 1\n-5 -1\n')
})

for (const [what, text] of [
  ['of another quota', '99S\n0 0\n'],
  ['damaged', '100S\n10 1\nten 1\n'],
  ['below nothing', '100S\n10 1\n-20 -1\n'],
  ['too long', `100S\n${'1 1\n'.repeat(2000)}`],
  ['empty', ''],
] as const)
  test(`a file that is ${what} is written anew`, async (t) => {
    const box = await boxWith(t, { 'new/1.a.host,S=90': '', maildirsize: text })
    assert.equal(await roomIn(box, { octets: 100 }, 20, now()), 'full')
    assert.equal(await written(box), '100S\n90 1\n')
  })

test('a full mailbox is counted again, though not at once', async (t) => {
  // Somebody deleted mail and did not say so.
  const box = await boxWith(t, { maildirsize: '100S\n95 3\n' })
  assert.equal(await roomIn(box, { octets: 100 }, 10, now()), 'full')
  const before = new Date(now() - 16 * MINUTE)
  await utimes(join(box, 'maildirsize'), before, before)
  assert.equal(await roomIn(box, { octets: 100 }, 10, now()), 'room')
  assert.equal(await written(box), '100S\n0 0\n')
})

test('what was deleted makes room at once', async (t) => {
  const box = await boxWith(t, { 'new/1.a.host,S=60': '', '.Lists/cur/2.b.host,S=35:2,S': '' })
  assert.equal(await roomIn(box, { octets: 100 }, 10, now()), 'full')
  assert.equal(await roomIn(box, { octets: 100 }, 10, now()), 'full')
  await rm(join(box, '.Lists/cur/2.b.host,S=35:2,S'))
  assert.equal(await roomIn(box, { octets: 100 }, 10, now()), 'room')
  assert.equal(await written(box), '100S\n60 1\n')
})

test('what comes is added where a file is kept, and only there', async (t) => {
  const box = await boxWith(t, { maildirsize: '100S\n0 0\n' })
  await addUsage(box, 40)
  assert.equal(await written(box), '100S\n0 0\n40 1\n')
  const other = await boxWith(t, {})
  await addUsage(other, 40)
  await assert.rejects(written(other))
})

const config = (overQuota: string) => configOf('maildir', { overQuota })

for (const [overQuota, want] of [
  ['hold', 'deferred 4.2.2'],
  ['return', 'failed 5.2.2'],
  ['deliver', 'delivered'],
] as const)
  test(`delivery over quota, ${overQuota}: ${want}`, async (t) => {
    const mailboxes = await folder(t)
    await using channel = createMaildir(config(overQuota), deps({ mailboxes, quotaOf: async () => ({ messages: 2 }) }))
    const send = async (): Promise<string> => {
      const [outcome] = await channel.deliver(delivery(['kim@example.org']), { signal })
      assert.ok(outcome !== undefined)
      return 'status' in outcome ? `${outcome.kind} ${outcome.status}` : outcome.kind
    }
    assert.deepEqual([await send(), await send(), await send()], ['delivered', 'delivered', want])
    const box = join(mailboxes, 'example.org', 'kim')
    assert.equal((await readdir(join(box, 'new'))).length, want === 'delivered' ? 3 : 2)
    assert.deepEqual(await readdir(join(box, 'tmp')), [])
  })

test('a message larger than the quota never fits, and is not tried again', async (t) => {
  const quotaOf = async () => ({ octets: 10 })
  await using channel = createMaildir(config('hold'), deps({ mailboxes: await folder(t), quotaOf }))
  const [outcome] = await channel.deliver(delivery(['kim@example.org']), { signal })
  assert.equal(outcome?.kind, 'failed')
})

test('the size in the name is the size of the file; what is filed counts too', async (t) => {
  const mailboxes = await folder(t)
  const quotaOf = async () => ({ octets: 100_000 })
  await using channel = createMaildir(config('hold'), deps({ mailboxes, quotaOf }))
  const copy = { mailbox: 'Lists', create: true, flags: ['\\Seen'] }
  const address = delivery(['kim@example.org']).recipients[0]?.address ?? assert.fail()
  await channel.deliver(delivery([{ address }, { address, copy }]), { signal })
  const box = join(mailboxes, 'example.org', 'kim')
  let sum = 0
  for (const part of [join(box, 'new'), join(box, '.Lists', 'cur')]) {
    const [name = ''] = await readdir(part)
    const { size } = await stat(join(part, name))
    assert.match(name, new RegExp(`,S=${size}(:2,S)?$`))
    sum += size
  }
  await rm(join(box, 'maildirsize'), { force: true })
  assert.equal(await roomIn(box, { octets: 100_000 }, 1, now()), 'room')
  assert.equal(await written(box), `100000S\n${sum} 2\n`)
})
