// SPDX-License-Identifier: Apache-2.0
/** Proves: the order of levels, what is explicit, the overrides and their precedence, as spec filters.md 2 says. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RecipientFilters } from '../../ask/filters.ts'
import { filterEngine } from '../../config/site-filters.ts'
import { fate } from './fate.ts'
import { type FilterSite, filterMail, only } from './fixture.ts'
import type { FilterScript } from './script.ts'

const KIM = 'kim@example.org'
const user = (...personal: string[]): NonNullable<FilterSite['users']> => ({ [KIM]: { personal } })
const of = async (site: FilterSite): Promise<string> => {
  const mail = await filterMail(site)
  if (mail.verdict === 'refuse') return `${mail.reply}`
  return mail.recipients.map(fate).join(' | ')
}

// The table of section 2: the script, whether the MTA's script behind it still decides.
for (const { script, want } of [
  { script: '', want: 'into Behind' },
  { script: '# nothing', want: 'into Behind' },
  { script: 'stop;', want: 'into Behind' },
  { script: 'keep;', want: 'inbox' },
  { script: 'require "fileinto"; fileinto "A";', want: 'into A' },
  { script: 'redirect "lee@example.net";', want: 'to lee@example.net' },
  { script: 'discard;', want: 'discard' },
  { script: 'require "reject"; reject "no";', want: '550 5.7.1 no' },
  { script: 'require "ereject"; ereject "no";', want: '550 5.7.1 no' },
  { script: 'require ["fileinto", "copy"]; fileinto :copy "A";', want: 'into A, into Behind' },
  { script: 'require "copy"; redirect :copy "lee@example.net";', want: 'into Behind, to lee@example.net' },
  { script: 'require "vacation"; vacation "away";', want: 'into Behind, reply to ann@example.net' },
  { script: 'require "enotify"; notify "mailto:lee@example.net";', want: 'into Behind, notify mailto:lee@example.net' },
  { script: 'addheader "X-A: b";', want: 'into Behind' },
  { script: 'addtag "[x]";', want: 'into Behind' },
  { script: 'require "imap4flags"; addflag "\\\\Flagged";', want: 'into Behind \\Flagged' },
  { script: 'require "spamtest"; spamadjust "3";', want: 'into Behind' },
])
  test(`explicit or not: ${script}`, async () =>
    assert.equal(await of({ users: user(script), mta: 'require "fileinto"; fileinto "Behind";' }), want))

for (const { script, want } of [
  { script: 'refuse "no";', want: '550 5.7.1 no' },
  { script: 'jettison;', want: 'jettison' },
  { script: 'addconversiontag "a";', want: 'into Behind' },
  { script: 'hold;', want: 'into Behind' },
])
  test(`explicit or not, of the site: ${script}`, async () =>
    assert.equal(await of({ destination: script, mta: 'require "fileinto"; fileinto "Behind";' }), want))

// The observable checks of section 2.
for (const { name, site, want } of [
  { name: '(a) user keep, MTA discard', site: { users: user('keep;'), mta: 'discard;' }, want: 'inbox' },
  {
    name: '(b) user keep, MTA jettison',
    site: { users: user('keep;'), mta: 'jettison;' },
    want: 'jettison',
  },
  {
    name: '(c) user without match, channel discard',
    site: { users: user('if header "x-no" "1" { keep; }'), destination: 'discard;' },
    want: 'discard',
  },
  {
    name: '(d) user discard, channel keep',
    site: { users: user('discard;'), destination: 'keep;' },
    want: 'discard',
  },
  {
    name: '(e) channel keep, MTA reject',
    site: { destination: 'keep;', mta: 'require "reject"; reject "no";' },
    want: 'inbox',
  },
  { name: '(f) the MTA alone', site: { mta: 'require "fileinto"; fileinto "M";' }, want: 'into M' },
  {
    name: 'literalFinish: jettison of the MTA does not count against a keep',
    site: { users: user('keep;'), mta: 'jettison;', settings: { literalFinish: true } },
    want: 'inbox',
  },
  {
    name: 'literalFinish: it counts where nobody decided',
    site: { users: user('stop;'), mta: 'jettison;', settings: { literalFinish: true } },
    want: 'jettison',
  },
  {
    name: 'destination before source before MTA',
    site: {
      destination: 'require "fileinto"; fileinto "D";',
      source: 'require "fileinto"; fileinto "S";',
      mta: 'require "fileinto"; fileinto "M";',
    },
    want: 'into D',
  },
  {
    name: 'source before MTA',
    site: { source: 'require "fileinto"; fileinto "S";', mta: 'require "fileinto"; fileinto "M";' },
    want: 'into S',
  },
  { name: 'refuse before jettison', site: { source: 'jettison;', mta: 'refuse "no";' }, want: '550 5.7.1 no' },
  { name: 'jettison before hold', site: { source: 'hold;', mta: 'jettison;' }, want: 'jettison' },
  { name: 'refuse before a user’s keep', site: { users: user('keep;'), mta: 'refuse "no";' }, want: '550 5.7.1 no' },
  {
    name: 'last-verdict is what the level before said',
    site: {
      users: user('keep;'),
      mta: 'require "environment"; if environment "vnd.oracle.last-verdict" "keep" { jettison; }',
    },
    want: 'jettison',
  },
  {
    name: 'last-verdict is not there before anybody decided',
    site: {
      users: user('stop;'),
      mta: 'require "environment"; if environment :matches "vnd.oracle.last-verdict" "*" { jettison; }',
    },
    want: 'inbox',
  },
] as readonly { name: string; site: FilterSite; want: string }[])
  test(name, async () => assert.equal(await of(site), want))

test('hold holds the message, whatever was decided, and does not hold it twice', async () => {
  const mail = await filterMail({ users: user('require "fileinto"; fileinto "A";'), mta: 'hold;' })
  assert.equal(mail.verdict, 'hold')
  assert.deepEqual(mail.recipients.map(fate), ['into A'])
})

const household = (kept: Partial<RecipientFilters>): FilterSite => ({
  users: { [KIM]: { personal: [], domain: [], ...kept } },
})
const OWNER = 'mum@example.org' as NonNullable<RecipientFilters['household']>['owner']
for (const { name, site, want } of [
  {
    name: 'head of household behind the person',
    site: household({ household: { owner: OWNER, rules: ['discard;'] } }),
    want: 'discard',
  },
  {
    name: 'the person decides before',
    site: household({ personal: ['keep;'], household: { owner: OWNER, rules: ['discard;'] } }),
    want: 'inbox',
  },
  { name: 'no household', site: household({}), want: 'inbox' },
  {
    name: 'household before domain',
    site: household({ household: { owner: OWNER, rules: ['keep;'] }, domain: ['discard;'] }),
    want: 'inbox',
  },
  { name: 'domain', site: household({ domain: ['discard;'] }), want: 'discard' },
  { name: 'domain before the site', site: { ...household({ domain: ['keep;'] }), mta: 'discard;' }, want: 'inbox' },
  {
    name: 'a domain that files is a domain without script',
    site: household({ domain: ['require "fileinto"; fileinto "A";'] }),
    want: 'inbox',
  },
] as readonly { name: string; site: FilterSite; want: string }[])
  test(`levels: ${name}`, async () => assert.equal(await of(site), want))

test('the owner of a household script is its head', async () => {
  const mail = await filterMail(household({ household: { owner: OWNER, rules: ['redirect "lee@example.net";'] } }))
  assert.deepEqual(
    only(mail).redirects.map(({ resentFrom }) => resentFrom),
    [OWNER],
  )
})

const { engine } = filterEngine()
const scriptlet = (text: string): FilterScript => {
  const { program } = engine.compile(text, { name: 'verdict', level: 'system' })
  return { level: 'plug-in', name: 'verdict', program: program ?? assert.fail(), owner: [] }
}

for (const { name, site, want } of [
  {
    name: 'decides where no user does',
    site: { scriptlets: [scriptlet('require "fileinto"; fileinto "Spam";')], mta: 'discard;' },
    want: 'into Spam',
  },
  {
    name: 'loses to a user',
    site: { scriptlets: [scriptlet('require "fileinto"; fileinto "Spam";')], users: user('keep;') },
    want: 'inbox',
  },
  {
    name: 'is seen by a user through the score',
    site: {
      scriptlets: [scriptlet('require "spamtest"; spamadjust "7.2";')],
      users: user(
        'require ["spamtest", "relational", "comparator-i;ascii-numeric", "fileinto"];' +
          'if spamtest :value "ge" :comparator "i;ascii-numeric" "7" { fileinto "Seven"; }',
      ),
    },
    want: 'into Seven',
  },
  {
    name: 'jettisons over a user',
    site: { scriptlets: [scriptlet('jettison;')], users: user('keep;') },
    want: 'jettison',
  },
  {
    name: 'the first that decides counts',
    site: { scriptlets: [scriptlet('keep;'), scriptlet('discard;')] },
    want: 'inbox',
  },
] as readonly { name: string; site: FilterSite; want: string }[])
  test(`a scriptlet ${name}`, async () => assert.equal(await of(site), want))

test('a rule is called by its name, and its lines are counted as its author sees them', async () => {
  const rules = [
    '# $Rule Info: Order=2 Name=The soup\nif true {\n  discard;\n}\n',
    'stop;',
    '# $Rule Info: Order=1 Template=x Name=none\n# $Fields: {}\nif false { keep; }\n',
    '# $Rule Info: Order=3 Name=broken\n\nnonsense;\n',
  ]
  const { by, reports } = only(await filterMail({ users: user(...rules) }))
  assert.deepEqual([by?.script, by?.line, by?.text], ['rule "The soup" of kim@example.org', 2, 'discard;'])
  assert.deepEqual(
    reports.map(({ script, text }) => [script, text.split(':')[0]]),
    [['rule "broken" of kim@example.org', 'line 2, column 1']],
  )
  const nameless = only(await filterMail({ users: user('if false { keep; }', 'discard;') }))
  assert.deepEqual([nameless.by?.script, nameless.by?.line], ['rule 2 of kim@example.org', 1])
  const alone = only(await filterMail({ users: user('# $Rule Info: Name=soup\ndiscard;') }))
  assert.deepEqual([alone.by?.script, alone.by?.line], [KIM, 1])
})
