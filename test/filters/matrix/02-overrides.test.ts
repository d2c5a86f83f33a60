// SPDX-License-Identifier: Apache-2.0
/** Spec filters.md 12, item 2: the observable checks (a) to (f) of section 2. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { boxOf, filtered, messagesIn, send, settled } from '../site.ts'

for (const { name, given, stays } of [
  { name: '(a) user keep, MTA discard', given: { users: { kim: 'keep;' }, mta: 'discard;' }, stays: true },
  { name: '(b) user keep, MTA jettison', given: { users: { kim: 'keep;' }, mta: 'jettison;' }, stays: false },
  {
    name: '(c) user says nothing, channel discard',
    given: { users: { kim: 'stop;' }, channel: 'discard;' },
    stays: false,
  },
  { name: '(d) user discard, channel keep', given: { users: { kim: 'discard;' }, channel: 'keep;' }, stays: false },
  {
    name: '(e) no user script, channel keep, MTA reject',
    given: { channel: 'keep;', mta: 'require "reject"; reject "no";' },
    stays: true,
  },
  { name: '(f) the MTA alone', given: { mta: 'discard;' }, stays: false },
])
  test(`item 2 ${name}: ${stays ? 'delivered' : 'dropped'}`, async () => {
    await using site = await filtered(given)
    assert.match(await send(site), /^250 /)
    await settled(site)
    assert.equal((await messagesIn(boxOf(site, 'kim'))).length, stays ? 1 : 0)
  })
