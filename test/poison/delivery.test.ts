// SPDX-License-Identifier: Apache-2.0
/**
 * A message that makes the process abort while it is delivered: at the fourth start it is held with the evidence, and
 * other mail is delivered.
 */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { silentLog } from '../../src/monitor/log.ts'
import { openLogStore } from '../../src/queue/log/log-store.ts'
import { listQueue } from '../../src/queue/operations.ts'
import { eventually } from '../interop/site.ts'
import { INNOCENT, POISON, send, start } from './peer.ts'

test('held at the fourth start, with the evidence; others are delivered', { timeout: 240_000 }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-poison-'))
  t.after(() => rm(folder, { recursive: true, force: true }))

  const first = await start(t, folder, 'delivered')
  assert.match(await send(first.port, 'poison@example.net', POISON), /250|gone/)
  assert.deepEqual(await first.ended, [null, 'SIGABRT'])
  for (let round = 2; round <= 3; round++) {
    const again = await start(t, folder, 'delivered').catch(() => undefined)
    // It may die before it has said its port.
    if (again !== undefined) assert.deepEqual(await again.ended, [null, 'SIGABRT'])
  }

  const fourth = await start(t, folder, 'delivered')
  assert.equal(await send(fourth.port, 'other@example.net', INNOCENT), '250')
  const delivered = () => (fourth.said.includes('other@example.net') ? true : undefined)
  await eventually('the other message is delivered', delivered, 30_000)
  fourth.child.kill('SIGTERM')
  assert.deepEqual(await fourth.ended, [0, null])
  assert.deepEqual(fourth.said, ['other@example.net'])

  await using store = await openLogStore(join(folder, 'queue'), { log: silentLog })
  const { rows } = await listQueue(store, { all: true }, 10)
  assert.deepEqual(
    rows.map(({ sender, state }) => [sender, state]),
    [['poison@example.net', 'held']],
  )
  assert.match(rows[0]?.reason ?? '', /the process crashed 3 times while this was in hand: .*while delivering/)
})
