// SPDX-License-Identifier: Apache-2.0
/** Proves: who may post to a list, with every named parameter of spec access-control.md 11, from the text of an alias file. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Domain, MailAddress } from '../../address/address.ts'
import { parseAddress } from '../../address/path.ts'
import { drive } from '../../ask/ask.ts'
import type { AddressEntry } from '../../ask/questions.ts'
import { parseAliasFile } from '../../directory/alias-file.ts'
import { listAccess as readListAccess } from '../../directory/list-parameters.ts'
import type { ChannelName } from '../../envelope/channel-name.ts'
import { describeReply } from '../../smtp/reply.ts'
import { askStage, contextOf, mailAddress, recordingHost, revisionOf } from '../access/fixture.ts'
import type { RcptContext } from '../stage.ts'
import { aliases } from './aliases.ts'
import { listAccess } from './list-access.ts'

const FILES: Readonly<Record<string, readonly string[]>> = {
  'staff.txt': ['kim@a.test', '*@b.test'],
  'bad.txt': ['spam@a.test'],
}
const TABLES = `POST

  kim@*   $Y
  lee@*   $Y
  *       $N

LATE

  lee@*   $Y

INFO

  TCP|*|*|198.51.100.7|*|SMTP/mx.example.net|kim@a.test  $Y

LOOP

  *  $0$0$0$0$0$0$0$0$0$0$0$0$0$0$R
`

function entriesOf(text: string): ReadonlyMap<string, AddressEntry> {
  const { entries, problems } = parseAliasFile(text, 'aliases')
  assert.deepEqual(problems, [])
  return new Map(
    entries.map(({ name, members, parameters, at }) => {
      const access = readListAccess(parameters, (file) => {
        const names = FILES[file]
        return names === undefined ? { cause: `${file} is not there` } : { names }
      })
      const group: AddressEntry = {
        kind: 'group',
        entry: `alias ${name}`,
        at,
        members: members.flatMap((member) => {
          const address = 'name' in member ? parseAddress(`${member.name}@b.test`) : undefined
          return address === undefined ? [] : [{ address }]
        }),
        ...(access === undefined ? {} : { access }),
      }
      return [`${name}@b.test`, group]
    }),
  )
}

function post(
  text: string,
  from: string | null,
  access: Readonly<Record<string, unknown>> = {},
  more: Partial<RcptContext> = {},
): string {
  const entries = entriesOf(text)
  const { host } = recordingHost()
  const user = (address: MailAddress): AddressEntry => ({
    kind: 'user',
    entry: address,
    user: address,
    status: 'active',
  })
  const here = {
    ...host,
    'directory.domain': ({ domain }: { readonly domain: Domain }) =>
      domain === 'b.test' ? ({ kind: 'found', value: { domain } } as const) : ({ kind: 'absent' } as const),
    'directory.address': ({ address }: { readonly address: MailAddress }) =>
      ({ kind: 'found', value: entries.get(address) ?? user(address) }) as const,
  }
  const address = mailAddress('list@b.test')
  const context = contextOf(revisionOf({ mappings: TABLES, access }), {
    reversePath: from === null ? null : mailAddress(from),
    address,
    given: address,
    route: { channel: 'l' as ChannelName, domain: 'b.test' as Domain, local: true },
    ...more,
  })
  const expanded = drive(askStage(aliases, context), here)
  assert.ok(!(expanded instanceof Promise) && expanded.context !== undefined)
  const result = drive(askStage(listAccess, expanded.context), here)
  assert.ok(!(result instanceof Promise))
  const { verdict } = result
  if (verdict.do === 'refuse') return describeReply(verdict.reply).slice(0, 9)
  const becomes = (result.context ?? expanded.context).becomes ?? []
  return `${verdict.do} ${becomes.map(({ address }) => address).join(' ')}`
}

const ALL = 'pass ada@b.test'
const NO = '550 5.7.1'
const LATER = '451 4.3.0'
const rows: readonly (readonly [
  parameters: string,
  from: string | null,
  says: string,
  access?: Readonly<Record<string, unknown>>,
  more?: Partial<RcptContext>,
])[] = [
  ['', 'x@x.test', ALL],
  ['[AUTH_MAPPING] POST', 'kim@a.test', ALL],
  ['[AUTH_MAPPING] POST', 'x@a.test', NO],
  ['[AUTH_MAPPING] POST', null, NO],
  ['[AUTH_LIST] staff.txt', 'KIM@a.test', ALL],
  ['[AUTH_LIST] staff.txt', 'x@B.test', ALL],
  ['[AUTH_LIST] staff.txt', 'x@a.test', NO],
  ['[AUTH_LIST] staff.txt', null, NO],
  ['[CANT_LIST] bad.txt', 'spam@a.test', NO],
  ['[CANT_LIST] bad.txt', 'x@a.test', ALL],
  ['[CANT_MAPPING] POST', 'kim@a.test', NO],
  ['[CANT_MAPPING] POST', 'x@a.test', ALL],
  // ANDed by default; OR_CLAUSES and the two words.
  ['[AUTH_MAPPING] POST, [AUTH_LIST] staff.txt', 'kim@a.test', ALL],
  ['[AUTH_MAPPING] POST, [AUTH_LIST] staff.txt', 'lee@a.test', NO],
  ['[AUTH_MAPPING] POST, [AUTH_LIST] staff.txt', 'lee@a.test', ALL, { orClauses: true }],
  ['[AUTH_MAPPING] POST, [OR], [AUTH_LIST] staff.txt', 'lee@a.test', ALL],
  ['[AUTH_MAPPING] POST, [OR], [AUTH_LIST] staff.txt', 'x@b.test', ALL],
  ['[AUTH_MAPPING] POST, [AND], [AUTH_LIST] staff.txt', 'x@b.test', NO, { orClauses: true }],
  // Moderation.
  ['[MODERATOR_ADDRESS] boss@b.test', 'x@a.test', 'pass boss@b.test'],
  ['[MODERATOR_ADDRESS] boss@b.test', 'boss@b.test', ALL],
  ['[MODERATOR_ADDRESS] boss@b.test, [MODERATOR_LIST] staff.txt', 'kim@a.test', ALL],
  ['[MODERATOR_ADDRESS] boss@b.test, [MODERATOR_MAPPING] POST', 'lee@a.test', ALL],
  ['[MODERATOR_ADDRESS] boss@b.test, [AUTH_MAPPING] POST', 'x@a.test', NO],
  ['[MODERATOR_MAPPING] POST', 'x@a.test', NO],
  // Holds.
  ['[HOLD_MAPPING] POST', 'kim@a.test', `hold ada@b.test`],
  ['[HOLD_MAPPING] POST', 'x@a.test', ALL],
  ['[HOLD_MAPPING] POST, [NOHOLD_MAPPING] LATE', 'lee@a.test', ALL],
  ['[HOLD_MAPPING] POST, [NOHOLD_MAPPING] LATE', 'kim@a.test', `hold ada@b.test`],
  // INCLUDE_CONNECTIONINFO
  ['[AUTH_MAPPING] INFO', 'kim@a.test', NO],
  ['[AUTH_MAPPING] INFO', 'kim@a.test', ALL, { connectionInfo: 1 }],
  ['[MODERATOR_ADDRESS] boss@b.test, [MODERATOR_MAPPING] INFO', 'kim@a.test', ALL, { connectionInfo: 2 }],
  // USE_AUTH_RETURN, USE_ORIG_RETURN
  [
    '[AUTH_MAPPING] POST',
    'x@a.test',
    ALL,
    { useAuthReturn: 64 },
    { account: { login: 'kim', addresses: [mailAddress('kim@a.test')] } },
  ],
  ['[AUTH_LIST] staff.txt', 'x@a.test', ALL, { useOrigReturn: 64 }, { typedReversePath: mailAddress('kim@a.test') }],
  // Nobody is let in because something is missing, or a bound was hit.
  ['[CANT_MAPPING] NOWHERE', 'x@a.test', LATER],
  ['[CANT_LIST] nowhere.txt', 'x@a.test', LATER],
  ['[HOLD_MAPPING] NOWHERE', 'x@a.test', LATER],
  ['[CANT_MAPPING] LOOP', 'xxxxxxxxxxxxxxxx@a.test', LATER],
]
for (const [parameters, from, says, access = {}, more = {}] of rows)
  test(`spec access-control.md 11: ${parameters}, from ${from ?? '<>'} ${JSON.stringify(access)}`, () => {
    const text = `list: ${parameters === '' ? '' : `${parameters}, `}ada\n`
    assert.equal(post(text, from, access, more), says)
  })

test('an alias around a list is no way round it', () => {
  const text = 'list: inner, kim\ninner: [AUTH_MAPPING] POST, ada\n'
  assert.equal(post(text, 'x@a.test'), NO)
  assert.equal(post(text, 'kim@a.test'), 'pass kim@b.test ada@b.test')
})

test('a list that is expanded when it is delivered is asked all the same', () => {
  const notify = { notify: ['success'] as const }
  assert.equal(post('list: [AUTH_MAPPING] POST, ada, lea\n', 'x@a.test', {}, notify), NO)
  assert.equal(post('list: [AUTH_MAPPING] POST, ada, lea\n', 'kim@a.test', {}, notify), 'pass list@b.test')
})

for (const [parameter, says] of [
  ['[AUTH_MAPPING]', '[AUTH_MAPPING] takes a table'],
  ['[NOBODY_KNOWS] x', '[NOBODY_KNOWS] x is no parameter of a list that is known here'],
  ['[OR] x', '[OR] takes nothing'],
  ['[MODERATOR_ADDRESS] x@', 'x@ is no address'],
] as const)
  test(`the alias file is told about ${parameter}`, () => {
    const { problems } = parseAliasFile(`list: ${parameter}, ada\n`, 'aliases')
    assert.deepEqual(problems, [{ line: 1, column: 7, message: says }])
  })
