// SPDX-License-Identifier: Apache-2.0
/** Proves: mail of our own is bounded by owner, by address and as a whole; what is withheld is in the history with its setting. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../clock/clock.ts'
import type { Revision, RevisionId } from '../config/revision.ts'
import { ConfigSchema } from '../config/schema.ts'
import type { MessageId } from '../envelope/message-id.ts'
import { isRecord } from '../history/record-form.ts'
import { silentLog } from '../monitor/log.ts'
import { mailAddress } from '../policy/access/fixture.ts'
import type { TraceRecord } from '../policy/trace.ts'
import type { Counters } from '../state/counters.ts'
import { EmbeddedCounters } from '../state/embedded-counters.ts'
import { createBudget, type OwnMail } from './budget.ts'

const [KIM, LEE, PAT, SAM] = ['kim', 'lee', 'pat', 'sam'].map((name) => mailAddress(`${name}@example.org`))
assert.ok(KIM && LEE && PAT && SAM)
const HOUR = 3_600_000
const MESSAGE = 'M1' as MessageId

function setUp(ownMail: Record<string, unknown>, counters?: Counters) {
  const clock = new ManualClock()
  const traces: TraceRecord[] = []
  const revision: Revision = {
    id: 'r' as RevisionId,
    directory: '/',
    config: ConfigSchema.parse({ server: { hostname: 'mail.example.org' }, listeners: {}, queue: { ownMail } }),
    where: (...path) => ({ by: 'default', setting: path.join('.'), value: '' }),
  }
  const budget = createBudget({
    counters: counters ?? new EmbeddedCounters(clock),
    revision: () => revision,
    clock,
    traces: { append: (record) => void traces.push(record) },
    log: silentLog,
  })
  const asked = (mail: Partial<OwnMail>) => budget({ why: 'vacation', about: MESSAGE, to: [SAM as never], ...mail })
  const times = async (count: number, mail: Partial<OwnMail>): Promise<number> => {
    let sent = 0
    for (let i = 0; i < count; i++) if ((await asked(mail)).length > 0) sent += 1
    return sent
  }
  return { asked, times, clock, traces }
}

test('by owner, whoever gets it; the window over, anew', async () => {
  const { times, clock } = setUp({ perOwner: 3, perAddress: 100 })
  assert.equal(await times(5, { owner: KIM }), 3)
  assert.equal(await times(5, { owner: KIM, to: [PAT] }), 0)
  assert.equal(await times(5, { owner: LEE }), 3)
  clock.advance(HOUR)
  assert.equal(await times(5, { owner: KIM }), 3)
})

test('by address, whoever asks; the others of a notification still get it', async () => {
  const { times, asked } = setUp({ perAddress: 2 })
  assert.equal(await times(1, { owner: KIM }), 1)
  assert.equal(await times(3, { owner: LEE }), 1)
  assert.deepEqual(await asked({ owner: LEE, to: [SAM, PAT] }), [PAT])
})

test('all together; delivery notices count, and go out nevertheless', async () => {
  const { times } = setUp({ total: 3, noticesPerAddress: 100 })
  assert.equal(await times(2, { why: 'failure' }), 2)
  assert.equal(await times(3, { owner: KIM }), 1)
  assert.equal(await times(3, { why: 'failure' }), 3)
})

test('delivery notices by sender, and what filters ask for does not use them up', async () => {
  const { times } = setUp({ noticesPerAddress: 2 })
  assert.equal(await times(3, { owner: KIM }), 3)
  assert.equal(await times(3, { why: 'failure' }), 2)
  assert.equal(await times(3, { why: 'delay', to: [PAT] }), 2)
})

test('notices of success and of delay use up nothing that is there for failures', async () => {
  const { times } = setUp({ noticesPerAddress: 2 })
  assert.equal(await times(3, { why: 'success' }), 2)
  assert.equal(await times(3, { why: 'delay' }), 2)
  assert.equal(await times(1, { why: 'failure' }), 1)
  assert.equal(await times(2, { why: 'reject' }), 1)
})

for (const { limit, mail, count, reason } of [
  {
    limit: 'perOwner',
    mail: { owner: KIM },
    count: 2,
    reason: /^enough for scripts of kim@example\.org: 1 messages in 60/,
  },
  { limit: 'perAddress', mail: { owner: KIM }, count: 2, reason: /^enough for sam@example\.org: 1 messages in 60/ },
  { limit: 'total', mail: { owner: KIM }, count: 2, reason: /^enough for all together: 1 messages in 60/ },
  {
    limit: 'noticesPerAddress',
    mail: { why: 'failure' },
    count: 2,
    reason: /^enough for sam@example\.org: 1 messages/,
  },
] as const)
  test(`what is withheld by ${limit} is in the history of the message`, async () => {
    const { times, traces } = setUp({ [limit]: 1 })
    assert.equal(await times(count, mail), 1)
    const [record, ...more] = traces
    assert.deepEqual(more, [])
    assert.ok(record?.record === 'withheld' && isRecord(JSON.parse(JSON.stringify(record))))
    assert.equal(record.id, MESSAGE)
    assert.deepEqual(record.to, [SAM])
    assert.match(record.reason, reason)
    assert.deepEqual(record.by, { by: 'default', setting: `queue.ownMail.${limit}`, value: '' })
  })

test('a memory that is away puts off what filters ask for, and keeps no delivery notice back', async () => {
  const { asked, times } = setUp({}, { count: () => ({ kind: 'defer', cause: 'away' }) })
  await assert.rejects(asked({ owner: KIM }), /away/)
  assert.equal(await times(3, { why: 'failure' }), 3)
})
