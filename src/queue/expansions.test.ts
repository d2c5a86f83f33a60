// SPDX-License-Identifier: Apache-2.0
/** Proves: expansion at delivery time ends, nobody gets a message twice, and nobody is left without one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { address, delivery } from '../channels/fixture.ts'
import { ConfigSchema } from '../config/schema.ts'
import type { Recipient } from '../envelope/envelope.ts'
import { nothingFiltered } from '../envelope/filtered.ts'
import { accepted, applyEvent, type RecipientState } from '../envelope/ledger.ts'
import type { Outcome } from '../envelope/outcome.ts'
import { Expansions } from './expansions.ts'
import { eventsOf } from './outcome-events.ts'
import { anEnvelope, aRecipient } from './store.suite.ts'

function message(recipients: readonly Recipient[]) {
  return {
    envelope: anEnvelope({ recipients }),
    recipients: new Map(recipients.map((recipient) => [recipient.index, accepted(recipient, 0, false)])),
  }
}

/** Recipients that each came from the one before. */
const chain = (length: number): readonly Recipient[] =>
  Array.from({ length }, (_, i) =>
    aRecipient(i, { address: address(`a${i}@example.org`), ...(i === 0 ? {} : { parent: i - 1 }) }),
  )

const { index: _, ...member } = aRecipient(0)
const to = (name: string) => ({ ...member, address: address(`${name}@example.org`) })
const filed = (mailbox: string, detail: string) => ({ ...to('user'), detail, copy: { flags: [], mailbox } })
const sentOn = (name: string) => ({ ...to(name), copy: { flags: [], redirected: true } as const })

test('delivery-time expansion ends: nobody twice, and not too deep', () => {
  const recipients = chain(4)
  const [first, , , last] = recipients
  const { recipients: fresh } = delivery(['new@example.org', 'NEW@example.org', 'a0@example.org'])
  assert.ok(first !== undefined && last !== undefined)
  const bound = (recipient: Recipient, maxDepth: number) =>
    new Expansions(message(recipients), { aliasDepth: maxDepth, expansion: 100 }).bound(
      { kind: 'expanded', into: fresh },
      recipient,
    )
  const { outcome: once, firstIndex } = bound(last, 4)
  assert.deepEqual(once.kind === 'expanded' && once.into.map((one) => one.address), ['new@example.org'])
  assert.deepEqual([firstIndex, once.kind === 'expanded' && once.also], [4, [4, 0]])
  const { outcome: deep } = bound(last, 3)
  assert.deepEqual(deep.kind === 'failed' && deep.status, '5.4.6')
  const stays = { kind: 'expanded', into: [{ ...last, copy: { flags: [], mailbox: 'X' } }] } as const
  assert.equal(
    new Expansions(message(recipients), { aliasDepth: 3, expansion: 100 }).bound(stays, last).outcome.kind,
    'expanded',
  )
  assert.equal(bound(first, 1).outcome.kind, 'expanded')
})

