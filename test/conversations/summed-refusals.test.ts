// SPDX-License-Identifier: Apache-2.0
/** What strangers provoke without sending mail does not fill the disk: traces and log lines are summed (design 2.2). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Peer } from './peer.ts'
import { startFixture } from './server-fixture.ts'
import { codes, send } from './talk.ts'

test('transactions that bring no message: a hundred traces a minute, the others summed; the log says no more', async () => {
  const fixture = await startFixture({ config: [['limits.refusedRecipients', '1000']] })
  await using peer = await Peer.connect(fixture.port)
  await send(peer, `EHLO c\r\n${'MAIL FROM:<>\r\nRCPT TO:<nobody@example.org>\r\nRSET\r\n'.repeat(150)}QUIT\r\n`)
  await codes(peer, 2 + 450 + 1)
  await peer.rest()
  await fixture[Symbol.asyncDispose]()
  assert.equal(fixture.traces().length, 100)
  const floods = fixture.records.filter((record) => record.record === 'flood')
  assert.deepEqual(
    floods.map(({ of, count, address }) => [of, count, address]),
    [['transactions', 50, '127.0.0.1']],
  )
  assert.equal(fixture.events.filter((event) => event === 'smtp.transaction').length, 100)
})

test('a refused connection is logged with its trace and not otherwise', async () => {
  const fixture = await startFixture({ config: [['limits.connectionsPerAddress', '1']] })
  await using first = await Peer.connect(fixture.port)
  await codes(first, 1)
  for (let n = 0; n < 30; n++) {
    await using refused = await Peer.connect(fixture.port)
    assert.equal((await refused.reply()).code, '421')
    await refused.rest()
  }
  await send(first, 'QUIT\r\n')
  await first.rest()
  await fixture[Symbol.asyncDispose]()
  const logged = (name: string): number => fixture.events.filter((event) => event === name).length
  assert.deepEqual([logged('smtp.closed'), logged('smtp.transaction')], [1, 10])
})
