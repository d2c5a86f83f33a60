// SPDX-License-Identifier: Apache-2.0
/** Proves: what Maildir, pipe, local, hold and bitbucket do with a message. */
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createBitbucket } from './bitbucket.ts'
import { address, configOf, delivery, deps } from './fixture.ts'
import { createHold } from './hold.ts'
import { createLocal } from './local.ts'
import { createMaildir } from './maildir.ts'
import { createPipe } from './pipe.ts'

const root = await mkdtemp(join(tmpdir(), 'postern-channels-'))
after(() => rm(root, { recursive: true, force: true }))
const signal = AbortSignal.timeout(30_000)

test('maildir: whole messages in new/, LF line ends, Return-Path on top', async () => {
  const mailboxes = join(root, 'one')
  await using channel = createMaildir(configOf('maildir'), deps({ mailboxes }))
  const [outcome] = await channel.deliver(delivery(['Kim@example.org']), { signal })
  assert.equal(outcome?.kind, 'delivered')
  const box = join(mailboxes, 'example.org', 'kim')
  const [file = ''] = await readdir(join(box, 'new'))
  assert.equal(
    await readFile(join(box, 'new', file), 'latin1'),
    'Return-Path: <sender@example.net>\nDelivered-To: Kim@example.org\nSubject: test\n\n.dot\nbody\n',
  )
  assert.deepEqual(await readdir(join(box, 'tmp')), [])
})

test('maildir: a subaddress goes to its folder where it exists, to the inbox otherwise', async () => {
  const mailboxes = join(root, 'two')
  await mkdir(join(mailboxes, 'example.org', 'kim', '.lists'), { recursive: true })
  await using channel = createMaildir(configOf('maildir'), deps({ mailboxes }))
  const to = (detail: string) => [{ address: address('kim@example.org'), detail }]
  await channel.deliver(delivery(to('lists')), { signal })
  await channel.deliver(delivery(to('other')), { signal })
  await channel.deliver(delivery(to('../../../evil')), { signal })
  const count = async (path: string) => (await readdir(join(mailboxes, 'example.org', 'kim', path))).length
  assert.deepEqual([await count('.lists/new'), await count('new')], [1, 2])
})

test('maildir: addresses that are no file names are refused, a disk that will not is "later"', async () => {
  await using channel = createMaildir(configOf('maildir'), deps({ mailboxes: join(root, 'three') }))
  const outcomes = await channel.deliver(delivery(['"../x"@example.org', '"a/b"@example.org']), { signal })
  assert.deepEqual(
    outcomes.map(({ kind }) => kind),
    ['failed', 'failed'],
  )
  await writeFile(join(root, 'a file'), '')
  await using nowhere = createMaildir(configOf('maildir'), deps({ mailboxes: join(root, 'a file') }))
  assert.deepEqual(
    (await nowhere.deliver(delivery(['kim@example.org']), { signal })).map(({ kind }) => kind),
    ['deferred'],
  )
})

for (const { name, script, want } of [
  { name: 'fine', script: 'cat >/dev/null', want: 'delivered' },
  { name: 'EX_NOUSER', script: 'exit 67', want: 'failed 5.1.1' },
  { name: 'EX_TEMPFAIL', script: 'exit 75', want: 'deferred 4.3.0' },
  { name: 'a status nobody knows', script: 'exit 3', want: 'deferred 4.3.0' },
  { name: 'killed', script: 'kill -9 $$', want: 'deferred 4.3.0' },
  { name: 'too slow', script: 'sleep 30', want: 'deferred 4.3.0' },
  {
    name: 'arguments are words, not shell',
    script: 'test "$1" = "kim@example.org" && test "$SENDER" = "sender@example.net"',
    want: 'delivered',
  },
])
  test(`pipe: ${name}`, async () => {
    await using channel = createPipe(
      configOf('pipe', { command: ['/bin/sh', '-c', script, 'sh', '{recipient}'], timeout: '1s' }),
      deps(),
    )
    const [outcome] = await channel.deliver(delivery(['kim@example.org']), { signal })
    assert.equal(
      outcome === undefined ? '' : 'status' in outcome ? `${outcome.kind} ${outcome.status}` : outcome.kind,
      want,
    )
  })

