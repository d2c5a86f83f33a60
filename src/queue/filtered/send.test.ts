// SPDX-License-Identifier: Apache-2.0
/** Proves: what filters ask to be sent is sent once, to whom it may be sent, within its bounds, and is durable. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../clock/clock.ts'
import type { Revision, RevisionId } from '../../config/revision.ts'
import { ConfigSchema } from '../../config/schema.ts'
import { parseReport } from '../../dsn/parse.ts'
import type { ChannelName } from '../../envelope/channel-name.ts'
import { type Filtered, nothingFiltered, type VacationReply } from '../../envelope/filtered.ts'
import { createIds, type MessageId } from '../../envelope/message-id.ts'
import { silentLog } from '../../monitor/log.ts'
import { mailAddress } from '../../policy/access/fixture.ts'
import type { TraceRecord } from '../../policy/trace.ts'
import type { Counters } from '../../state/counters.ts'
import { EmbeddedCounters } from '../../state/embedded-counters.ts'
import { createBudget } from '../budget.ts'
import { MemoryStore } from '../memory-store.ts'
import { sendFor } from './send.ts'

const OWNER = mailAddress('kim@example.org')
const HOUR = 3_600_000
const by = { level: 'personal', script: 'main', line: 1, column: 1 } as const
const asked = (more: Partial<Filtered>): Filtered => ({ ...nothingFiltered([OWNER]), ...more })
const reply = (more: Partial<VacationReply> = {}): VacationReply => ({
  to: mailAddress('sam@example.net'),
  reason: 'Away.',
  mime: false,
  handle: 'h',
  seconds: 7 * 24 * 3600,
  by,
  ...more,
})

const revision: Revision = {
  id: 'r' as RevisionId,
  directory: '/',
  config: ConfigSchema.parse({ server: { hostname: 'mail.example.org' }, listeners: {} }),
  where: () => ({ by: 'built-in', rule: 'test' }),
}

async function setUp({
  from = 'sam@example.net',
  counters,
  store = new MemoryStore(),
}: {
  from?: string | null
  counters?: Counters
  store?: MemoryStore
} = {}) {
  const clock = new ManualClock()
  const ids = createIds(() => clock.now(), 1)
  const traces: TraceRecord[] = []
  const queued: MessageId[] = []
  const warned: string[] = []
  const content = 'Subject: Hi\r\nMessage-ID: <1@example.net>\r\nFrom: sam@example.net\r\n\r\nWords.\r\n'
  const id = ids.message()
  {
    await using draft = store.begin()
    await draft.write(Buffer.from(content))
    const recipient = { index: 0, address: OWNER, given: OWNER, channel: 'ims-ms' as ChannelName }
    await draft.commit({
      id,
      reversePath: from === null ? null : mailAddress(from),
      receivedAt: 0,
      source: 'tcp_local' as ChannelName,
      origin: { session: ids.session(), protocol: 'ESMTP' },
      revision: 'r',
      smtputf8: false,
      body: '7bit',
      size: content.length,
      edits: [],
      recipients: [recipient],
    })
  }
  const about = await store.get(id)
  assert.ok(about !== undefined)
  const memory = counters ?? new EmbeddedCounters(clock)
  const sink = { append: (record: TraceRecord) => void traces.push(record) }
  const log = { ...silentLog, warn: (event: string) => void warned.push(event) }
  const means = {
    store,
    place: async (address: typeof OWNER) => ({
      recipients: [{ address, given: address, channel: 'tcp_local' as ChannelName }],
      steps: [],
    }),
    revision: () => revision,
    clock,
    ids,
    random: (octets: number) => new Uint8Array(octets),
    traces: sink,
    log,
    queued: (one: MessageId) => void queued.push(one),
    counters: memory,
    recipient: { index: 0, address: OWNER, given: OWNER, channel: 'ims-ms' as ChannelName },
    budget: createBudget({ counters: memory, revision: () => revision, clock, traces: sink, log }),
  }
  const texts = async (): Promise<readonly string[]> =>
    Promise.all(
      queued.map(async (one) => {
        const pieces: Uint8Array[] = []
        for await (const piece of store.content(one)) pieces.push(piece)
        return Buffer.concat(pieces).toString()
      }),
    )
  return {
    send: (filtered: Filtered) => sendFor(about, filtered, means),
    clock,
    store,
    traces,
    queued,
    warned,
    texts,
    means,
  }
}

test('a reply: durable, from the null sender, traced; once a period for a sender and a handle', async () => {
  const { send, clock, store, traces, queued, texts } = await setUp()
  for (let i = 0; i < 3; i++) await send(asked({ vacations: [reply()] }))
  assert.equal(queued.length, 1)
  const kept = await store.get(queued[0] ?? ('' as MessageId))
  assert.equal(kept?.envelope.reversePath, null)
  const [text = ''] = await texts()
  assert.match(text, /^From: kim@example\.org\r$/m)
  assert.match(text, /^In-Reply-To: <1@example\.net>\r$/m)
  assert.deepEqual(
    traces.map((record) => record.record === 'birth' && record.why),
    ['vacation'],
  )
  await send(asked({ vacations: [reply({ handle: 'other' })] }))
  await send(asked({ vacations: [reply({ to: mailAddress('lee@example.net') })] }))
  assert.equal(queued.length, 3)
  clock.advance(7 * 24 * HOUR + 1)
  await send(asked({ vacations: [reply()] }))
  assert.equal(queued.length, 4)
})

test('periods that scripts choose make no tables without end: the next longer one of a few counts', async () => {
  const { send, clock, queued } = await setUp()
  for (let seconds = 1; seconds < 2000; seconds += 7) await send(asked({ vacations: [reply({ seconds })] }))
  assert.equal(queued.length, 3)
  clock.advance(61_000)
  await send(asked({ vacations: [reply({ seconds: 59 })] }))
  assert.equal(queued.length, 4)
})

test('every message, where the period is nothing; never to the null sender', async () => {
  const { send, queued } = await setUp()
  for (let i = 0; i < 3; i++) await send(asked({ vacations: [reply({ seconds: 0 })] }))
  assert.equal(queued.length, 3)
  const nobody = await setUp({ from: null })
  await nobody.send(asked({ vacations: [reply({ seconds: 0 })] }))
  assert.equal(nobody.queued.length, 0)
})

test('in mode echo the message goes along with the reply', async () => {
  const { send, texts } = await setUp()
  await send(asked({ vacations: [reply({ seconds: 0, echo: true })] }))
  const [text = ''] = await texts()
  assert.match(text, /\r\nAway\.\r\n\r\n--[0-9a-f]{36}\r\nContent-Type: message\/rfc822\r\n/)
  assert.match(text, /\r\nSubject: Hi\r\nMessage-ID: <1@example\.net>\r\nFrom: sam@example\.net\r\n\r\nWords\.\r\n/)
})

test('a hundred an hour for one owner, and no more', async () => {
  const { send, clock, queued, warned } = await setUp()
  for (let i = 0; i < 105; i++) await send(asked({ vacations: [reply({ seconds: 0 })] }))
  assert.deepEqual([queued.length, warned.length, warned[0]], [100, 5, 'own-mail.withheld'])
  clock.advance(HOUR + 1)
  await send(asked({ vacations: [reply({ seconds: 0 })] }))
  assert.equal(queued.length, 101)
})

test('a notification goes to few, and to nobody by another method', async () => {
  const { send, store, queued } = await setUp()
  const notice = { importance: '2', options: [], by } as const
  const uri = (count: number): string =>
    `mailto:${Array.from({ length: count }, (_, i) => `u${i}@example.org`).join(',')}`
  await send(asked({ notices: [2, 50].map((count) => ({ ...notice, uri: uri(count) })) }))
  await send(asked({ notices: [{ ...notice, uri: 'xmpp:x@example.org' }] }))
  assert.equal(queued.length, 1)
  assert.equal((await store.get(queued[0] ?? ('' as MessageId)))?.envelope.recipients.length, 2)
})

test('what reject says: once, from the owner, as a report; never to the null sender', async () => {
  const refused = { how: 'reject', reason: 'Not\r\nso, says Jürgen.' } as const
  const { send, queued, texts, traces } = await setUp()
  await send(asked({ refused }))
  const [text = ''] = await texts()
  const report = parseReport(Buffer.from(text))
  assert.equal(report?.reportType, 'disposition-notification')
  assert.match(report?.text ?? '', /Not\r\nso, says Jürgen\./)
  assert.equal(report?.disposition?.get('final-recipient'), `rfc822; ${OWNER}`)
  assert.match(text, /^From: kim@example\.org\r$/m)
  assert.deepEqual(
    traces.map((record) => record.record === 'birth' && record.why),
    ['reject'],
  )
  const copies = { keep: { flags: [] } }
  for (const silent of [
    { refused: { ...refused, told: true } },
    { refused, ...copies },
    { refused: { ...refused, how: 'ereject' } },
  ] as const)
    await send(asked(silent))
  assert.equal(queued.length, 1)
  const nobody = await setUp({ from: null })
  await nobody.send(asked({ refused }))
  assert.equal(nobody.queued.length, 0)
})

test('an address of other characters in the header asks for SMTPUTF8, in the text it does not', async () => {
  const { send, store, queued } = await setUp()
  const asks = async (): Promise<boolean | undefined> =>
    (await store.get(queued.at(-1) ?? ('' as MessageId)))?.envelope.smtputf8
  await send(asked({ vacations: [reply({ reason: 'Grüße.' })] }))
  assert.equal(await asks(), false)
  await send(asked({ vacations: [reply({ handle: 'other', from: 'jürgen@example.org' })] }))
  assert.equal(await asks(), true)
})

test('a report: once a day for a script', async () => {
  const { send, clock, queued, texts } = await setUp()
  const report = { to: OWNER, level: 'personal', script: 'rule 1', text: 'line 1: no\nsuch command' } as const
  for (let i = 0; i < 3; i++) await send(asked({ reports: [report, { ...report, script: 'rule 2' }] }))
  assert.equal(queued.length, 2)
  assert.match((await texts())[0] ?? '', /rule 1\r\nline 1: no\r\nsuch command\r\n/)
  clock.advance(24 * HOUR + 1)
  await send(asked({ reports: [report] }))
  assert.equal(queued.length, 3)
})

test('a memory that cannot be reached: nothing is sent, and all of it is left', async () => {
  const counters: Counters = { count: () => ({ kind: 'defer', cause: 'away' }) }
  const { send, queued } = await setUp({ counters })
  const wanted = asked({ vacations: [reply()] })
  const unsent = await send(wanted)
  assert.match(String(unsent?.cause), /cannot be reached/)
  assert.deepEqual([unsent?.left, queued.length], [wanted, 0])
})

class Narrow extends MemoryStore {
  room = 1

  override begin() {
    if (this.room-- === 0) throw new Error('full')
    return super.begin()
  }
}

test('a queue that takes one and not the next: what was taken is not sent again, what was not is sent once', async () => {
  const store = new Narrow()
  const { send, queued, texts } = await setUp({ store })
  const notice = (word: string) =>
    ({ uri: `mailto:${word}@example.org`, importance: '2', options: [], message: word, by }) as const
  const all = asked({ vacations: [reply()], notices: [notice('one'), notice('two')] })
  let left: Filtered | undefined = all
  for (let taken = 0; left !== undefined; taken++) {
    store.room = 1
    const unsent = await send(left)
    assert.equal(queued.length, taken + 1)
    left = unsent?.left
  }
  const subjects = (await texts()).map((text) => /^Subject: (.*)\r$/m.exec(text)?.[1])
  assert.deepEqual(subjects, ['Auto: Hi', 'one', 'two'])
})
