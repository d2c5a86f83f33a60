// SPDX-License-Identifier: Apache-2.0
/** Proves: filters that have not been asked are asked when the recipient's turn comes, and what they said is recorded first. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Recipient } from '../../envelope/envelope.ts'
import { type Filtered, nothingFiltered } from '../../envelope/filtered.ts'
import { accepted } from '../../envelope/ledger.ts'
import { silentLog } from '../../monitor/log.ts'
import type { LateFilters } from '../../policy/filters/late.ts'
import { anEnvelope, aRecipient } from '../store.suite.ts'
import { beforeDelivery } from './before-delivery.ts'
import { beginningOf } from './copies.ts'

const CONTENT = 'Subject: hi\r\n\r\ntext\r\n'
const MAX = aRecipient(1, {
  user: 'max@example.org',
  unfiltered: true,
  copy: { flags: [], redirected: true, edits: [{ edit: 'prepend', field: 'Resent-To: max\r\n' }] },
})
const FILTERED: Filtered = { ...nothingFiltered([]), keep: { flags: [] } }

async function before(recipient: Recipient, late: (recipient: Recipient) => LateFilters) {
  const seen: string[] = []
  const carried: number[] = []
  const envelope = anEnvelope({ size: CONTENT.length })
  const state = accepted(recipient, 0, false)
  const came = await beforeDelivery(
    {
      store: {
        async *content() {
          yield Buffer.from(CONTENT)
        },
      },
      log: silentLog,
      carryOut: async (_, { recipient: one }) => {
        carried.push(one.index)
        return undefined
      },
      filterLate: async (_, one, content) => {
        seen.push((await beginningOf(content, 1000)).toString())
        return late(one)
      },
    },
    { envelope, recipients: new Map([[recipient.index, state]]) },
    state,
  )
  return { ...came, seen, carried }
}

test('asked about the copy this recipient would get; what they decide replaces it, and no longer counts as sent on', async () => {
  const { outcome, seen } = await before(MAX, (one) => ({ decided: { ...one, filtered: FILTERED }, steps: [] }))
  assert.deepEqual(seen, [`Resent-To: max\r\n${CONTENT}`])
  assert.ok(outcome?.kind === 'expanded' && outcome.itself)
  const [decided] = outcome.into
  const { redirected: _, ...copy } = MAX.copy ?? { flags: [] }
  assert.deepEqual([decided?.filtered, decided?.unfiltered, decided?.copy], [FILTERED, undefined, copy])
})

test('nothing decided: delivered as it is; not known today: later', async () => {
  assert.deepEqual((await before(MAX, () => ({ steps: [] }))).outcome, undefined)
  const { outcome } = await before(MAX, () => ({ defer: 'directory away', steps: [] }))
  assert.equal(outcome?.kind, 'deferred')
  const failed = await before(MAX, () => assert.fail('broken'))
  assert.equal(failed.outcome?.kind, 'deferred')
})

test('an address on its way to being somebody has no filters yet; one that was decided about is carried out', async () => {
  const { user: _, ...nobody } = MAX
  const late = () => assert.fail('nobody is asked')
  assert.deepEqual((await before(nobody, late)).outcome, undefined)
  assert.deepEqual((await before(aRecipient(1), late)).carried, [])
  assert.deepEqual((await before(aRecipient(1, { filtered: FILTERED }), late)).carried, [1])
})
