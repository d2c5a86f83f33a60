// SPDX-License-Identifier: Apache-2.0
/**
 * Spec filters.md 12, item 9: the period of a vacation holds across a restart of the whole server, and its memory is one
 * across workers (spec filters.md 10).
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DOMAIN } from '../../interop/site.ts'
import { arrived, boxOf, filtered, messagesIn, send, sendUntil, settled, sourceOf } from '../site.ts'

const SAM = { from: `sam@${DOMAIN}` }
const users = ['kim', 'lee', 'sam']
const away = (text: string, more = ''): string =>
  `require ["vacation", "vacation-seconds"]; vacation ${more} "${text}";`

test('item 9: no second reply within the period, though the whole server was restarted between', async () => {
  await using site = await filtered({ users: { kim: away('Away.', ':days 1') }, site: { users } })
  assert.match(await send(site, SAM), /^250 /)
  assert.equal((await arrived(boxOf(site, 'sam'))).length, 1)
  await settled(site)
  for (let restarts = 1; restarts <= 2; restarts++) {
    await site.restart()
    assert.match(await send(site, SAM), /^250 /)
    assert.equal((await arrived(boxOf(site, 'kim'), 1 + restarts)).length, 1 + restarts)
    await settled(site)
    assert.equal((await messagesIn(boxOf(site, 'sam'))).length, 1, `after ${restarts} restarts`)
  }
  // Another sender was told nothing yet.
  assert.match(await send(site, { from: `lee@${DOMAIN}` }), /^250 /)
  assert.equal((await arrived(boxOf(site, 'lee'))).length, 1)
})

test('item 9: once for a sender, whichever of three workers delivers; also after they all were replaced', {
  timeout: 180_000,
}, async () => {
  await using site = await filtered({ users: { kim: away('Away.') }, site: { users, workers: 3 } })
  const sources = new Set<string>()
  let sent = 0
  for (let round = 0; round < 2; round++) {
    sources.clear()
    await sendUntil(site, SAM, (reply) => {
      sent += 1
      sources.add(sourceOf(reply))
      return sources.size > 1
    })
    assert.equal((await arrived(boxOf(site, 'kim'), sent)).length, sent)
    await settled(site)
    assert.equal((await messagesIn(boxOf(site, 'sam'))).length, 1, `round ${round}`)
    if (round === 0) await site.restart()
  }
})
