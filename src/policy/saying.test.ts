// SPDX-License-Identifier: Apache-2.0
/** Proves: what is said again is the same object, in each of its places; notes that never end are not kept for ever. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DecidedBy } from '../ask/decided-by.ts'
import { STOCK_TABLES } from '../config/stock-tables.ts'
import type { ChannelName } from '../envelope/channel-name.ts'
import { revisionOf } from './access/fixture.ts'
import { ofChannel } from './channels.ts'
import { Usual, usual } from './saying.ts'

const BY: DecidedBy = { by: 'default', setting: 'limits.received', value: '50' }

test('the usual is said with the same object, at each moment, by each stage, with each result', () => {
  const same = new Usual(BY, 'a note')
  const said = same.saying('content', 'loop count', 'pass')
  assert.equal(same.saying('content', 'loop count', 'pass'), said)
  const others = [
    same.saying('mail', 'loop count', 'pass'),
    same.saying('content', 'routing', 'pass'),
    same.saying('content', 'loop count', 'change'),
  ]
  assert.equal(new Set([said, ...others]).size, 4)
  assert.ok(others.every((one) => !one.equals(said)))
  assert.ok(new Usual({ ...BY }, 'a note').saying('content', 'loop count', 'pass').equals(said))
})

test('as many stages as like may share one; only the first are kept', () => {
  const shared = new Usual(BY)
  for (let i = 0; i < 100; i++) assert.equal(shared.saying('mail', `stage ${i}`, 'pass').stage, `stage ${i}`)
  assert.equal(shared.saying('mail', 'stage 0', 'pass'), shared.saying('mail', 'stage 0', 'pass'))
  assert.notEqual(shared.saying('mail', 'stage 99', 'pass'), shared.saying('mail', 'stage 99', 'pass'))
})

test('notes are kept for one that decides, and not without end', () => {
  const first = usual(BY, 'example.org → tcp_local')
  assert.equal(usual(BY, 'example.org → tcp_local'), first)
  assert.notEqual(usual({ ...BY }, 'example.org → tcp_local'), first)
  for (let i = 0; i < 200; i++) assert.equal(usual(BY, `${i}.example → tcp_local`).note, `${i}.example → tcp_local`)
  assert.notEqual(usual(BY, 'example.org → tcp_local'), first)
})

test('what a revision says of a channel is worked out once for each of both', () => {
  const worked: string[] = []
  const settings = ofChannel((revision, channel) => {
    worked.push(`${revision.id} ${channel}`)
    return { revision, channel }
  })
  const [one, other] = [revisionOf({ mappings: STOCK_TABLES }), revisionOf({})]
  for (let i = 0; i < 3; i++)
    for (const revision of [one, other])
      for (const channel of ['tcp_local', 'l'] as ChannelName[]) {
        const found = settings(revision, channel)
        assert.ok(found.revision === revision && found.channel === channel)
      }
  assert.equal(worked.length, 4)
})
