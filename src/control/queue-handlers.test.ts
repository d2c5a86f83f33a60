// SPDX-License-Identifier: Apache-2.0
/** Proves: several queues answer as one would. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createIds } from '../envelope/message-id.ts'
import { ControlError, type QueueRow, type ResultOf } from './protocol.ts'
import { oneQueue, type QueueHandlers } from './queue-handlers.ts'

const never = (): never => assert.fail('not asked')
const queue = (own: Partial<QueueHandlers>): QueueHandlers => ({
  'queue.list': never,
  'queue.shape': never,
  'queue.show': never,
  'queue.retry': never,
  'queue.hold': never,
  'queue.release': never,
  'queue.bounce': never,
  'queue.delete': never,
  'queue.reroute': never,
  ...own,
})
const { signal } = new AbortController()
const id = createIds(() => 0, 1).message()

const row = (name: string, receivedAt: number): QueueRow => ({
  id: name,
  receivedAt,
  sender: '',
  recipient: 'kim@example.org',
  channel: 'tcp_local',
  state: 'queued',
  size: 1,
  attempts: 0,
})

test('lists are one list, oldest first, within the limit', async () => {
  const lists: readonly ResultOf['queue.list'][] = [
    { rows: [row('A', 1), row('D', 4)], more: false },
    { rows: [row('B', 2), row('C', 4)], more: false },
  ]
  const one = oneQueue(() => lists.map((list) => queue({ 'queue.list': async () => list })))
  const ids = async (limit: number) => {
    const { rows, more } = await one['queue.list']({ limit }, signal)
    return [rows.map((each) => each.id).join(''), more]
  }
  assert.deepEqual(await ids(10), ['ABCD', false])
  assert.deepEqual(await ids(3), ['ABC', true])
})

test('groups of one reason are one group, the largest first', async () => {
  const group = { channel: 'tcp_local', domain: 'example.org', state: 'queued', reason: 'down' } as const
  const other = { ...group, reason: 'other', recipients: 7, oldestAt: 1 }
  const shapes: readonly ResultOf['queue.shape'][] = [
    { groups: [{ ...group, recipients: 1, oldestAt: 5, nextAt: 9 }] },
    { groups: [{ ...group, recipients: 2, oldestAt: 3, nextAt: 8 }, other] },
  ]
  const { groups } = await oneQueue(() => shapes.map((shape) => queue({ 'queue.shape': async () => shape })))[
    'queue.shape'
  ]({}, signal)
  assert.deepEqual(groups, [other, { ...group, recipients: 3, oldestAt: 3, nextAt: 8 }])
})

test('counts add up, and one refusal refuses all', async () => {
  const retries = (results: readonly (number | Error)[]) =>
    oneQueue(() =>
      results.map((result) =>
        queue({
          'queue.retry': async () => {
            if (result instanceof Error) throw result
            return { recipients: result }
          },
        }),
      ),
    )['queue.retry']({ selection: { all: true } }, signal)
  assert.deepEqual(await retries([2, 3]), { recipients: 5 })
  await assert.rejects(retries([2, new ControlError('internal', 'the disk')]), { code: 'internal' })
})

test('what one has is the answer; not found is only what all say', async () => {
  const show = (results: readonly ('here' | ControlError['code'])[]) =>
    oneQueue(() =>
      results.map((result) =>
        queue({
          'queue.show': async () => {
            if (result === 'here') return { message: 'here' }
            throw new ControlError(result, result)
          },
        }),
      ),
    )['queue.show']({ id, content: false }, signal)
  assert.deepEqual(await show(['not-found', 'here']), { message: 'here' })
  await assert.rejects(show(['not-found', 'not-found']), { code: 'not-found' })
  await assert.rejects(show(['not-found', 'internal']), { code: 'internal' })
  await assert.rejects(show([]), { code: 'not-found' })
})
