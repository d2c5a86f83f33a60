// SPDX-License-Identifier: Apache-2.0
/**
 * Proves: the rules of a group run for the users it leads to (spec filters.md 1), behind their own, the innermost group
 * first; they send once however many members there are, and their mistakes are never told to all of them.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MailAddress } from '../../address/address.ts'
import type { RecipientFilters } from '../../ask/filters.ts'
import { fate } from './fate.ts'
import { filterMail } from './fixture.ts'

const KIM = 'kim@example.org'
const LEE = 'lee@example.org'
const STAFF = 'staff@example.org'
const ALL = 'all@example.org'

interface Case {
  readonly name: string
  readonly users?: Readonly<Record<string, Partial<RecipientFilters>>>
  readonly to?: readonly string[]
  /** The innermost first. */
  readonly groups?: readonly string[]
  readonly mta?: string
  readonly want: string
}

const rules = (...personal: string[]): Partial<RecipientFilters> => ({ personal })

const cases: readonly Case[] = [
  { name: 'the group decides where the user does not', users: { [STAFF]: rules('discard;') }, want: 'discard' },
  {
    name: 'a user who is explicit comes first',
    users: { [KIM]: rules('keep;'), [STAFF]: rules('discard;') },
    want: 'inbox',
  },
  {
    name: 'before the head of household and the domain',
    users: {
      [KIM]: { household: { rules: ['discard;'], owner: LEE as MailAddress }, domain: ['discard;'] },
      [STAFF]: rules('require "fileinto"; fileinto "Staff";'),
    },
    want: 'into Staff',
  },
  {
    name: 'a group that is not explicit leaves it to the site',
    users: { [STAFF]: rules('stop;') },
    mta: 'require "fileinto"; fileinto "M";',
    want: 'into M',
  },
  {
    name: 'the innermost group first',
    users: { [STAFF]: rules('require "fileinto"; fileinto "Staff";'), [ALL]: rules('discard;') },
    groups: [STAFF, ALL],
    want: 'into Staff',
  },
  {
    name: 'a user whom no group led to is not asked about one',
    users: { [STAFF]: rules('discard;') },
    groups: [],
    want: 'inbox',
  },
  {
    name: 'each member by itself',
    users: { [STAFF]: rules('require "envelope"; if envelope "to" "lee@example.org" { discard; }') },
    to: [KIM, LEE],
    want: 'inbox | discard',
  },
  {
    name: 'a redirect is made once',
    users: { [STAFF]: rules('redirect "archive@example.net";') },
    to: [KIM, LEE],
    want: 'to archive@example.net | discard',
  },
  {
    name: 'a copy is made once, and everybody has the message',
    users: { [STAFF]: rules('require "copy"; redirect :copy "archive@example.net";') },
    to: [KIM, LEE],
    want: 'inbox, to archive@example.net | inbox',
  },
  {
    name: 'a redirect of a member’s own is not the group’s',
    users: { [LEE]: rules('redirect "archive@example.net";'), [STAFF]: rules('redirect "archive@example.net";') },
    to: [KIM, LEE],
    want: 'to archive@example.net | to archive@example.net',
  },
  {
    name: 'a notification is sent once',
    users: { [STAFF]: rules('require "enotify"; notify "mailto:boss@example.net";') },
    to: [KIM, LEE],
    want: 'inbox, notify mailto:boss@example.net | inbox',
  },
  {
    name: 'a group sends no automatic replies',
    users: { [STAFF]: rules('require "vacation"; vacation :addresses "kim@example.org" "gone";') },
    want: 'inbox',
  },
  {
    name: 'a redirect to the group itself is a keep',
    users: { [STAFF]: { ...rules(`redirect "${STAFF}";`), addresses: [STAFF as MailAddress] } },
    want: 'inbox',
  },
]

for (const { name, users = {}, to = [KIM], groups = [STAFF], mta, want } of cases)
  test(name, async () => {
    const mail = await filterMail(
      { users, ...(mta === undefined ? {} : { mta }) },
      { to, recipient: { groups: groups as readonly MailAddress[] } },
    )
    assert.equal(mail.recipients.map(fate).join(' | '), want)
  })

test('all members refuse alike: the client hears of it', async () => {
  const mail = await filterMail(
    { users: { [STAFF]: rules('require "ereject"; ereject "closed";') } },
    { to: [KIM, LEE], recipient: { groups: [STAFF as MailAddress] } },
  )
  assert.equal(mail.reply, '550 5.7.1 closed')
})

for (const { name, errorsTo, script, want } of [
  { name: 'a script that does not compile', script: 'nonsense;', want: 'postmaster@example.org' },
  { name: 'the same, with an owner', errorsTo: LEE, script: 'nonsense;', want: LEE },
  {
    name: 'a script that fails when it runs',
    errorsTo: LEE,
    script: Array.from({ length: 11 }, (_, n) => `redirect "u${n}@example.net";`).join(' '),
    want: LEE,
  },
])
  test(`mistakes of a group are told to who gets its failures: ${name}`, async () => {
    const group = { ...rules(script), ...(errorsTo === undefined ? {} : { errorsTo: errorsTo as MailAddress }) }
    const mail = await filterMail(
      { users: { [STAFF]: group }, settings: { limits: { redirects: 10 } } },
      { recipient: { groups: [STAFF as MailAddress] } },
    )
    assert.deepEqual(
      mail.recipients[0]?.filtered?.reports.map(({ to }) => to),
      [want],
    )
  })

test('a group that cannot be looked up puts the message off', async () => {
  const mail = await filterMail(
    {
      host: {
        'directory.filters': ({ user }) =>
          user === STAFF ? { kind: 'defer', cause: 'ldap: away' } : { kind: 'absent' },
      },
    },
    { recipient: { groups: [STAFF as MailAddress] } },
  )
  assert.match(mail.reply ?? '', /^451 4\.3\.0/)
})