for (const { name, from, into, want } of [
  { name: 'somebody new', from: 0, into: [sentOn('new')], want: 'expanded new@example.org' },
  { name: 'a recipient', from: 0, into: [sentOn('r1')], want: 'duplicate of 1' },
  { name: 'a recipient, by another spelling of the domain', from: 0, into: [sentOn('R1')], want: 'duplicate of 1' },
  {
    name: 'two recipients and a new one',
    from: 0,
    into: [sentOn('r1'), sentOn('new')],
    want: 'expanded new@example.org, also 1',
  },
  { name: 'an alias for a recipient', from: 0, into: [to('r1')], want: 'duplicate of 1' },
  { name: 'an alias for itself', from: 0, into: [to('r0')], want: '5.4.6' },
  { name: 'back to where it came from', from: 2, into: [sentOn('r0')], want: 'expanded r0@example.org' },
  {
    name: 'a mailbox that another subaddress of the user led to',
    from: 0,
    into: [filed('X', 'a'), filed('X', 'b'), filed('Y', 'b')],
    want: 'expanded user@example.org,user@example.org, also 3',
  },
  { name: 'twice', from: 0, into: [sentOn('new'), sentOn('new')], want: 'expanded new@example.org, also 3' },
])
  test(`expanded into ${name}: ${want}`, () => {
    const all = [aRecipient(0), aRecipient(1), aRecipient(2, { parent: 0 })]
    const recipient = all[from]
    assert.ok(recipient !== undefined)
    const { outcome } = new Expansions(message(all), { aliasDepth: 9, expansion: 100 }).bound(
      { kind: 'expanded', into },
      recipient,
    )
    const said =
      outcome.kind === 'expanded'
        ? `expanded ${outcome.into.map((one) => one.address)}${outcome.also ? `, also ${outcome.also}` : ''}`
        : outcome.kind === 'duplicate'
          ? `duplicate of ${outcome.of}`
          : outcome.kind === 'failed' && outcome.status
    assert.equal(said, want)
  })

const { queue } = ConfigSchema.parse({ server: { hostname: 'mail.example.org' }, listeners: {} })

interface User {
  /** A copy of what is redirected, or of what is not. */
  readonly keeps: boolean
  readonly redirects: readonly number[]
}

/** Users 0 to 3, some of them on the envelope, redirect to each other; carried out in any order, some together. */
function settled(on: readonly number[], users: readonly User[], pick: () => number) {
  const decided = { filtered: nothingFiltered([]) }
  const filterOf = ({ address: of }: Pick<Recipient, 'address'>): User => {
    const { redirects = [], keeps = true } = users[Number(of[1])] ?? {}
    return { redirects, keeps: keeps || redirects.length === 0 }
  }
  const start = on.map((user, index) => {
    const bare = { ...to(`u${user}`), index }
    return filterOf(bare).redirects.length === 0 ? bare : { ...bare, ...decided }
  })
  const came = (recipient: Recipient): Outcome => {
    const { index: __, parent: ___, unfiltered, filtered, ...place } = recipient
    const { keeps, redirects } = filterOf(recipient)
    if (filtered !== undefined) {
      const kept = keeps ? [{ ...place, copy: { flags: [] } }] : []
      const sent = redirects.map((user) => ({ ...sentOn(`u${user}`), unfiltered: true as const }))
      return { kind: 'expanded', into: [...kept, ...sent] }
    }
    if (unfiltered !== true || redirects.length === 0) return { kind: 'delivered', where: 'here' }
    return { kind: 'expanded', into: [{ ...place, copy: { flags: [] }, ...decided }], itself: true }
  }
  let states: ReadonlyMap<number, RecipientState> = message(start).recipients
  for (let steps = 0; ; steps++) {
    assert.ok(steps < 200, 'it ends')
    const waiting = [...states.values()].filter(({ state }) => state === 'queued')
    if (waiting.length === 0) return states
    const first = pick() % waiting.length
    const expansions = new Expansions({ envelope: anEnvelope(), recipients: states }, { aliasDepth: 9, expansion: 100 })
    const after = new Map(states)
    for (const state of waiting.slice(first, first + 1 + (pick() % 3))) {
      const { recipient } = state
      const { outcome, firstIndex } = expansions.bound(came(recipient), recipient)
      const common = { now: 1, ageMs: 0, queue, nullSender: false, drawn: 0, expansion: undefined }
      const { event } = eventsOf({ ...common, recipient, state, outcome, nextIndex: firstIndex })
      for (const changed of applyEvent(after, event)) after.set(changed.recipient.index, changed)
    }
    states = after
  }
}

