// SPDX-License-Identifier: Apache-2.0
/** Sessions share the processor: one that floods does not keep the others waiting until it is done. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Peer } from './peer.ts'
import { startFixture } from './server-fixture.ts'

const FLOOD = 40_000

test('a client that sends forty thousand commands at once does not have the server to itself', async () => {
  await using fixture = await startFixture()
  await using flooding = await Peer.connect(fixture.port)
  await using quiet = await Peer.connect(fixture.port)
  await flooding.reply()
  await quiet.reply()
  const before = fixture.counts.get('postern_smtp_replies_total') ?? 0
  await flooding.send(Buffer.from('NOOP\r\n'.repeat(FLOOD)))
  await quiet.send(Buffer.from('NOOP\r\n'))
  assert.equal((await quiet.reply()).code, '250')
  const answered = (fixture.counts.get('postern_smtp_replies_total') ?? 0) - before
  assert.ok(answered < FLOOD, `${answered} of ${FLOOD} were answered first`)
})
