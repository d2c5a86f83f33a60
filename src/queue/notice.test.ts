// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MailAddress } from '../address/address.ts'
import { ManualClock } from '../clock/clock.ts'
import type { Revision, RevisionId } from '../config/revision.ts'
import { ConfigSchema } from '../config/schema.ts'
import { parseReport } from '../dsn/parse.ts'
import type { ChannelName } from '../envelope/channel-name.ts'
import type { Envelope, Recipient } from '../envelope/envelope.ts'
import { createIds, type MessageId } from '../envelope/message-id.ts'
import type { Placement } from '../policy/own-mail.ts'
import type { TraceRecord } from '../policy/trace.ts'
import { MemoryStore } from './memory-store.ts'
import { makeNotice, type NoticeEntry, type NoticeOrder } from './notice.ts'

const address = (text: string): MailAddress => text as MailAddress
const channel = (text: string): ChannelName => text as ChannelName

const revision: Revision = {
  id: '0123456789ab' as RevisionId,
  directory: '/',
  config: ConfigSchema.parse({
    server: { hostname: 'mail.example.net' },
    listeners: {},
    queue: { noticeContent: '1KiB' },
  }),
  where: () => ({ by: 'built-in', rule: 'test' }),
}

const recipient = (index: number, over: Partial<Recipient> = {}): Recipient => ({
  index,
  address: address(`r${index}@example.org`),
  given: `r${index}@example.org`,
  channel: channel('tcp_local'),
  ...over,
})

const failed = (about: Recipient): NoticeEntry => ({
  recipient: about,
  action: 'failed',
  status: '5.1.1',
  remote: { mta: 'mx.example.org', reply: '550 5.1.1 no such user' },
})

const CONTENT = 'Subject: Hi\r\nMessage-ID: <1@example.net>\r\n\r\nSome words.\r\n'

async function setUp(over: Partial<Envelope> = {}, content = CONTENT) {
  const clock = new ManualClock()
  const ids = createIds(() => clock.now(), 1)
  const store = new MemoryStore()
  const envelope: Envelope = {
    id: ids.message(),
    reversePath: address('sam@example.net'),
    receivedAt: clock.now(),
    source: channel('tcp_submit'),
    origin: { session: ids.session(), protocol: 'ESMTPSA' },
    revision: revision.id,
    smtputf8: false,
    body: '7bit',
    size: Buffer.byteLength(content),
    edits: [{ edit: 'prepend', field: 'Received: by mail.example.net\r\n' }],
    recipients: [recipient(0), recipient(1, { notify: 'never' }), recipient(2, { notify: ['success'] })],
    ...over,
  }
  await using draft = store.begin()
  await draft.write(Buffer.from(content))
  await draft.commit(envelope)
  const about = await store.get(envelope.id)
  assert.ok(about !== undefined)
  const records: TraceRecord[] = []
  const placement: Placement = {
    recipients: [{ address: address('sam@example.net'), given: 'sam@example.net', channel: channel('ims-ms') }],
    steps: [],
  }
  const order: NoticeOrder = {
    about,
    kind: 'failure',
    entries: envelope.recipients.map(failed),
    store,
    place: async () => placement,
    revision,
    clock: { now: () => clock.now() + 60_000, monotonic: () => 0, after: () => () => {} },
    ids,
    random: (octets) => new Uint8Array(octets).fill(7),
    traces: { append: (record) => records.push(record) },
  }
  return { order, records, store, envelope }
}

async function read(store: MemoryStore, id: MessageId | undefined) {
  assert.ok(id !== undefined)
  const message = await store.get(id)
  assert.ok(message !== undefined)
  const chunks: Uint8Array[] = []
  for await (const chunk of store.content(id)) chunks.push(chunk)
  const bytes = Buffer.concat(chunks)
  assert.equal(message.envelope.size, bytes.length)
  const report = parseReport(bytes)
  assert.ok(report !== undefined)
  return { envelope: message.envelope, report, bytes }
}

test('a failure comes back whole, for those recipients whose sender wants to know', async () => {
  const { order, records, store, envelope: original } = await setUp()
  const { envelope, report, bytes } = await read(store, await makeNotice(order))
  assert.equal(envelope.reversePath, null)
  assert.equal(envelope.source, 'l')
  assert.deepEqual(envelope.recipients, [
    { index: 0, address: 'sam@example.net', given: 'sam@example.net', channel: 'ims-ms' },
  ])
  assert.deepEqual(
    report.status?.perRecipient.map((r) => r.finalRecipient?.value),
    ['r0@example.org'],
  )
  assert.equal(report.original?.whole, true)
  assert.match(report.original.header.toString(), /^Received: by mail\.example\.net\r\nSubject: Hi\r\n/)
  assert.match(bytes.toString(), /Some words\./)
  assert.match(bytes.toString(), /In-Reply-To: <1@example\.net>/)
  const [birth] = records
  assert.ok(birth?.record === 'birth')
  assert.deepEqual([birth.about, birth.why, birth.id], [original.id, 'failure', envelope.id])
})

