// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { address, delivery } from '../channels/fixture.ts'
import { accepted } from '../envelope/ledger.ts'
import { boundedExpansion } from './bounded-expansion.ts'
import type { QueuedMessage } from './store.ts'

/** A message whose recipients each came from the one before. */
function chain(length: number): QueuedMessage {
  const { envelope, recipients } = delivery(
    Array.from({ length }, (_, i) => ({
      address: address(`a${i}@example.org`),
      ...(i === 0 ? {} : { parent: i - 1 }),
    })),
  )
  return {
    envelope,
    recipients: new Map(recipients.map((recipient) => [recipient.index, accepted(recipient, 0, false)])),
  }
}

test('delivery-time expansion ends: nobody twice, and not too deep', () => {
  const message = chain(4)
  const [first, , , last] = [...message.recipients.values()].map(({ recipient }) => recipient)
  const fresh = delivery(['new@example.org', 'NEW@example.org', 'a0@example.org']).recipients
  assert.ok(first !== undefined && last !== undefined)
  const outcome = { kind: 'expanded', into: fresh } as const
  const once = boundedExpansion(outcome, last, message, 4)
  assert.deepEqual(once.kind === 'expanded' && once.into.map((member) => member.address), ['new@example.org'])
  const deep = boundedExpansion(outcome, last, message, 3)
  assert.deepEqual(deep.kind === 'failed' && deep.status, '5.4.6')
  assert.equal(boundedExpansion(outcome, first, message, 1).kind, 'expanded')
})
