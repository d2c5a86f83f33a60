// SPDX-License-Identifier: Apache-2.0
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the language writes ${…} for its own purposes
/** Proves: what scripts include (RFC 6609) and ask lists about (RFC 6134) is the site's and the user's own, and nobody else's. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { drive } from '../../ask/ask.ts'
import { loadRevision } from '../../config/load.ts'
import { recordingHost } from '../access/fixture.ts'
import { adapterFor } from './adapter.ts'
import { fate } from './fate.ts'
import { type FilterSite, filterMail } from './fixture.ts'
import { printRule } from './rules/index.ts'

const KIM = 'kim@example.org'

/** What becomes of a message, and what owners are told. */
async function outcome(site: FilterSite): Promise<string> {
  const { recipients, verdict, reply } = await filterMail(site)
  if (verdict === 'refuse') return `${reply}`
  const told = recipients.flatMap(({ filtered }) => filtered?.reports ?? []).map(({ text }) => text)
  return [...recipients.map(fate), ...told].join(' | ')
}

const off = (name: string, text: string): string => printRule({ name, text, order: 0 })
const include = (what: string): string => `require ["include", "fileinto", "variables"]; ${what}`
const kim = (...personal: string[]): FilterSite['users'] => ({ [KIM]: { personal } })
const LATER = '451 4.3.0 The message cannot be filtered now, try again later'

for (const { name, site, want } of [
  {
    name: 'a global script, by a user',
    site: { users: kim(include('include :global "lists";')), global: { lists: 'require "fileinto"; fileinto "L";' } },
    want: 'into L',
  },
  {
    name: 'a global script, by the site',
    site: { mta: include('include :global "lists";'), global: { lists: 'jettison;' } },
    want: 'jettison',
  },
  {
    name: 'a global script that a user may not use',
    site: { users: kim(include('include :global "lists";')), global: { lists: 'jettison;' } },
    want: 'inbox | line 1, column 1: lists line 1: jettison is not allowed in a user script',
  },
  {
    name: 'no such global script: the user is told, and the message kept',
    site: { users: kim(include('include :global "none"; discard;')) },
    want: 'inbox | line 1, column 1: there is no global script none',
  },
  {
    name: 'no such global script: the site fails closed',
    site: { mta: include('include :global "none";') },
    want: LATER,
  },
  {
    name: ':optional',
    site: { users: kim(include('include :optional :global "none"; fileinto "A";')) },
    want: 'into A',
  },
  {
    name: 'a personal script of the user, though it is off',
    site: { users: kim(include('include "more";'), off('more', 'require "fileinto"; fileinto "M";')) },
    want: 'into M',
  },
  {
    name: 'a personal script without a name of its own, by its place',
    site: { users: kim(include('include :optional "rule 2"; keep;'), 'require "fileinto"; fileinto "M"; stop;') },
    want: 'into M',
  },
  {
    name: ':once, and variables of all scripts',
    site: {
      users: kim(
        include('global "n"; include :once "more"; include :once "more"; fileinto "n${n}";'),
        off('more', 'require ["include", "variables"]; global "n"; set "n" "${n}x";'),
      ),
    },
    want: 'into nx',
  },
  {
    name: 'a script that includes itself',
    site: {
      users: kim(
        include('include "a";'),
        off('a', 'require "include"; include "b";'),
        off('b', 'require "include"; include "a";'),
      ),
    },
    want: 'inbox | line 1, column 1: a includes itself',
  },
  {
    name: 'a script of the site has no personal scripts',
    site: { mta: include('include :optional "more";'), users: kim(off('more', 'discard;')) },
    want: 'inbox',
  },
  {
    name: 'a script of the domain does not see those of the user',
    site: {
      users: {
        [KIM]: {
          personal: [off('more', 'discard;')],
          domain: [include('include :optional "more";').replace('"fileinto", ', '')],
        },
      },
    },
    want: 'inbox',
  },
  {
    name: 'a member of a list, in any case',
    site: {
      users: kim('require ["extlists", "fileinto"]; if address :list "from" "tag:x,2026:l" { fileinto "L"; }'),
      lists: { 'tag:x,2026:l': '# partners\n\nBob@example.com\nANN@example.net\r\n' },
    },
    want: 'into L',
  },
  {
    name: 'not a member, and a list that is not there',
    site: {
      users: kim('require ["extlists"]; if address :list "from" ["tag:x,2026:l", ":addrbook:default"] { discard; }'),
      lists: { 'tag:x,2026:l': 'bob@example.com\n' },
    },
    want: 'inbox',
  },
  {
    name: 'valid_ext_list: the user’s address book is not there',
    site: {
      users: kim(
        'require ["extlists", "fileinto"]; if valid_ext_list "tag:x,2026:l" { fileinto "A"; } if valid_ext_list ":addrbook:default" { discard; }',
      ),
      lists: { 'tag:x,2026:l': '' },
    },
    want: 'into A',
  },
  {
    name: 'a list by the long form of its name',
    site: {
      users: kim('require ["extlists", "fileinto"]; if address :list "from" ":team" { fileinto "T"; }'),
      lists: { 'urn:ietf:params:sieve:team': 'ann@example.net\n' },
    },
    want: 'into T',
  },
  {
    name: 'redirect :list goes to each member once',
    site: {
      users: kim('require ["extlists"]; redirect :list "tag:x,2026:l"; redirect "bob@example.com";'),
      lists: { 'tag:x,2026:l': 'bob@example.com\nrobin@example.com\nbob@EXAMPLE.com\n' },
    },
    want: 'to bob@example.com, to robin@example.com',
  },
  {
    name: 'redirect :list to a list that is not there keeps the message',
    site: { users: kim('require ["extlists"]; redirect :list "tag:none";') },
    want: 'inbox | line 1, column 1: "tag:none" is no list that mail can be sent on to',
  },
  {
    name: 'redirect :list to a list with something else in it keeps the message',
    site: {
      users: kim('require ["extlists"]; redirect :list "tag:x,2026:l";'),
      lists: { 'tag:x,2026:l': 'bob@example.com\n2026-11-24\n' },
    },
    want: 'inbox | line 1, column 1: "tag:x,2026:l" has "2026-11-24", no mail address',
  },
] as readonly { name: string; site: FilterSite; want: string }[])
  test(name, async () => assert.equal(await outcome(site), want))

