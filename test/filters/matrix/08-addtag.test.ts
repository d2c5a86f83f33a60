// SPDX-License-Identifier: Apache-2.0
/** Spec filters.md 12, item 8: a tag may hold blanks, never `|`, and stands once in front of the subject. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { arrived, boxOf, filtered, messagesIn, send, settled } from '../site.ts'

const subjectIn = async (box: string): Promise<string | undefined> =>
  /^Subject: (.*)$/m.exec((await arrived(box))[0] ?? '')?.[1]

test('item 8: tags with blanks, of the user and of the MTA, each once', async () => {
  const mta = 'addtag "[not ours]"; addtag "[two words]";'
  await using site = await filtered({ users: { kim: 'addtag "[two words]"; keep;' }, mta })
  assert.match(await send(site, { subject: 'soup' }), /^250 /)
  assert.equal(await subjectIn(boxOf(site, 'kim')), '[two words] [not ours] soup')
})

test('item 8: a subject that has the tag already keeps it as it is', async () => {
  await using site = await filtered({ mta: 'addtag "[not ours]";' })
  assert.match(await send(site, { subject: '[not ours] soup' }), /^250 /)
  assert.equal(await subjectIn(boxOf(site, 'kim')), '[not ours] soup')
})

test('item 8: a tag with | is an error of the script', async () => {
  await using site = await filtered({ users: { kim: 'addtag "a|b"; discard;' } })
  assert.match(await send(site, { subject: 'soup' }), /^250 /)
  await settled(site)
  const found = (await messagesIn(boxOf(site, 'kim'))).map((text) => /^Subject: (.*)$/m.exec(text)?.[1])
  assert.deepEqual(found.toSorted(), ['A filter of yours does not work', 'soup'])
})
