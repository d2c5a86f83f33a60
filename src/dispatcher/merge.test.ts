// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { QueueRow } from '../control/protocol.ts'
import { allOf, checksOf, listOf, oneOf, shapeOf, sumOf } from './merge.ts'

const row = (id: string, receivedAt: number): QueueRow => ({
  id,
  receivedAt,
  sender: '',
  recipient: 'kim@example.org',
  channel: 'tcp_local',
  state: 'queued',
  size: 1,
  attempts: 0,
})

test('lists are one list, oldest first, within the limit', () => {
  const lists = [
    { rows: [row('A', 1), row('D', 4)], more: false },
    { rows: [row('B', 2), row('C', 4)], more: false },
  ]
  const ids = (limit: number) => {
    const { rows, more } = listOf(lists, limit)
    return [rows.map(({ id }) => id).join(''), more]
  }
  assert.deepEqual(ids(10), ['ABCD', false])
  assert.deepEqual(ids(3), ['ABC', true])
  assert.equal(listOf([{ rows: [], more: true }], 3).more, true)
})

test('groups of one reason are one group', () => {
  const group = { channel: 'tcp_local', domain: 'example.org', state: 'queued', reason: 'down' } as const
  const { groups } = shapeOf([
    { groups: [{ ...group, recipients: 1, oldestAt: 5, nextAt: 9 }] },
    {
      groups: [
        { ...group, recipients: 2, oldestAt: 3, nextAt: 8 },
        { ...group, reason: 'other', recipients: 7, oldestAt: 1 },
      ],
    },
  ])
  assert.deepEqual(groups, [
    { ...group, reason: 'other', recipients: 7, oldestAt: 1 },
    { ...group, recipients: 3, oldestAt: 3, nextAt: 8 },
  ])
})

test('counts add up; the first refusal counts for all', () => {
  assert.deepEqual(sumOf([{ recipients: 2 }, { recipients: 3 }]), { recipients: 5 })
  assert.deepEqual(allOf<'queue.retry'>([{ ok: true, result: { recipients: 2 } }]), [{ recipients: 2 }])
  const refused = { ok: false, code: 'bad-request', message: 'there is no channel x' } as const
  assert.throws(() => allOf<'queue.reroute'>([{ ok: true, result: { recipients: 0 } }, refused]), {
    code: 'bad-request',
    message: refused.message,
  })
})

test('what one worker has is the answer; what none has is not found, unless one failed', () => {
  const none = { ok: false, code: 'not-found', message: 'X is not in the queue' } as const
  const has = { ok: true, result: { message: 'here' } } as const
  const fault = { ok: false, code: 'internal', message: 'the disk' } as const
  assert.deepEqual(oneOf<'queue.show'>([none, has]), { message: 'here' })
  assert.throws(() => oneOf<'queue.show'>([none, none]), { code: 'not-found' })
  assert.throws(() => oneOf<'queue.show'>([none, fault]), { code: 'internal' })
  assert.throws(() => oneOf<'queue.show'>([]), { code: 'not-found' })
})

test('a check is fine when all are; else it says whose is not', () => {
  const { checks } = checksOf([
    { worker: 0, result: { checks: [{ name: 'ledger', fine: true, detail: 'balanced' }] } },
    { worker: 1, result: { checks: [{ name: 'ledger', fine: false, detail: 'one lost' }] } },
  ])
  assert.deepEqual(checks, [{ name: 'ledger', fine: false, detail: 'worker 1: one lost' }])
})
