// SPDX-License-Identifier: Apache-2.0
/**
 * Proves: a duplicate is remembered when all copies are delivered and not before; what is returned is free again; what
 * waits keeps nobody away for long (RFC 7352 §3).
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../clock/clock.ts'
import type { ChannelName } from '../../envelope/channel-name.ts'
import type { Envelope, Recipient } from '../../envelope/envelope.ts'
import { type Filtered, nothingFiltered } from '../../envelope/filtered.ts'
import { accepted, applyEvent, type LedgerEvent, type RecipientState } from '../../envelope/ledger.ts'
import type { MessageId } from '../../envelope/message-id.ts'
import { silentLog } from '../../monitor/log.ts'
import { mailAddress } from '../../policy/access/fixture.ts'
import { EmbeddedCounters } from '../../state/embedded-counters.ts'
import type { QueuedMessage } from '../store.ts'
import { CLAIM_MS, claimDuplicate } from './duplicates.ts'
import { rememberFulfilled } from './remembering.ts'

const OWNER = mailAddress('kim@example.org')
const MESSAGE = 'M1' as MessageId
const HOUR = 3_600_000
const WHICH = { owner: OWNER, id: 'x' }
const remember = [{ id: 'x', seconds: 7200 }]
const at = 0

const recipient = (index: number, more: Partial<Recipient> = {}): Recipient => ({
  index,
  address: OWNER,
  given: OWNER,
  channel: 'ims-ms' as ChannelName,
  ...more,
})
const filtered = (more: Partial<Filtered> = {}): Filtered => ({ ...nothingFiltered([OWNER]), remember, ...more })
const expanded = (...into: readonly Recipient[]): LedgerEvent => ({
  event: 'expanded',
  recipient: 0,
  at,
  into: into.map((one) => ({ ...one, parent: 0 })),
})
const delivered = (index: number): LedgerEvent => ({ event: 'delivered', recipient: index, at, where: 'box' })
const bounced = (index: number): LedgerEvent => ({
  event: 'bounced',
  recipient: index,
  at,
  status: '5.0.0',
  reason: '',
})
const deferred = (index: number, nextAt: number): LedgerEvent => ({
  event: 'deferred',
  recipient: index,
  at,
  status: '4.0.0',
  reason: '',
  nextAt,
})
const refusal = recipient(3, { filtered: { ...nothingFiltered([OWNER]), refused: { how: 'reject', reason: '' } } })

/** Plays the events, with what is remembered after each as the runner would have it. */
async function play(events: readonly LedgerEvent[], root = filtered()) {
  const clock = new ManualClock()
  const counters = new EmbeddedCounters(clock)
  const claim = async (by: string): Promise<string> => {
    const answer = await claimDuplicate(counters, WHICH, by)
    return answer.kind === 'found' ? answer.value : answer.kind
  }
  assert.equal(await claim(MESSAGE), 'free')
  let recipients: ReadonlyMap<number, RecipientState> = new Map([
    [0, accepted(recipient(0, { filtered: root }), at, false)],
    [9, accepted(recipient(9), at, false)],
  ])
  for (const event of events) {
    const changed = applyEvent(recipients, event).map((state) => [state.recipient.index, state] as const)
    recipients = new Map([...recipients, ...changed])
    const message: QueuedMessage = { envelope: { id: MESSAGE } as Envelope, recipients }
    await rememberFulfilled(message, [event.recipient], { counters, log: silentLog })
  }
  return { clock, counters, claim }
}

for (const { name, events, root, want } of [
  { name: 'nothing has happened yet', events: [], want: 'busy' },
  { name: 'delivered as it stands', events: [delivered(0)], want: 'known' },
  { name: 'returned', events: [bounced(0)], want: 'free' },
  {
    name: 'thrown away by the script',
    events: [{ event: 'discarded', recipient: 0, at, rule: 'r' } as const],
    want: 'known',
  },
  {
    name: 'one copy delivered, the other not yet',
    events: [expanded(recipient(1), recipient(2)), delivered(1)],
    want: 'busy',
  },
  { name: 'both delivered', events: [expanded(recipient(1), recipient(2)), delivered(1), delivered(2)], want: 'known' },
  {
    name: 'one delivered, one returned',
    events: [expanded(recipient(1), recipient(2)), delivered(1), bounced(2)],
    want: 'free',
  },
  {
    name: 'returned first, the other delivered',
    events: [expanded(recipient(1), recipient(2)), bounced(1), delivered(2)],
    want: 'free',
  },
  {
    name: 'a copy, and the refusal told',
    events: [expanded(recipient(1), refusal), bounced(3), delivered(1)],
    want: 'known',
  },
  {
    name: 'a copy became others',
    events: [
      expanded(recipient(1)),
      { event: 'expanded', recipient: 1, at, into: [recipient(2, { parent: 1 })] } as const,
      delivered(2),
    ],
    want: 'known',
  },
  {
    name: 'sent on, and returned there',
    events: [{ event: 'redirected', recipient: 0, at, into: [recipient(1, { parent: 0 })] } as const, bounced(1)],
    want: 'free',
  },
  {
    name: 'sent on to who is a recipient already',
    events: [{ event: 'duplicate', recipient: 0, at, of: [5] } as const],
    want: 'known',
  },
  {
    name: 'somebody else has it in its place, who got it',
    events: [expanded(recipient(1)), { event: 'duplicate', recipient: 1, at, of: [9] } as const, delivered(9)],
    want: 'known',
  },
  {
    name: 'somebody else has it in its place, and not yet',
    events: [expanded(recipient(1)), { event: 'duplicate', recipient: 1, at, of: [9] } as const],
    want: 'busy',
  },
  {
    name: 'somebody else had it in its place, and it was returned',
    events: [expanded(recipient(1)), { event: 'duplicate', recipient: 1, at, of: [9] } as const, bounced(9)],
    want: 'free',
  },
  {
    name: 'refused alone',
    events: [bounced(0)],
    root: filtered({ refused: { how: 'reject', reason: '' } }),
    want: 'free',
  },
] as const)
  test(`${name}: ${want} for another message`, async () => {
    const { claim } = await play(events, root)
    assert.equal(await claim('M2'), want)
  })

test('what waits for days keeps its twin away for the first minutes alone', async () => {
  const { clock, claim } = await play([deferred(0, 3 * HOUR)])
  clock.advance(CLAIM_MS - 1)
  assert.equal(await claim('M2'), 'busy')
  clock.advance(1)
  assert.equal(await claim('M2'), 'free')
})

test('it is forgotten in time, and another owner never knew it', async () => {
  const { clock, claim, counters } = await play([delivered(0)])
  assert.deepEqual(await claimDuplicate(counters, { ...WHICH, owner: 'lee@example.org' }, 'M2'), {
    kind: 'found',
    value: 'free',
  })
  clock.advance(2 * HOUR - 1)
  assert.equal(await claim('M2'), 'known')
  clock.advance(1)
  assert.equal(await claim('M2'), 'free')
})

test('a memory that is away is no reason to deliver twice', async () => {
  const warned: string[] = []
  const state = { ...accepted(recipient(0, { filtered: filtered() }), at, false), state: 'delivered' as const }
  const message: QueuedMessage = { envelope: { id: MESSAGE } as Envelope, recipients: new Map([[0, state]]) }
  await rememberFulfilled(message, [0], {
    counters: { count: () => ({ kind: 'defer', cause: 'away' }) },
    log: { ...silentLog, warn: (event) => void warned.push(event) },
  })
  assert.deepEqual(warned, ['filters.not-remembered'])
})
