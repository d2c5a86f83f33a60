// SPDX-License-Identifier: Apache-2.0
/** Proves, by real SMTP: whoever is redirected to has filters too, in the end everybody has the message once (spec filters.md 1). */
import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { decidedBy, describeDecidedBy } from '../../src/history/decided-by.ts'
import { parseRecord } from '../../src/history/lines.ts'
import { renderLadder } from '../../src/history/render.ts'
import { DOMAIN, eventually, type Site } from '../interop/site.ts'
import { boxOf, deliveriesIn, filtered, messagesIn, send, settled } from './site.ts'

const at = (user: string): string => `${user}@${DOMAIN}`
const users = ['kim', 'lee', 'max', 'sam']
const to = (user: string): string => `redirect "${at(user)}";`
/** To two subaddresses that nobody has had before. */
const further = (user: string): string =>
  `require ["envelope", "subaddress", "variables"]; if envelope :detail :matches "to" "*" { set "d" "\${1}"; } ${to(`${user}+\${d}a`)} ${to(`${user}+\${d}b`)}`

async function counts(site: Site, boxes: readonly string[]): Promise<Readonly<Record<string, number>>> {
  const found = await Promise.all(boxes.map(async (box) => [box, (await messagesIn(boxOf(site, box))).length] as const))
  return Object.fromEntries(found.filter(([, count]) => count > 0))
}

for (const { name, scripts, want, channel } of [
  {
    name: 'files it',
    scripts: { kim: to('max'), max: 'require ["fileinto", "mailbox"]; fileinto :create "X";' },
    want: { 'max/.X': 1 },
  },
  { name: 'has a rule that says nothing', scripts: { kim: to('max'), max: 'if false { discard; }' }, want: { max: 1 } },
  {
    name: 'sees that it was sent on',
    scripts: { kim: to('max'), max: 'if exists "resent-from" { discard; }' },
    want: {},
  },
  { name: 'sends it on again', scripts: { kim: to('lee'), lee: to('max') }, want: { max: 1 } },
  { name: 'sends it back: it ends where it came from', scripts: { kim: to('max'), max: to('kim') }, want: { kim: 1 } },
  {
    name: 'goes in a circle of three, one of whom keeps it',
    scripts: { kim: to('lee'), lee: `keep; ${to('max')}`, max: to('kim') },
    want: { kim: 1, lee: 1 },
  },
  {
    name: 'makes up subaddresses: it ends where it comes round',
    scripts: { kim: further('max'), max: further('kim') },
    want: { kim: 4 },
  },
  {
    name: 'is behind a channel that discards',
    scripts: { kim: to('max') },
    channel: 'if exists "resent-to" { discard; }',
    want: {},
  },
  {
    name: 'refuses it: the sender is told',
    scripts: { kim: to('max'), max: 'require "reject"; reject "not by kim";' },
    want: { sam: 1 },
  },
  {
    name: 'adds a field',
    scripts: {
      kim: to('max'),
      max: 'require ["editheader", "fileinto", "mailbox"]; addheader "X-Max" "1"; fileinto :create "X";',
    },
    want: { 'max/.X': 1 },
  },
] satisfies readonly {
  name: string
  scripts: Readonly<Record<string, string>>
  channel?: string
  want: Readonly<Record<string, number>>
}[])
  test(`who is redirected to ${name}`, async () => {
    const site = await filtered({ users: scripts, ...(channel === undefined ? {} : { channel }), site: { users } })
    await using _site = site
    assert.match(await send(site, { from: at('sam'), to: ['kim'] }), /^250 /)
    await settled(site)
    assert.deepEqual(await counts(site, [...users, 'max/.X']), want)
    const [filed = ''] = await messagesIn(boxOf(site, 'max', '.X'))
    if (name === 'adds a field') assert.match(filed, /^X-Max: 1\nResent-From: kim@/m)
  })

test('redirects nest no deeper than aliases: where they would, the sender is told', async () => {
  const scripts = { kim: to('lee'), lee: to('max'), max: to('pat') }
  const site = { users: [...users, 'pat'], limits: { aliasDepth: 2 } }
  await using one = await filtered({ users: scripts, site })
  assert.match(await send(one, { from: at('sam') }), /^250 /)
  await settled(one)
  assert.deepEqual(await counts(one, [...users, 'pat']), { sam: 1 })
  const [notice = ''] = await messagesIn(boxOf(one, 'sam'))
  assert.match(notice, /^Status: 5\.4\.6$/m)
  assert.match(notice, /redirects nested too deeply/)
})

test('a list that is expanded at delivery: its members have their filters, as behind any other', async () => {
  const scripts = { kim: 'discard;', lee: 'require ["fileinto", "mailbox"]; fileinto :create "L";' }
  const list = ['kim', 'lee', 'max'].map(at).join(', ')
  await using site = await filtered({ users: scripts, site: { users, files: { aliases: `all: ${list}\n` } } })
  for (const notify of ['', 'SUCCESS,FAILURE']) {
    assert.match(await send(site, { from: at('sam'), to: ['all'], notify }), /^250 /)
    await settled(site)
  }
  // The expansion is told; and who throws away is not among those who tell.
  assert.deepEqual(await counts(site, [...users, 'lee/.L']), { 'lee/.L': 2, max: 2, sam: 1 })
})

test('the trace shows the scripts that were asked then, and the line that decided', async () => {
  const max = 'require ["fileinto", "mailbox"];\nfileinto :create "X";'
  await using site = await filtered({ users: { kim: to('max'), max }, site: { users } })
  assert.match(await send(site), /^250 /)
  await settled(site)
  assert.deepEqual(await deliveriesIn(site, 4), [
    `${at('kim')} redirected ${at('kim')}:1`,
    `${at('max')} expanded ${at('max')}:2`,
    `${at('max')} expanded ${at('max')}:2`,
    `${at('max')} delivered ${at('max')}:2`,
  ])
  const records = await eventually('the whole history', async () => {
    const folder = join(site.directory, 'spool', 'history')
    const texts = await Promise.all((await readdir(folder)).map((file) => readFile(join(folder, file), 'utf8')))
    return texts.flatMap((text) => text.split('\n').flatMap((line) => parseRecord(Buffer.from(line)) ?? []))
  })
  const ladder = renderLadder(records, { color: false })
  assert.match(ladder, /personal filter max@demo\.test: decides {2}for max@demo\.test/)
  assert.match(ladder, /did fileinto "X" :2/)
  const why = decidedBy(records, at('max'))
  assert.equal(why && describeDecidedBy(why.by), `${at('max')}:2 personal filter`)
})
