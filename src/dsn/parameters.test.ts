// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MailAddress } from '../address/address.ts'
import type { Notify } from '../envelope/envelope.ts'
import { expansionCause, type NoticeCause, noticeDue, notifyOfMembers } from './parameters.ts'

const CAUSES: NoticeCause[] = ['failure', 'delay', 'delivered', 'expanded', 'relayed-without-dsn', 'relayed-with-dsn']

const rows: { notify: Notify | undefined; due: NoticeCause[] }[] = [
  { notify: undefined, due: ['failure', 'delay'] },
  { notify: 'never', due: [] },
  { notify: ['failure'], due: ['failure'] },
  { notify: ['delay'], due: ['delay'] },
  { notify: ['success'], due: ['delivered', 'expanded', 'relayed-without-dsn'] },
  {
    notify: ['success', 'failure', 'delay'],
    due: ['failure', 'delay', 'delivered', 'expanded', 'relayed-without-dsn'],
  },
]

for (const { notify, due } of rows) {
  test(`NOTIFY ${notify ?? 'absent'}`, () => {
    const recipient = notify === undefined ? {} : { notify }
    assert.deepEqual(
      CAUSES.filter((cause) => noticeDue(recipient, 'a@example.org' as MailAddress, cause)),
      due,
    )
    assert.deepEqual(
      CAUSES.filter((cause) => noticeDue(recipient, null, cause)),
      [],
      'the null sender',
    )
  })
}

const SENDER = 'owner@example.org' as MailAddress
for (const { name, members, want } of [
  { name: 'one', members: [{}], want: undefined },
  { name: 'nobody', members: [], want: undefined },
  { name: 'one sent on', members: [{ sender: SENDER, senderRewritten: true as const }], want: undefined },
  { name: 'several', members: [{}, {}], want: 'expanded' },
  { name: 'somebody and a list', members: [{}, { sender: SENDER }], want: 'expanded' },
  { name: 'a list with an owner', members: [{ sender: SENDER }], want: 'delivered' },
])
  test(`an address that stands for ${name}: ${want ?? 'nothing'} is reported`, () =>
    assert.equal(expansionCause(members), want))

test('those behind an expanded address do not report success again (RFC 3461 §5.2.7)', () => {
  assert.equal(notifyOfMembers('never'), 'never')
  assert.equal(notifyOfMembers(['success']), 'never')
  assert.deepEqual(notifyOfMembers(['success', 'failure', 'delay']), ['failure', 'delay'])
  assert.deepEqual(notifyOfMembers(['failure']), ['failure'])
})
