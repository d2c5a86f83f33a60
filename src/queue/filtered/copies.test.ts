// SPDX-License-Identifier: Apache-2.0
/** Proves: a copy is what was received, or what a script put in its place, with its edits on top; equal ones go together. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RecipientCopy } from '../../envelope/filtered.ts'
import { aRecipient } from '../store.suite.ts'
import { beginningOf, contentOf, groupByCopy } from './copies.ts'

const TEXT = 'Subject: hi\r\nX-A: 1\r\n\r\nbody\r\n'
const OTHER = 'Subject: other\r\n\r\nother body\r\n'

/** In pieces of so many octets. */
const received = (pieces: number, text = TEXT) => ({
  size: text.length,
  async *content() {
    for (let at = 0; at < text.length; at += pieces) yield Buffer.from(text.slice(at, at + pieces))
  },
})

const replaced = Buffer.from(OTHER).toString('base64')
const prepend = { edit: 'prepend', field: 'Resent-To: max\r\n' } as const
const remove = { edit: 'delete', name: 'x-a', occurrence: 1 } as const

for (const { name, copy, want } of [
  { name: 'no copy at all', copy: undefined, want: TEXT },
  { name: 'nothing changed', copy: {}, want: TEXT },
  { name: 'edits', copy: { edits: [remove, prepend] }, want: 'Resent-To: max\r\nSubject: hi\r\n\r\nbody\r\n' },
  { name: 'another text', copy: { replaced }, want: OTHER },
  { name: 'another text, sent on', copy: { replaced, edits: [prepend] }, want: `Resent-To: max\r\n${OTHER}` },
])
  test(`a copy: ${name}`, async () => {
    for (const pieces of [1, 3, 17, 1000]) {
      const whole = copy && { flags: [], ...copy }
      const { size, content } = await contentOf(whole, received(pieces))
      const text = Buffer.concat(await Array.fromAsync(content())).toString()
      assert.deepEqual([text, size], [want, want.length])
      assert.equal((await beginningOf({ size, content }, 20)).toString(), want.slice(0, 20))
    }
  })

test('recipients whose octets and RET are the same go together', () => {
  const copies: readonly (Partial<RecipientCopy> | undefined)[] = [
    undefined,
    { mailbox: 'X' },
    { edits: [prepend] },
    { edits: [prepend], mailbox: 'Y' },
    { replaced },
    { ret: 'hdrs' },
    { ret: 'full' },
  ]
  const recipients = copies.map((copy, index) => aRecipient(index, copy && { copy: { flags: [], ...copy } }))
  const groups = groupByCopy(recipients).map((group) => group.map(({ index }) => index))
  assert.deepEqual(groups, [[0, 1], [2, 3], [4], [5], [6]])
})
