// SPDX-License-Identifier: Apache-2.0
/** Spec filters.md 12, item 3: rules in several values with Orders 2, 1, 0, -1 and none run as section 11 says. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { arrived, boxOf, filtered, messagesIn, send, settled } from '../site.ts'

const rule = (name: string, order: string | undefined, more = ''): string =>
  `# $Rule Info: ${order === undefined ? '' : `Order=${order} `}Name=${name}\nrequire "editheader";\naddheader :last "X-Ran" "${name}"; ${more}\n`

test('item 3: 1, 2, then those of no order as they stand; 0 does not run, -1 has no order', async () => {
  const kim = [rule('two', '2'), rule('one', '1'), rule('off', '0'), rule('minus', '-1'), rule('none', undefined)]
  await using site = await filtered({ users: { kim } })
  assert.match(await send(site), /^250 /)
  const [text = ''] = await arrived(boxOf(site, 'kim'))
  assert.deepEqual(
    [...text.matchAll(/^X-Ran: (.*)$/gm)].map(([, name]) => name),
    ['one', 'two', 'minus', 'none'],
  )
})

test('item 3: stop in one rule ends them all; a rule that does not compile is left out', async () => {
  const kim = [
    rule('late', undefined),
    rule('broken', '3', 'nonsense;'),
    '# Rule Info: $Order=2 Name=two\nrequire ["fileinto", "mailbox"]; fileinto :create "Two"; stop;',
    rule('one', '1'),
  ]
  await using site = await filtered({ users: { kim } })
  assert.match(await send(site), /^250 /)
  const [text = ''] = await arrived(boxOf(site, 'kim', '.Two'))
  assert.deepEqual(
    [...text.matchAll(/^X-Ran: (.*)$/gm)].map(([, name]) => name),
    ['one'],
  )
  await settled(site)
  const inbox = await messagesIn(boxOf(site, 'kim'))
  // The owner is told of the broken rule, and of nothing else.
  assert.equal(inbox.length, 1)
  assert.match(inbox[0] ?? '', /^Subject: A filter of yours does not work$/m)
})