for (const { name, over, content, kind, ret } of [
  { name: 'RET=HDRS', over: { ret: 'hdrs' } as const },
  { name: 'a redirect that says so', over: { ret: 'full' } as const, ret: 'hdrs' as const },
  { name: 'larger than noticeContent', content: `${CONTENT}${'x'.repeat(1000)}\r\n`, over: { ret: 'full' } as const },
  { name: 'a delay', kind: 'delay' as const },
]) {
  test(`only the header comes back: ${name}`, async () => {
    const { order, store } = await setUp(over, content)
    const entries = order.entries.map((entry) => ({
      ...entry,
      ...(kind === 'delay' ? { action: 'delayed' as const } : {}),
      ...(ret === undefined ? {} : { recipient: { ...entry.recipient, copy: { flags: [], ret } } }),
    }))
    const { report, bytes } = await read(store, await makeNotice({ ...order, entries, kind: kind ?? 'failure' }))
    assert.equal(report.original?.whole, false)
    assert.doesNotMatch(bytes.toString(), /Some words/)
  })
}

test('a message that cannot be sent for its newlines comes back in a notice that can', async () => {
  const { order, store } = await setUp({}, 'Subject: Hi\nX: y\r\n\r\na\n.\nb\r.\rc\r\n\0.\r\nend\n')
  const { bytes } = await read(store, await makeNotice(order))
  assert.match(bytes.toString(), /\r\n\r\na\r\n\.\r\nb\r\n\.\r\nc\r\n\?\.\r\nend\r\n/)
  assert.doesNotMatch(bytes.toString('latin1'), /\r(?!\n)|(?<!\r)\n|\0/)
})

test('eight bits are declared when what comes back has them', async () => {
  const eight = await setUp({ body: '8bit' }, 'Subject: Hi\r\n\r\nGrüße\r\n')
  assert.equal((await read(eight.store, await makeNotice(eight.order))).envelope.body, '8bit')
  const header = await setUp({ body: '8bit', ret: 'hdrs' }, 'Subject: Hi\r\n\r\nGrüße\r\n')
  assert.equal((await read(header.store, await makeNotice(header.order))).envelope.body, '7bit')
})

test('a success is told only to who asked for it', async () => {
  const { order, store } = await setUp()
  const entries = order.entries.map((entry) => ({ ...entry, action: 'delivered' as const, status: '2.1.5' }))
  const { report } = await read(store, await makeNotice({ ...order, kind: 'success', entries }))
  assert.deepEqual(
    report.status?.perRecipient.map((r) => r.finalRecipient?.value),
    ['r2@example.org'],
  )
})

test('nothing is due: the null sender, NOTIFY=NEVER', async () => {
  const nobody = await setUp({ reversePath: null })
  assert.equal(await makeNotice(nobody.order), undefined)
  const never = await setUp({ recipients: [recipient(0, { notify: 'never' })] })
  assert.equal(await makeNotice(never.order), undefined)
  assert.equal([...never.store.entries()].length, 1)
})

test('a sender whose address leads nowhere gets none, and the log says so', async () => {
  const { order, store, records } = await setUp()
  const logged: string[] = []
  const log = {
    child: () => log,
    debug: () => {},
    info: () => {},
    error: () => {},
    warn: (event: string) => logged.push(event),
  }
  const problem = { status: '5.1.1', reason: 'no such user', temporary: false }
  assert.equal(
    await makeNotice({ ...order, log, place: async () => ({ recipients: [], steps: [], problem }) }),
    undefined,
  )
  assert.deepEqual(logged, ['notice.nowhere'])
  assert.equal([...store.entries()].length, 1)
  assert.equal(records.length, 0)
})

test('a sender whose address cannot be looked up now is asked for again at delivery', async () => {
  const { order, store } = await setUp()
  const problem = { status: '4.4.3', reason: 'directory down', temporary: true }
  const id = await makeNotice({ ...order, place: async () => ({ recipients: [], steps: [], problem }) })
  const { envelope } = await read(store, id)
  assert.deepEqual(envelope.recipients, [
    { index: 0, address: 'sam@example.net', given: 'sam@example.net', channel: 'l' },
  ])
})

test('when the store will not take it nothing is kept, and the caller hears', async () => {
  const { order, store, records } = await setUp()
  const full = new Proxy(store, {
    get: (target, name) =>
      name === 'begin'
        ? () => {
            const draft = target.begin()
            draft.commit = async () => {
              throw new Error('disk full')
            }
            return draft
          }
        : Reflect.get(target, name, target).bind(target),
  })
  await assert.rejects(makeNotice({ ...order, store: full }), /disk full/)
  assert.equal([...store.entries()].length, 1)
  assert.equal(records.length, 0)
})
