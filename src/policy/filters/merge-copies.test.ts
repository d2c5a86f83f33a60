// SPDX-License-Identifier: Apache-2.0
/** Proves: one delivery for each mailbox and folder, flags of all, and what is not the same is not merged (spec filters.md 8). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ChannelName } from '../../envelope/channel-name.ts'
import type { Recipient } from '../../envelope/envelope.ts'
import { type Filtered, nothingFiltered } from '../../envelope/filtered.ts'
import { mailAddress } from '../access/fixture.ts'
import { filterMail } from './fixture.ts'
import { mergeCopies } from './merge-copies.ts'

const KIM = mailAddress('kim@example.org')
const by = { level: 'personal', script: KIM, line: 1, column: 1 } as const
const into = (mailbox: string, flags: readonly string[] = [], more: Partial<Filtered['fileinto'][number]> = {}) => ({
  mailbox,
  flags,
  create: false,
  by,
  ...more,
})
type Given = Partial<Filtered> & { readonly as?: Partial<Recipient>; readonly mailbox?: false }

/** What each recipient is left with: `keep(flags)`, `folder(flags)`, `=N` for what another has. */
function merged(given: readonly (Given | 'plain')[], byDetail = true): string {
  const recipients = given.map((one, index): Recipient => {
    const { as = {}, mailbox, ...filtered } = one === 'plain' ? {} : one
    const user = mailbox === false ? {} : { user: KIM }
    const base = { index, address: KIM, given: KIM, channel: 'ims-ms' as ChannelName, ...user, ...as }
    return one === 'plain' ? base : { ...base, filtered: { ...nothingFiltered([KIM]), ...filtered } }
  })
  return mergeCopies(recipients, () => byDetail)
    .map(({ filtered }) => {
      if (filtered === undefined) return 'plain'
      const { keep, fileinto, merged: of = [] } = filtered
      const copies = [...(keep ? [`keep(${keep.flags})`] : []), ...fileinto.map((f) => `${f.mailbox}(${f.flags})`)]
      return [...copies, ...of.map((index) => `=${index}`)].join(' ')
    })
    .join(' | ')
}

const keep = (...flags: string[]) => ({ keep: { flags } })
const detail = (name: string) => ({ as: { detail: name } })
const filed = (...fileinto: Filtered['fileinto']) => ({ fileinto })

for (const { name, given, byDetail, want } of [
  { name: 'one folder', given: [filed(into('X', ['a'])), filed(into('X', ['b']))], want: 'X(a,b) | =0' },
  { name: 'two folders', given: [filed(into('X')), filed(into('Y'))], want: 'X() | Y()' },
  { name: 'one of two folders', given: [filed(into('X')), filed(into('X'), into('Y'))], want: 'X() | Y() =0' },
  {
    name: 'flags of three with several folders each',
    given: [filed(into('X')), filed(into('X'), into('Y'), into('Z')), filed(into('Y', ['y']))],
    want: 'X() | Y(y) Z() =0 | =1',
  },
  { name: 'the inbox', given: [keep('a'), keep()], want: 'keep(a) | =0' },
  { name: 'inbox and folder', given: [{ ...keep(), ...filed(into('X')) }, keep('a')], want: 'keep(a) X() | =0' },
  { name: 'who has no filter', given: ['plain', keep('a')], want: 'keep(a) | =0' },
  { name: 'no filter behind one', given: [keep('a'), 'plain'], want: 'keep(a) | =0' },
  { name: 'no filters at all', given: ['plain', 'plain'], want: 'plain | =0' },
  {
    name: 'subaddresses that are folders',
    given: [
      { ...keep(), ...detail('a') },
      { ...keep(), ...detail('b') },
    ],
    want: 'keep() | keep()',
  },
  {
    name: 'subaddresses that are none',
    given: [
      { ...keep(), ...detail('a') },
      { ...keep(), ...detail('b') },
    ],
    byDetail: false,
    want: 'keep() | =0',
  },
  {
    name: 'another user',
    given: [filed(into('X')), { ...filed(into('X')), as: { address: mailAddress('lee@example.org') } }],
    want: 'X() | X()',
  },
  {
    name: 'nobody of ours',
    given: [keep(), { ...keep(), mailbox: false }],
    want: 'keep() | keep()',
  },
  {
    name: 'one held and one not',
    given: [{ ...keep(), held: { reason: 'why' } }, keep()],
    want: 'keep() | keep()',
  },
  {
    name: 'who asked to hear of success',
    given: [keep(), { ...keep(), as: { notify: ['success'] as const } }],
    want: 'keep() | keep()',
  },
  {
    name: 'who is to hear of failure, behind one who is not',
    given: [
      { ...keep(), ...filed(into('X')), as: { notify: 'never' as const } },
      { ...keep(), ...filed(into('X')) },
    ],
    want: 'keep() X() | keep() X()',
  },
  {
    name: 'who is not to hear of failure, behind one who is',
    given: [keep(), { ...keep(), as: { notify: 'never' as const } }],
    want: 'keep() | =0',
  },
  {
    name: 'addresses that a pattern made',
    given: [filed(into('X', ['a'], { address: KIM })), filed(into('X', [], { address: KIM }))],
    want: 'X(a) | =0',
  },
] as const)
  test(`${name}: ${want}`, () => assert.equal(merged(given, byDetail), want))

test('flags do not grow double, and a folder is made where one of them says so', () => {
  assert.equal(merged([filed(into('X', ['\\Seen'])), filed(into('X', ['\\seen']))]), 'X(\\Seen) | =0')
  const base = { address: KIM, given: KIM, channel: 'ims-ms' as ChannelName, user: KIM }
  const recipients = [false, true].map((create, index) => ({
    ...base,
    index,
    filtered: { ...nothingFiltered([KIM]), fileinto: [into('X', [], { create })] },
  }))
  assert.equal(mergeCopies(recipients, () => true)[0]?.filtered?.fileinto[0]?.create, true)
})

test('the stage says which, and is silent where there is nothing to say', async () => {
  const users = { [KIM]: { personal: ['require "fileinto"; fileinto "X";'] } }
  const mail = await filterMail({ users }, { to: [KIM, KIM] })
  const step = mail.steps.at(-1)
  assert.deepEqual(
    [step?.stage, step?.result, step?.note],
    ['same mailbox', 'change', `${KIM}: another recipient has it in the same mailbox`],
  )
  const one = await filterMail({ users })
  assert.equal(one.steps.at(-1)?.stage, 'user filters')
})
