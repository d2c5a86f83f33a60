// SPDX-License-Identifier: Apache-2.0
/**
 * Spec filters.md 12, item 1: every row of the table in section 2. Behind each user's script stands the MTA's, which files
 * into the folder Next: mail is there where the script was not explicit, and nowhere but where the script said else.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { DOMAIN, type Site } from '../../interop/site.ts'
import { boxOf, filtered, messagesIn, send, settled } from '../site.ts'

const SAM = `sam@${DOMAIN}`
const require = (...names: readonly string[]): string => `require [${names.map((name) => `"${name}"`).join(', ')}];`
const NEXT = `${require('fileinto', 'mailbox')} fileinto :create "Next";`

interface Row {
  readonly does: string
  readonly script?: string
  readonly explicit: boolean
  /** Folders of the user that the message is in, the inbox as `INBOX`. */
  readonly in: readonly string[]
  /** The reply, where it is no 250. */
  readonly refused?: RegExp
  /** Who else gets something, and what it holds. */
  readonly also?: readonly { readonly user: string; readonly holds: RegExp }[]
  /** What the message itself holds. */
  readonly holds?: RegExp
}

const rows: readonly Row[] = [
  { does: 'no script', explicit: false, in: ['Next'] },
  { does: 'a script of nothing', script: '# nothing', explicit: false, in: ['Next'] },
  { does: 'stop alone', script: 'stop;', explicit: false, in: ['Next'] },
  { does: 'keep', script: 'keep;', explicit: true, in: ['INBOX'] },
  {
    does: 'fileinto',
    script: `${require('fileinto', 'mailbox')} fileinto :create "Own";`,
    explicit: true,
    in: ['Own'],
  },
  {
    does: 'redirect',
    script: `redirect "max@${DOMAIN}";`,
    explicit: true,
    in: [],
    also: [{ user: 'max', holds: /^Subject: redirect$/m }],
  },
  { does: 'discard', script: 'discard;', explicit: true, in: [] },
  {
    does: 'reject',
    script: `${require('reject')} reject "Not so.";`,
    explicit: true,
    in: [],
    refused: /^550 5\.7\.1 Not so\./,
  },
  {
    does: 'ereject',
    script: `${require('ereject')} ereject "Never.";`,
    explicit: true,
    in: [],
    refused: /^550 5\.7\.1 Never\./,
  },
  {
    does: 'fileinto :copy',
    script: `${require('fileinto', 'mailbox', 'copy')} fileinto :copy :create "Own";`,
    explicit: false,
    in: ['Own', 'Next'],
  },
  {
    does: 'redirect :copy',
    script: `${require('copy')} redirect :copy "max@${DOMAIN}";`,
    explicit: false,
    in: ['Next'],
    also: [{ user: 'max', holds: /^Subject: redirect :copy$/m }],
  },
  {
    does: 'vacation',
    script: `${require('vacation')} vacation "Away.";`,
    explicit: false,
    in: ['Next'],
    also: [{ user: 'sam', holds: /^Subject: Auto: vacation$/m }],
  },
  {
    does: 'notify',
    script: `${require('enotify')} notify :message "came: notify" "mailto:max@${DOMAIN}";`,
    explicit: false,
    in: ['Next'],
    also: [{ user: 'max', holds: /^Subject: came: notify$/m }],
  },
  { does: 'addheader', script: 'addheader "X-Own: yes";', explicit: false, in: ['Next'], holds: /^X-Own: yes$/m },
  { does: 'addtag', script: 'addtag "[own]";', explicit: false, in: ['Next'], holds: /^Subject: \[own\] addtag$/m },
  { does: 'flags', script: `${require('imap4flags')} addflag "\\\\Seen";`, explicit: false, in: ['Next'] },
  { does: 'spamadjust', script: `${require('spamtest')} spamadjust "5";`, explicit: false, in: ['Next'] },
]

const userOf = (row: Row): string => `u${rows.indexOf(row)}`
let site: Site
const replies = new Map<Row, string>()

before(async () => {
  const users = Object.fromEntries(rows.flatMap((row) => (row.script === undefined ? [] : [[userOf(row), row.script]])))
  site = await filtered({ users, mta: NEXT, site: { users: ['sam', 'max', ...rows.map(userOf)] } })
  for (const row of rows) replies.set(row, await send(site, { from: SAM, to: [userOf(row)], subject: row.does }))
  await settled(site)
})
after(() => site[Symbol.asyncDispose]())

for (const row of rows)
  test(`item 1: ${row.does} is ${row.explicit ? '' : 'not '}explicit`, async () => {
    assert.match(replies.get(row) ?? '', row.refused ?? /^250 /)
    const found: string[] = []
    for (const folder of ['INBOX', 'Own', 'Next']) {
      const messages = await messagesIn(boxOf(site, userOf(row), folder === 'INBOX' ? '' : `.${folder}`))
      if (row.holds !== undefined) for (const text of messages) assert.match(text, row.holds)
      found.push(...messages.map(() => folder))
    }
    assert.deepEqual(found, row.in)
    assert.equal(found.includes('Next'), !row.explicit)
    for (const { user, holds } of row.also ?? []) {
      // The MTA's script sees what is redirected to a user of ours, or does not: that is not this test's matter.
      const came = (await Promise.all(['', '.Next'].map((folder) => messagesIn(boxOf(site, user, folder))))).flat()
      assert.equal(came.filter((text) => holds.test(text)).length, 1, user)
    }
  })

for (const { does, reply, drops } of [
  { does: 'refuse "No."', reply: /^550 5\.7\.1 No\./, drops: true },
  { does: 'jettison', reply: /^250 /, drops: true },
  { does: 'discard', reply: /^250 /, drops: false },
])
  test(`item 1: ${does} of a channel ${drops ? 'overrides' : 'does not override'} the keep of a user`, async () => {
    await using other = await filtered({ users: { kim: 'keep;' }, channel: `${does};` })
    assert.match(await send(other), reply)
    await settled(other)
    assert.equal((await messagesIn(boxOf(other, 'kim'))).length, drops ? 0 : 1)
  })