test('pipe: a program that an alias names must be allowed', async () => {
  const to = [{ via: JSON.stringify(['/bin/true']) }]
  await using strict = createPipe(configOf('pipe'), deps())
  assert.deepEqual(
    (await strict.deliver(delivery(to), { signal })).map(({ kind }) => kind),
    ['failed'],
  )
  await using open = createPipe(configOf('pipe', { allow: ['/bin/true'] }), deps())
  assert.deepEqual(
    (await open.deliver(delivery(to), { signal })).map(({ kind }) => kind),
    ['delivered'],
  )
})

test('local: replaced by whom it stands for, with the sender’s requests; or refused, or later', async () => {
  const [member] = delivery(['lee@example.org']).recipients
  if (member === undefined) throw new Error('no member')
  await using channel = createLocal(deps({ place: async () => ({ recipients: [member], steps: [] }) }))
  const [outcome] = await channel.deliver(delivery([{ notify: 'never', given: 'sales@example.org' }]), { signal })
  assert.ok(outcome?.kind === 'expanded')
  assert.deepEqual(
    outcome.into.map(({ address: to, notify, given }) => [to, notify, given]),
    [['lee@example.org', 'never', 'sales@example.org']],
  )
  for (const temporary of [true, false]) {
    const problem = { status: temporary ? '4.4.3' : '5.1.1', reason: 'x', temporary }
    await using failing = createLocal(deps({ place: async () => ({ recipients: [], steps: [], problem }) }))
    assert.deepEqual(
      (await failing.deliver(delivery(['a@example.org']), { signal })).map(({ kind }) => kind),
      [temporary ? 'deferred' : 'failed'],
    )
  }
})

test('local: what is made of the message for an address goes along, and users behind it have their filters to be asked', async () => {
  const user = 'lee@example.org'
  const [lee, far] = delivery([{ user, address: address(user) }, 'far@example.net']).recipients
  assert.ok(lee !== undefined && far !== undefined)
  await using channel = createLocal(deps({ place: async () => ({ recipients: [lee, far], steps: [] }) }))
  const copy = { flags: [], edits: [{ edit: 'prepend', field: 'X: 1\r\n' }] } as const
  const client = { address: '192.0.2.1', port: 1 }
  const mail = delivery([{ copy, tags: ['t'] }])
  for (const { origin, unfiltered, asked } of [
    { origin: { client }, unfiltered: undefined, asked: true },
    { origin: {}, unfiltered: undefined, asked: undefined },
    { origin: {}, unfiltered: true as const, asked: true },
  ]) {
    const envelope = { ...mail.envelope, origin: { ...mail.envelope.origin, ...origin } }
    const recipients = mail.recipients.map((one) => ({ ...one, ...(unfiltered === undefined ? {} : { unfiltered }) }))
    const [outcome] = await channel.deliver({ ...mail, envelope, recipients }, { signal })
    assert.ok(outcome?.kind === 'expanded')
    const [own, other] = outcome.into
    assert.deepEqual([own?.unfiltered, own?.copy, own?.tags], [asked, copy, ['t']])
    assert.deepEqual([other?.unfiltered, other?.copy], [undefined, copy])
  }
})

test('hold and bitbucket say what they do and by which rule', async () => {
  assert.deepEqual(
    (await createHold().deliver(delivery(['a@example.org']), { signal })).map(({ kind }) => kind),
    ['held'],
  )
  assert.deepEqual(await createBitbucket().deliver(delivery([{ via: 'FROM_ACCESS row 3' }]), { signal }), [
    { kind: 'discarded', rule: 'FROM_ACCESS row 3' },
  ])
})