test('what one recipient becomes, at any depth, has an end; what another one became does not count', () => {
  const all = [...chain(4), { ...aRecipient(4), address: address('b@example.org') }]
  const bound = (from: number, count: number) => {
    const into = Array.from({ length: count }, (_, i) => sentOn(`new${i}`))
    const [recipient] = all.slice(from)
    assert.ok(recipient !== undefined)
    return new Expansions(message(all), { aliasDepth: 9, expansion: 5 }).bound({ kind: 'expanded', into }, recipient)
  }
  const statuses = [bound(3, 2), bound(3, 3), bound(4, 5), bound(4, 6)].map(({ outcome }) =>
    outcome.kind === 'failed' ? outcome.status : outcome.kind,
  )
  assert.deepEqual(statuses, ['expanded', '5.5.3', 'expanded', '5.5.3'])
})

test('whoever comes round by another subaddress is not asked again', () => {
  const user = 'kim@example.org'
  const all = [
    aRecipient(0, { address: address(user), user }),
    aRecipient(1, { address: address('lee@example.org'), user: 'lee@example.org', parent: 0 }),
  ]
  const [, recipient] = all
  assert.ok(recipient !== undefined)
  const into = ['a', 'b'].map((detail) => ({ ...sentOn('kim'), user, detail, unfiltered: true as const }))
  const { outcome } = new Expansions(message(all), { aliasDepth: 9, expansion: 9 }).bound(
    { kind: 'expanded', into },
    recipient,
  )
  assert.deepEqual(outcome.kind === 'expanded' && outcome.into.map(({ detail, unfiltered }) => [detail, unfiltered]), [
    ['a', undefined],
    ['b', undefined],
  ])
})

test('two that lead to each other, one of them to a copy as well: nobody is returned', () => {
  const all = [
    aRecipient(0, { address: address('r0@example.org') }),
    aRecipient(1, { address: address('r1@example.org') }),
  ]
  const expansions = new Expansions(message(all), { aliasDepth: 9, expansion: 9 })
  const [first, second] = all
  assert.ok(first !== undefined && second !== undefined)
  const copy = { ...to('r0'), copy: { flags: [], mailbox: 'L' } }
  assert.equal(expansions.bound({ kind: 'expanded', into: [copy, sentOn('r1')] }, first).outcome.kind, 'expanded')
  // Another recipient has its copy: that is the one behind `first`.
  assert.equal(expansions.bound({ kind: 'expanded', into: [], also: [0] }, second).outcome.kind, 'duplicate')
})

const seed = Number(process.env['SEED'] ?? Date.now() % 1e9)
test(`redirects across recipients: each has one copy, and nobody's mail goes nowhere (seed ${seed})`, () => {
  const envelope = fc.uniqueArray(fc.nat(3), { minLength: 1, maxLength: 4 })
  const user = fc.record({ keeps: fc.boolean(), redirects: fc.uniqueArray(fc.nat(3), { maxLength: 3 }) })
  const users = fc.array(user, { minLength: 4, maxLength: 4 })
  fc.assert(
    fc.property(envelope, users, fc.array(fc.nat(5), { minLength: 1 }), (on, each, picks) => {
      let at = 0
      const states = settled(on, each, () => picks[at++ % picks.length] ?? 0)
      const all = [...states.values()]
      const delivered = all.filter(({ state }) => state === 'delivered').map(({ recipient }) => recipient)
      const places = delivered.map((recipient) => recipient.address)
      assert.equal(new Set(places).size, places.length)
      assert.ok(all.every(({ state }) => state !== 'bounced'))
      const ends = (index: number, seen = new Set<number>()): boolean => {
        if (seen.has(index)) return false
        seen.add(index)
        const { state, last } = states.get(index) ?? {}
        const also = last === undefined ? [] : 'of' in last ? last.of : 'also' in last ? (last.also ?? []) : []
        const born = all.filter(({ recipient }) => recipient.parent === index).map(({ recipient }) => recipient.index)
        return state === 'delivered' || [...also, ...born].some((next) => ends(next, seen))
      }
      for (const index of on.keys()) assert.ok(ends(index), `recipient ${index}`)
    }),
    { seed, numRuns: 2000 },
  )
})
