// SPDX-License-Identifier: Apache-2.0
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the language writes ${…} for its own purposes
/** Proves: what levels make of a message beside who decides: limits, errors, scores, tags, replies, duplicates, channels. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RecipientFilters } from '../../ask/filters.ts'
import { SieveEngine } from '../../sieve/index.ts'
import { fate } from './fate.ts'
import { type FilterMail, type FilterSite, filterMail, MAIL, NOW, only } from './fixture.ts'

const KIM = 'kim@example.org'
const user = (...personal: string[]): NonNullable<FilterSite['users']> => ({ [KIM]: { personal } })
const kim = (kept: Partial<RecipientFilters>): FilterSite => ({ users: { [KIM]: kept } })
const of = async (site: FilterSite, mail: FilterMail = {}): Promise<string> => {
  const result = await filterMail(site, mail)
  return result.verdict === 'refuse' ? `${result.reply}` : result.recipients.map(fate).join(' | ')
}
const LATER = '451 4.3.0 The message cannot be filtered now, try again later'

test('a site without filters asks for nothing but the filters of its users', async () => {
  const mail = await filterMail({})
  assert.deepEqual([mail.asked, mail.steps, mail.recipients[0]?.filtered], [['directory.filters'], [], undefined])
})

test('recipients elsewhere have no personal script here, but those of the site', async () => {
  const mail = await filterMail({ mta: 'discard;' }, { to: ['far@example.com'] })
  assert.equal(mail.recipients.map(fate).join(), 'discard')
  assert.equal(mail.asked.includes('directory.filters'), false)
})

for (const { name, script, settings = {} } of [
  { name: 'fileintos', script: (n: number) => `require "fileinto";${times(n, (i) => `fileinto "F${i}";`)}` },
  { name: 'redirects', script: (n: number) => times(n, (i) => `redirect "a${i}@example.net";`) },
  {
    name: 'notifies',
    script: (n: number) => `require "enotify";${times(n, (i) => `notify "mailto:a${i}@example.net";`)}keep;`,
  },
  { name: 'tags', script: (n: number) => `${times(n, (i) => `addtag "t${i}";`)}keep;` },
  { name: 'headerEdits', script: (n: number) => `${times(n, (i) => `addheader "X-A: ${i}";`)}keep;` },
  {
    name: 'listEntries',
    script: (n: number) => `if header "x" [${Array.from({ length: n }, (_, i) => `"${i}"`).join(',')}] {stop;} keep;`,
  },
  { name: 'variables', script: (n: number) => `require "variables";${times(n, (i) => `set "v${i}" "x";`)}keep;` },
] as readonly { name: string; script: (n: number) => string; settings?: object }[])
  test(`limit ${name}: as many as it says are fine, one more is an error of the script`, async () => {
    const site = (n: number): FilterSite => ({
      users: user(script(n)),
      settings: { ...settings, limits: { [name]: 3 } },
    })
    const fine = await filterMail(site(3))
    assert.deepEqual(only(fine).reports, [])
    assert.equal(only(fine).by?.level, 'personal')
    const over = await filterMail(site(4))
    assert.deepEqual(
      [only(over).by, only(over).reports.map(({ to }) => to), fate({ filtered: only(over) })],
      [undefined, [KIM], 'inbox'],
    )
  })

const times = (n: number, each: (i: number) => string): string => Array.from({ length: n }, (_, i) => each(i)).join('')

test('vacations: more than one reply is never sent; two are a mistake of nobody, three are', async () => {
  const script = (n: number): string => `require "vacation";${times(n, (i) => `vacation "away ${i}";`)}`
  assert.equal(only(await filterMail({ users: user(script(2)) })).vacations.length, 1)
  const over = only(await filterMail({ users: user(script(3)) }))
  assert.deepEqual([over.vacations, over.reports.length], [[], 1])
})

// Section 9.
for (const { name, site, want, told } of [
  {
    name: 'a personal script that does not compile',
    site: { users: user('fileint "A";') },
    want: 'inbox',
    told: 'line 1',
  },
  {
    name: 'a personal script that fails, with what it did before',
    site: { users: user('require ["fileinto", "variables"]; set "a" "no"; fileinto "A"; redirect "${a}";') },
    want: 'inbox',
    told: 'is no mail address',
  },
  {
    name: 'the level behind it has its say',
    site: { users: user('fileint "A";'), mta: 'discard;' },
    want: 'discard',
    told: '',
  },
  {
    name: 'one rule of three',
    site: { users: user('addtag "[1]";', 'nonsense', 'keep;') },
    want: 'inbox',
    told: 'nonsense',
  },
] as readonly { name: string; site: FilterSite; want: string; told: string }[])
  test(`errors: ${name}`, async () => {
    const filtered = only(await filterMail(site))
    assert.equal(fate({ filtered }), want)
    assert.deepEqual(
      filtered.reports.map(({ to }) => to),
      [KIM],
    )
    assert.ok(filtered.reports[0]?.text.includes(told), filtered.reports[0]?.text)
  })

for (const { name, site } of [
  { name: 'a script of the MTA', site: { mta: 'require "variables"; set "a" "no"; redirect "${a}";' } },
  { name: 'a script of a channel', site: { destination: 'require "variables"; set "a" "no"; redirect "${a}";' } },
  { name: 'the directory', site: { host: { 'directory.filters': () => ({ kind: 'defer', cause: 'away' }) } } },
  { name: 'the content', site: { mta: 'keep;', host: { content: () => ({ kind: 'defer', cause: 'EIO' }) } } },
  {
    name: 'an answer to a personal script',
    site: {
      users: user('require ["mailbox", "fileinto"]; if mailboxexists "A" { fileinto "A"; }'),
      host: { 'mailbox.find': () => ({ kind: 'defer', cause: 'away' }) },
    },
  },
  {
    name: 'the file of a script',
    site: {
      channels: { 'ims-ms': { filter: '/f/$U' } },
      users: user(),
      host: { 'filter.file': () => ({ kind: 'defer', cause: 'EACCES' }) },
    },
  },
] as readonly { name: string; site: FilterSite }[])
  test(`try later: ${name} fails`, async () => assert.equal(await of(site), LATER))

// Section 5.
for (const { adjust, value } of [
  { adjust: ['4.4'], value: '4' },
  { adjust: ['4.6'], value: '5' },
  { adjust: ['4.5'], value: '5' },
  { adjust: ['-3'], value: '0' },
  { adjust: ['27.7'], value: '10' },
  { adjust: ['3', '-1.2'], value: '2' },
  { adjust: ['no number'], value: '0' },
])
  test(`spamtest after $, of ${adjust.join(' and ')} is ${value}`, async () => {
    const script = `require ["spamtest", "fileinto"]; if spamtest :is "${value} ${adjust.join('')}" { fileinto "S"; }`
    assert.equal(await of({ users: user(script) }, { asked: { spamadjust: adjust } }), 'into S')
  })

test('scores add up from level to level, and `:percent` is of the sum', async () => {
  const site: FilterSite = {
    users: user('require "spamtest"; spamadjust "2.5 bad";'),
    destination: 'require "spamtest"; spamadjust "+3";',
    mta: 'require ["spamtestplus", "relational", "comparator-i;ascii-numeric", "fileinto"];\nif spamtest :percent :value "eq" :comparator "i;ascii-numeric" "55" { fileinto "P"; }',
  }
  assert.equal(await of(site), 'into P')
})

// Section 4.
test('tags stand in front of the subject once, those of $T too, and in every copy', async () => {
  const site: FilterSite = {
    users: user('require "fileinto"; fileinto "A"; keep;'),
    mta: 'addtag "[two words]"; addtag "[T]";',
  }
  const { edits, fileinto, keep } = only(await filterMail(site, { asked: { prefixes: ['[T]'] } }))
  assert.deepEqual(edits, [
    { edit: 'delete', name: 'subject', occurrence: 1 },
    { edit: 'prepend', field: 'Subject: [T] [two words] Hello\r\n' },
  ])
  assert.deepEqual([fileinto[0]?.edits, keep?.edits], [undefined, undefined])
})

test('a message without subject gets one of tags', async () => {
  const mail = await filterMail({}, { asked: { prefixes: ['[T]'] }, content: 'From: a@example.net\r\n\r\nx\r\n' })
  assert.deepEqual(only(mail).edits, [{ edit: 'prepend', field: 'Subject: [T]\r\n' }])
})

test('an edit behind an action is not in its copy; one of a later level is in all', async () => {
  const site: FilterSite = {
    users: user('require "fileinto"; fileinto "Before"; addheader "X-Kim: 1"; keep;'),
    mta: 'addheader "X-MTA: 1";',
  }
  const { edits, fileinto } = only(await filterMail(site))
  const field = (name: string) => ({ edit: 'prepend', field: `${name}: 1\r\n` })
  assert.deepEqual(edits, [field('X-Kim'), field('X-MTA')])
  assert.deepEqual(fileinto[0]?.edits, [field('X-MTA')])
})

test('conversion tags: added, set for one recipient, tested as they were before', async () => {
  const mta =
    'require "envelope"; if envelope "to" "kim@example.org" { setconversiontag "only"; addconversiontag "more"; } elsif envelope "conversiontag" "msg" { addconversiontag "seen"; }'
  const mail = await filterMail({ mta }, { asked: { tags: ['msg'] }, to: [KIM, 'lee@example.org'] })
  assert.deepEqual(
    mail.recipients.map(({ tags }) => tags),
    [
      ['only', 'more'],
      ['msg', 'seen'],
    ],
  )
  assert.equal(mail.context.carried?.asked.tags, undefined)
})

test('$Z throws away whatever a script says', async () => {
  assert.equal(await of({ users: user('keep;') }, { asked: { jettison: 'FROM_ACCESS mappings:3' } }), 'jettison')
})

test('what is thrown away is on the channel for that, and names the line', async () => {
  const mail = await filterMail({ mta: 'keep;\n', users: user('\ndiscard;') })
  assert.deepEqual([mail.verdict, mail.recipients[0]?.channel], ['discard', 'bitbucket'])
  assert.equal(mail.recipients[0]?.via, 'personal filter, kim@example.org:2')
  const kept = await filterMail({ users: user('discard;'), settings: { discard: 'hold' } })
  assert.deepEqual([kept.verdict, kept.recipients[0]?.channel], ['pass', 'hold'])
})

// Section 2, evaluation time.
test('a refusal goes into the dialogue only where all refuse alike', async () => {
  const script =
    'require ["reject", "envelope"]; if envelope :localpart "to" "kim" { reject "no"; } else { reject "never"; }'
  const both = { to: [KIM, 'lee@example.org'] }
  assert.equal(await of({ mta: 'require "reject"; reject "no";' }, both), '550 5.7.1 no')
  assert.equal(await of({ mta: script }, both), 'reject no | reject never')
  assert.equal(await of({ users: user('require "reject"; reject "no";') }, both), 'reject no | inbox')
  assert.equal(await of({ mta: 'require "reject"; reject "nö";' }), 'reject nö')
  assert.equal(
    await of({ mta: 'require "ereject"; ereject text:\nno\r\nnö\n.\n;' }),
    '550 5.7.1 no / n??'.replace('??', '?'),
  )
})

// Section 10.
const autoreply = (more: Partial<NonNullable<RecipientFilters['autoreply']>> = {}): FilterSite =>
  kim({ autoreply: { mode: 'vacation', text: 'away', textInternal: 'gone', subject: 'Not here', ...more } })
for (const { name, site, mail = {}, want } of [
  { name: 'with the default period', site: autoreply(), want: ['away', 168 * 3600] },
  { name: 'with its own', site: autoreply({ timeoutHours: 2 }), want: ['away', 7200] },
  { name: 'to every message', site: autoreply({ mode: 'reply' }), want: ['away', 0] },
  { name: 'with the original', site: autoreply({ mode: 'echo' }), want: ['away', 0] },
  { name: 'of one’s own domain', site: autoreply(), mail: { from: 'ann@example.org' }, want: ['gone', 168 * 3600] },
  { name: 'from its first moment', site: autoreply({ start: NOW }), want: ['away', 168 * 3600] },
  { name: 'to its last one', site: autoreply({ end: NOW }), want: ['away', 168 * 3600] },
  { name: 'not before', site: autoreply({ start: NOW + 1 }), want: undefined },
  { name: 'not after', site: autoreply({ end: NOW - 1 }), want: undefined },
  { name: 'not to the null sender', site: autoreply(), mail: { from: null }, want: undefined },
  {
    name: 'not to a list',
    site: autoreply(),
    mail: { content: MAIL.replace('Subject', 'List-Id: <l.example.net>\r\nSubject') },
    want: undefined,
  },
  { name: 'not where $! said so', site: autoreply(), mail: { asked: { novacation: true } }, want: undefined },
  { name: 'not after novacation of the MTA', site: { ...autoreply(), mta: 'novacation;' }, want: undefined },
  {
    name: 'not after novacation, with literalFinish too',
    site: {
      ...kim({ autoreply: { mode: 'vacation', text: 'away' }, personal: ['keep;'] }),
      mta: 'novacation;',
      settings: { literalFinish: true },
    },
    want: undefined,
  },
  { name: 'not to what is refused', site: { ...autoreply(), mta: 'require "reject"; reject "nö";' }, want: undefined },
  { name: 'not to what the site throws away', site: { ...autoreply(), mta: 'discard;' }, want: undefined },
] as readonly { name: string; site: FilterSite; mail?: FilterMail; want: [string, number] | undefined }[])
  test(`autoreply: ${name}`, async () => {
    const result = await filterMail(site, mail)
    const reply = result.recipients[0]?.filtered?.vacations[0]
    assert.deepEqual(reply === undefined ? undefined : [reply.reason, reply.seconds], want)
    if (reply !== undefined) assert.deepEqual([reply.subject, reply.to], ['Not here', mail.from ?? 'ann@example.net'])
  })

// Section 8.
for (const { script, want } of [
  { script: 'require "fileinto"; fileinto "INBOX"; keep;', want: 'inbox' },
  { script: 'require "fileinto"; fileinto "A"; addheader "X-A: 1"; fileinto "A";', want: 'into A' },
  {
    script: 'require ["fileinto", "imap4flags"]; fileinto :flags "\\\\Seen" "A"; fileinto :flags "\\\\Flagged" "A";',
    want: 'into A \\Flagged',
  },
  { script: 'redirect "Lee@Example.net"; redirect "Lee@example.NET";', want: 'to Lee@example.net' },
  { script: 'redirect "kim@example.org";', want: 'inbox' },
])
  test(`each target once: ${script}`, async () => assert.equal(await of({ users: user(script) }), want))

test('duplicate: known ones are told, new ones are to be remembered', async () => {
  const site = (known: boolean): FilterSite => ({
    users: user('require "duplicate"; if duplicate { discard; }'),
    host: { 'memory.claim': () => (known ? { kind: 'found', value: true } : { kind: 'absent' }) },
  })
  assert.equal(await of(site(true)), 'discard')
  assert.equal(only(await filterMail(site(false))).remember.length, 1)
})

// Section 1.
for (const { name, site, mail = {}, want } of [
  {
    name: 'a file by the keyword filter stands in place of the directory',
    site: {
      channels: { 'ims-ms': { filter: '/f/$D/$U.sieve' } },
      users: user('discard;'),
      files: { '/f/example.org/kim.sieve': 'require "fileinto"; fileinto "File";' },
    },
    want: 'into File',
  },
  {
    name: 'without the file the directory counts',
    site: { channels: { 'ims-ms': { filter: '/f/$D/$U.sieve' } }, users: user('discard;') },
    want: 'discard',
  },
  {
    name: 'the keyword fileinto replaces the subaddress',
    site: {
      channels: { 'ims-ms': { fileinto: '$U+$S@$D' } },
      users: user('require "fileinto"; fileinto "Lists";'),
    },
    mail: { recipient: { detail: 'old' } },
    want: 'into Lists as kim+Lists@example.org',
  },
  {
    name: 'the separator of subaddresses is the site’s',
    site: {
      channels: { 'ims-ms': { fileinto: '$U-$S@$D' }, l: { subaddress: '-' } },
      users: user(
        'require ["fileinto", "envelope", "subaddress"]; if envelope :detail "to" "old" { fileinto "Lists"; }',
      ),
    },
    mail: { recipient: { detail: 'old' } },
    want: 'into Lists as kim-Lists@example.org',
  },
  {
    name: 'a folder that only a quoted local part holds',
    site: { channels: { 'ims-ms': { fileinto: '$U+$S@$D' } }, users: user('require "fileinto"; fileinto "A b>c";') },
    want: 'into A b>c as "kim+A b>c"@example.org',
  },
  {
    name: 'LMTP runs personal scripts, and without the keyword files nothing',
    site: {
      channels: { 'ims-ms': { kind: 'lmtp', host: '127.0.0.1:24' } },
      users: user('require "fileinto"; fileinto "Lists";'),
    },
    want: 'inbox',
  },
] as readonly { name: string; site: FilterSite; mail?: FilterMail; want: string }[])
  test(name, async () => assert.equal(await of(site, mail), want))

test('a script that looks at nothing of the recipient’s runs once for all of them', async (t) => {
  const to = Array.from({ length: 300 }, (_, i) => `u${i}@example.org`)
  const runs = t.mock.method(SieveEngine.prototype, 'createRun')
  const lists = { 'tag:x,2026:l': 'ann@example.net\n' }
  const once = 'require ["extlists", "fileinto"]; if address :list "from" "tag:x,2026:l" { fileinto "L"; }'
  const mail = await filterMail({ mta: once, lists }, { to })
  assert.equal(runs.mock.callCount(), 1)
  assert.ok(mail.recipients.every((each) => fate(each) === 'into L'))
  const [step] = mail.steps
  assert.deepEqual([mail.steps.length, step?.filters?.length, step?.filters?.[0]?.recipientsDropped], [1, 1, 290])
  runs.mock.resetCalls()
  const each = once
    .replace('"fileinto"]', '"fileinto", "envelope"]')
    .replace('if address', 'if envelope "to" "x@y" {} if address')
  await filterMail({ mta: each, lists }, { to })
  assert.equal(runs.mock.callCount(), 300)
})

test('the trace: level, script, line, what matched, what it did', async () => {
  const script = 'require "fileinto";\nif header :contains "subject" "hell" {\n  fileinto "A";\n}\n'
  const mail = await filterMail({ users: user(script), mta: 'discard;' })
  assert.deepEqual(
    mail.steps.map(({ stage, filters }) => [stage, filters]),
    [
      [
        'user filters',
        [
          {
            level: 'personal',
            script: KIM,
            recipients: [KIM],
            effect: 'decides',
            by: { level: 'personal', script: KIM, line: 3, column: 3, text: 'fileinto "A";' },
            actions: ['fileinto "A" :3'],
            matched: [{ line: 2, test: 'header', value: 'Hello', key: 'hell' }],
          },
        ],
      ],
      [
        'MTA filter',
        [{ level: 'MTA', script: 'filters/mta.sieve', recipients: [KIM], effect: 'ignored', actions: ['discard :1'] }],
      ],
    ],
  )
})

test('a large message is seen in part, its size whole, and its body is not replaced', async () => {
  const content = `${MAIL}${'x'.repeat(300_000)}`
  const settings = { content: '4KiB' }
  const big = 'require ["fileinto", "body"]; if size :over 250K { fileinto "Big"; }'
  assert.equal(await of({ users: user(big), settings }, { content }), 'into Big')
  const mail = await filterMail({ mta: 'addprefix "warned";', settings }, { content })
  assert.equal(mail.recipients[0]?.filtered, undefined)
  const small = only(await filterMail({ mta: 'addprefix "warned";' }))
  assert.match(Buffer.from(small.keep?.replaced ?? '', 'base64').toString(), /\r\n\r\nwarnedText/)
})