test('what an included script did is at its own line, in the trace and in what is decided', async () => {
  const script = include('# one\n# two\ninclude :global "lists";')
  const global = { lists: 'require "fileinto";\n\nif header :contains "subject" "hell" {\n  fileinto "L";\n}' }
  const { recipients, steps } = await filterMail({ users: { [KIM]: { personal: [script] } }, global })
  const { script: at, line, text } = recipients[0]?.filtered?.fileinto[0]?.by ?? assert.fail()
  assert.deepEqual([at, line, text], [`global script lists, included by ${KIM}`, 4, undefined])
  const [trace] = steps[0]?.filters ?? []
  assert.deepEqual(trace?.actions, ['fileinto "L" global script lists:4'])
  assert.deepEqual(trace?.matched, [
    { script: 'global script lists', line: 3, test: 'header', value: 'Hello', key: 'hell' },
  ])
})

test('a list that is a mapping table: a row that takes the value and says $Y', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'postern-lists-'))
  t.after(() => rm(root, { recursive: true }))
  const settings = 'filters:\n  lists: { "tag:x": { mapping: PARTNERS } }\n'
  await writeFile(join(root, 'postern.yaml'), `server: { hostname: mx.example.org }\nlisteners: {}\n${settings}`)
  await writeFile(
    join(root, 'mappings'),
    'PARTNERS\n\n  eve@example.com $Y${NOWHERE}\n  bob@example.com $N\n  *@example.net x\n  *@example.com  $Y\n',
  )
  const { revision, diagnostics } = await loadRevision(root, { now: () => 0 })
  assert.ok(revision?.filters !== undefined, JSON.stringify(diagnostics))
  const { answers } = adapterFor({ revision, site: revision.filters, message: '1' })
  const member = async (list: string, value?: string): Promise<string> =>
    (
      await drive(
        answers['sieve.list']({ ask: 'sieve.list', list, ...(value === undefined ? {} : { value }) }),
        recordingHost().host,
      )
    ).kind
  assert.equal(await member('tag:x'), 'found')
  assert.equal(await member('tag:x', 'ann@example.com'), 'found')
  assert.equal(await member('tag:x', 'bob@example.com'), 'absent')
  assert.equal(await member('tag:x', 'ann@example.net'), 'absent')
  // A row that fails says nothing.
  assert.equal(await member('tag:x', 'eve@example.com'), 'absent')
  // Nobody can count its members.
  const all = await drive(answers['sieve.members']({ ask: 'sieve.members', list: 'tag:x' }), recordingHost().host)
  assert.equal(all.kind, 'absent')
})
