// SPDX-License-Identifier: Apache-2.0
/** Proves: each thing a filter can decide becomes the outcome that carries it out, and nothing is sent for what waits. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Filtered, nothingFiltered } from '../../envelope/filtered.ts'
import { accepted, applyEvent, type RecipientState } from '../../envelope/ledger.ts'
import { mailAddress } from '../../policy/access/fixture.ts'
import type { Placement } from '../../policy/own-mail.ts'
import { aRecipient } from '../store.suite.ts'
import { statesAfter } from '../totals.ts'
import { carryOut } from './carry-out.ts'

const OWNER = mailAddress('kim@example.org')
const NOTHING = nothingFiltered([OWNER])
const by = { level: 'personal', script: 'main', line: 1, column: 1 } as const

async function carried(
  filtered: Filtered | undefined,
  more: Partial<RecipientState> = {},
  placement?: Placement,
  unsent?: Filtered,
) {
  const sent: Filtered[] = []
  const recipient = { ...aRecipient(3), ...(filtered === undefined ? {} : { filtered }) }
  const outcome = await carryOut(
    { ...accepted(recipient, 0, false), ...more },
    {
      now: () => 0,
      unique: () => 'u',
      send: async (one) => {
        sent.push(one)
        return unsent
      },
      place: async (address) =>
        placement ?? { recipients: [{ address, given: address, channel: recipient.channel }], steps: [] },
    },
  )
  return { outcome, sent: sent.length }
}

test('no filter: delivered as it is', async () => {
  assert.deepEqual(await carried(undefined), { outcome: undefined, sent: 0 })
})

test('held first, before anything is sent; let go, it goes on', async () => {
  const held = { ...NOTHING, keep: { flags: [] }, held: { reason: 'why' } }
  assert.deepEqual(await carried(held), { outcome: { kind: 'held', reason: 'why' }, sent: 0 })
  const before = accepted({ ...aRecipient(3), filtered: held }, 0, false)
  const base = { recipient: 3, at: 1 }
  const wait = { ...base, event: 'held', reason: 'why' } as const
  const letGo = { ...base, event: 'released' } as const
  const later = { ...base, event: 'deferred', status: '4.3.0', reason: 'x', nextAt: 2 } as const
  const moved = { ...base, event: 'rerouted', channel: 'tcp_local' } as const
  for (const { name, events, want } of [
    { name: 'let go', events: [wait, letGo], want: 'expanded' },
    { name: 'let go and put off since', events: [wait, letGo, later, later], want: 'expanded' },
    { name: 'moved while it was held', events: [wait, moved, letGo, later], want: 'expanded' },
    { name: 'held again by an operator', events: [wait, letGo, { ...wait, reason: 'mine' }, letGo], want: 'expanded' },
    { name: 'held before by an operator', events: [{ ...wait, reason: 'mine' }, letGo], want: 'held' },
    { name: 'tried at once, by an operator', events: [letGo], want: 'held' },
  ] as const) {
    const state = statesAfter(new Map([[3, before]]), events).get(3)
    // As the queue writes and reads it.
    const { outcome } = await carried(undefined, JSON.parse(JSON.stringify(state)))
    assert.equal(outcome?.kind, want, name)
  }
})

test('held by a version that did not take the wish away with it: let go, it goes on', async () => {
  const held = { ...NOTHING, keep: { flags: [] }, held: { reason: 'why' } }
  const recipient = { ...aRecipient(3), filtered: held }
  const last = { recipient: 3, at: 1, event: 'held', reason: 'why' } as const
  const written: RecipientState = { ...accepted(recipient, 0, false), state: 'held', last }
  const [letGo] = applyEvent(new Map([[3, written]]), { recipient: 3, at: 2, event: 'released' })
  assert.equal((await carried(undefined, letGo)).outcome?.kind, 'expanded')
})

test('refused: a failure that the sender is told of, on one line', async () => {
  const { outcome } = await carried({ ...NOTHING, refused: { how: 'reject', reason: 'No\r\nmore.' } })
  const failed = { kind: 'failed', status: '5.7.1', reason: 'refused by the recipient: No more.' }
  // What `reject` says was sent already, and a notice would say it again.
  assert.deepEqual(outcome, { ...failed, told: true })
  const ereject = await carried({ ...NOTHING, refused: { how: 'ereject', reason: 'No\r\nmore.' } })
  assert.deepEqual(ereject.outcome, failed)
})

test('refused beside copies: both', async () => {
  const filed = { mailbox: 'a', flags: [], create: false, by }
  const { outcome } = await carried({ ...NOTHING, fileinto: [filed], refused: { how: 'refuse', reason: 'no' } })
  assert.ok(outcome?.kind === 'expanded')
  const [copy, rest] = outcome.into
  assert.equal(copy?.copy?.mailbox, 'a')
  assert.deepEqual([rest?.filtered?.refused?.reason, rest?.filtered?.fileinto], ['no', []])
})

test('thrown away: left to the channel that names the rule, and what is to be sent is sent', async () => {
  const dropped = { how: 'discard', rule: 'r' } as const
  assert.deepEqual(await carried({ ...NOTHING, dropped }), { outcome: undefined, sent: 1 })
})

test('what cannot be sent now: it waits with what is left, whatever else is to be done', async () => {
  const left = { ...NOTHING, keep: { flags: ['left'] } }
  const refused = { how: 'reject', reason: 'no' } as const
  const dropped = { how: 'discard', rule: 'r' } as const
  for (const filtered of [{ keep: { flags: [] } }, { refused }, { dropped }]) {
    const { outcome } = await carried({ ...NOTHING, ...filtered }, {}, undefined, left)
    assert.ok(outcome?.kind === 'deferred')
    assert.equal(outcome.left, left)
  }
  const base = { recipient: 3, at: 1 }
  const before = accepted({ ...aRecipient(3), filtered: NOTHING }, 0, false)
  const event = { ...base, event: 'deferred', status: '4.3.0', reason: 'x', nextAt: 2 } as const
  const [whole] = applyEvent(new Map([[3, before]]), event)
  assert.equal(whole?.recipient.filtered, NOTHING)
  const [part] = applyEvent(new Map([[3, before]]), { ...event, left })
  assert.deepEqual([part?.recipient.filtered, part?.last], [left, event])
})

test('thrown away with an answer: recorded before it is thrown, so that a channel that defers has none sent again', async () => {
  const notice = { uri: 'mailto:x@example.org', importance: '2', options: [], by } as const
  const { outcome } = await carried({ ...NOTHING, dropped: { how: 'discard', rule: 'r' }, notices: [notice] })
  assert.ok(outcome?.kind === 'expanded')
  const { index: _, ...plain } = aRecipient(3)
  assert.deepEqual(outcome.into, [plain])
})

test('what another recipient has stands for a copy; thrown away besides, it does not come back', async () => {
  const dropped = { how: 'discard', rule: 'r' } as const
  for (const more of [{}, { dropped }, { keep: { flags: [] } }]) {
    const { outcome } = await carried({ ...NOTHING, merged: [1], ...more })
    assert.ok(outcome?.kind === 'expanded')
    assert.deepEqual([outcome.into.length, outcome.also], ['keep' in more ? 1 : 0, [1]])
  }
})

test('each copy is a recipient with its own flags, edits and place', async () => {
  const { outcome } = await carried({
    ...NOTHING,
    edits: [{ edit: 'prepend', field: 'X: 1\r\n' }],
    keep: { flags: ['\\Seen'] },
    fileinto: [
      { mailbox: 'a', flags: [], create: true, edits: [], by },
      { mailbox: 'b', flags: [], create: false, address: mailAddress('kim+b@example.org'), by },
    ],
  })
  assert.ok(outcome?.kind === 'expanded')
  const edits = [{ edit: 'prepend', field: 'X: 1\r\n' }]
  assert.deepEqual(
    outcome.into.map(({ copy }) => copy),
    [
      { flags: ['\\Seen'], edits },
      { flags: [], mailbox: 'a', create: true, by },
      { flags: [], edits, by },
    ],
  )
  assert.equal(outcome.into[2]?.address, 'kim+b@example.org')
  assert.ok(outcome.into.every(({ filtered }) => filtered === undefined))
})

test('a subaddress that the mail came with gives way to the folder that the address was rewritten to', async () => {
  const address = mailAddress('kim+b@example.org')
  const own = aRecipient(3).address
  const filed = { mailbox: 'b', flags: [], create: true, by }
  for (const { more, want } of [
    { more: { address, detail: 'b' }, want: { address: own, detail: 'b', mailbox: 'b' } },
    { more: { address }, want: { address, detail: undefined, mailbox: undefined } },
    { more: {}, want: { address: own, detail: 'old', mailbox: 'b' } },
  ]) {
    const { outcome } = await carried(undefined, {
      recipient: { ...aRecipient(3), detail: 'old', filtered: { ...NOTHING, fileinto: [{ ...filed, ...more }] } },
    })
    assert.ok(outcome?.kind === 'expanded')
    const [one] = outcome.into
    assert.deepEqual({ address: one?.address, detail: one?.detail, mailbox: one?.copy?.mailbox }, want)
  }
})

test('redirected: resent, by where the address leads; where that is not known, channel l finds out', async () => {
  const to = mailAddress('far@example.net')
  const redirects = [{ address: to, resentFrom: OWNER, by }]
  const { outcome } = await carried({ ...NOTHING, redirects })
  assert.ok(outcome?.kind === 'expanded')
  const [one] = outcome.into
  assert.equal(one?.address, to)
  assert.deepEqual([one?.copy?.redirected, one?.copy?.by], [true, by])
  const [edit] = one?.copy?.edits ?? []
  assert.match(
    edit?.edit === 'prepend' ? edit.field : '',
    /^Resent-From: kim@example\.org\r\nResent-To: far@example\.net\r\n/,
  )
  const problem = { status: '4.4.3', reason: 'no', temporary: true }
  const later = await carried({ ...NOTHING, redirects }, {}, { recipients: [], steps: [], problem })
  assert.ok(later.outcome?.kind === 'expanded')
  assert.equal(later.outcome.into[0]?.channel, 'l')
})
