// SPDX-License-Identifier: Apache-2.0
/**
 * Spec filters.md 12, item 6: each limit at n and at n+1. One more is an error of the script: nothing it did counts, the
 * message is in the inbox, and the owner is told which limit it was.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { DOMAIN, type Site } from '../../interop/site.ts'
import { boxOf, filtered, messagesIn, send, settled } from '../site.ts'

const times = (count: number, line: (n: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i + 1)).join('\n')
const MARK = 'addheader "X-Ran: to the end";'

const rows: readonly {
  readonly limit: string
  readonly most: number
  readonly script: (count: number) => string
  readonly says: RegExp
}[] = [
  {
    limit: 'max_fileintos',
    most: 10,
    script: (n) =>
      `require ["fileinto", "mailbox", "copy"]; ${MARK} ${times(n, (i) => `fileinto :copy :create "F${i}";`)}`,
    says: /fileinto/,
  },
  {
    limit: 'max_forwards',
    most: 5,
    script: (n) => `require "copy"; ${MARK} ${times(n, (i) => `redirect :copy "r${i}@${DOMAIN}";`)}`,
    says: /redirect/,
  },
  {
    limit: 'max_list_size',
    most: 64,
    script: (n) => `${MARK} if header :is "subject" [${times(n, (i) => `"${i}"${i === n ? '' : ','}`)}] { discard; }`,
    says: /list|strings/,
  },
  {
    limit: 'max_vacations',
    most: 2,
    script: (n) => `require "vacation"; ${MARK} ${times(n, (i) => `vacation :handle "${i}" "Away ${i}.";`)}`,
    says: /Too many vacations specified/,
  },
  {
    limit: 'max_notifys',
    most: 5,
    script: (n) => `require "enotify"; ${MARK} ${times(n, (i) => `notify :message "${i}" "mailto:max@${DOMAIN}";`)}`,
    says: /notif/,
  },
  {
    limit: 'max_variables',
    most: 128,
    script: (n) => `require "variables"; ${MARK} ${times(n, (i) => `set "v${i}" "x";`)}`,
    says: /variable/,
  },
  {
    limit: 'max_addheaders',
    most: 50,
    script: (n) => `${MARK} ${times(n - 1, (i) => `addheader "X-N: ${i}";`)}`,
    says: /header|edits/,
  },
  { limit: 'max_addtags', most: 50, script: (n) => `${MARK} ${times(n, (i) => `addtag "[${i}]";`)}`, says: /tag/ },
  {
    limit: 'nesting',
    most: 32,
    script: (n) => `${MARK} ${times(n, () => 'if true {')} stop; ${times(n, () => '}')}`,
    says: /nest|deep/,
  },
]

const userOf = (limit: string, over: boolean): string => `${limit.replace('max_', '')}${over ? '-over' : ''}`
let site: Site

before(async () => {
  const users = Object.fromEntries(
    rows.flatMap(({ limit, most, script }) => [
      [userOf(limit, false), script(most)],
      [userOf(limit, true), script(most + 1)],
    ]),
  )
  const others = ['sam', 'max', ...Array.from({ length: 6 }, (_, i) => `r${i + 1}`)]
  site = await filtered({ users, site: { users: [...others, ...Object.keys(users)] } })
  for (const user of Object.keys(users)) assert.match(await send(site, { from: `sam@${DOMAIN}`, to: [user] }), /^250 /)
  await settled(site)
})
after(() => site[Symbol.asyncDispose]())

for (const { limit, most, says } of rows) {
  test(`item 6: ${limit}: ${most} are well`, async () => {
    const [text = '', ...more] = await messagesIn(boxOf(site, userOf(limit, false)))
    assert.match(text, /^X-Ran: to the end$/m)
    assert.deepEqual(more, [])
  })
  test(`item 6: ${limit}: ${most + 1} are an error of the script, which then did nothing`, async () => {
    const found = await messagesIn(boxOf(site, userOf(limit, true)))
    const [report = '', ...reports] = found.filter((text) => /^Subject: A filter of yours does not work$/m.test(text))
    assert.deepEqual(reports, [])
    assert.match(report, says)
    const [text = '', ...more] = found.filter((each) => each !== report)
    assert.match(text, /^Subject: /m)
    assert.doesNotMatch(text, /^X-Ran/m)
    assert.deepEqual(more, [])
  })
}
