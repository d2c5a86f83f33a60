// SPDX-License-Identifier: Apache-2.0
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates write ${…} for their own purposes
/**
 * Proves: `filter check`, `run` and `trace` need no configuration and print what they promise; rules of a user are
 * listed, stored, ordered and deleted in the directory; templates are listed, checked, filled in and stored so that
 * they can be filled in again; nothing is stored that does not compile.
 */
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { postern } from './fixture.ts'

const SCRIPT = `require ["fileinto", "imap4flags"];

if header :contains "subject" ["soup", "stew"] {
  addflag "\\\\Flagged";
  fileinto "Recipes";
}
`
const MESSAGE = 'From: Lee <lee@example.net>\nTo: kim@example.org\nSubject: Soup on Friday\n\nHello\n'

interface Files {
  readonly folder: string
  file(name: string, text: string): Promise<string>
}

async function files(t: TestContext): Promise<Files> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-filter-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const file = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), text)
    return join(folder, name)
  }
  return { folder, file }
}

const fine = async (args: readonly string[], stdin?: string): Promise<string> => {
  const { code, out, err } = await postern(args, stdin === undefined ? {} : { stdin })
  assert.equal(code, 0, `${args.join(' ')}: ${err}`)
  return out
}
const json = async (args: readonly string[], stdin?: string): Promise<unknown> =>
  JSON.parse(await fine([...args, '--json'], stdin))

test('run: what a script would do, without a configuration', async (t) => {
  const { file } = await files(t)
  const script = await file('mine.sieve', SCRIPT)
  assert.deepEqual(
    await json(['filter', 'run', script, '-', '--from', 'lee@example.net', '--to', 'kim@example.org'], MESSAGE),
    {
      actions: [{ action: 'fileinto', mailbox: 'Recipes', flags: ['\\Flagged'], copy: false, line: 5 }],
      implicitKeep: false,
      errors: [],
    },
  )
  assert.deepEqual(await json(['filter', 'run', script, '-'], 'Subject: x\n\n'), {
    actions: [],
    implicitKeep: true,
    errors: [],
  })
  assert.match(
    await fine(['filter', 'run', script, '-'], MESSAGE),
    /^fileinto +line 5 +mailbox "Recipes", flags \["\\\\Flagged"\]$/m,
  )
})

test('run: envelope, time, mailboxes, points and level are what is given', async (t) => {
  const { file } = await files(t)
  const script = await file(
    'all.sieve',
    `require ["envelope", "date", "mailbox", "spamtest", "relational", "comparator-i;ascii-numeric", "fileinto"];
if allof (envelope "from" "", envelope "to" "kim@example.org", currentdate "date" "2026-12-24", mailboxexists "A",
  not mailboxexists "B", spamtest :value "ge" :comparator "i;ascii-numeric" "7") { fileinto "all"; }`,
  )
  const args = ['filter', 'run', script, '-', '--from', '<>', '--to', '<kim@example.org>']
  const more = ['--now', '2026-12-24T18:00:00Z', '--mailbox', 'A', '--spam', '7']
  assert.match(JSON.stringify(await json([...args, ...more], 'a: b\n\n')), /"mailbox":"all"/)
  assert.match(JSON.stringify(await json(args, 'a: b\n\n')), /"implicitKeep":true/)
  const system = await file('system.sieve', 'jettison;')
  assert.equal((await postern(['filter', 'check', system])).code, 1)
  assert.match(JSON.stringify(await json(['filter', 'run', system, '-', '--level', 'system'], 'a: b\n\n')), /jettison/)
})

test('run: scripts that are included', async (t) => {
  const { folder, file } = await files(t)
  const script = await file('main.sieve', 'require "include"; include "lists";')
  await file('lists.sieve', 'discard;')
  assert.match(JSON.stringify(await json(['filter', 'run', script, '-', '--include', folder], MESSAGE)), /"discard"/)
  assert.equal((await postern(['filter', 'run', script, '-'], { stdin: MESSAGE })).code, 1)
  assert.equal((await postern(['filter', 'run', script, '-', '--include', '/nonexistent'], { stdin: '' })).code, 2)
})

test('run: an error keeps the message and ends with 1', async (t) => {
  const { file } = await files(t)
  const wrong = await file('wrong.sieve', 'fileint "x";\ndiscrd;')
  const { code, out } = await postern(['filter', 'run', wrong, '-', '--json'], { stdin: MESSAGE })
  assert.equal(code, 1)
  const { actions, implicitKeep, errors } = JSON.parse(out)
  assert.deepEqual(
    { actions, implicitKeep, lines: errors.map((each: { line: number }) => each.line) },
    { actions: [], implicitKeep: true, lines: [1, 2] },
  )
  const late = await file(
    'late.sieve',
    'require "fileinto";\nkeep;\nredirect "a@example.org"; '.concat(
      'redirect "b@example.org"; redirect "c@example.org"; redirect "d@example.org"; redirect "e@example.org"; redirect "f@example.org";',
    ),
  )
  const ran = await postern(['filter', 'run', late, '-'], { stdin: MESSAGE })
  assert.equal(ran.code, 1)
  assert.match(ran.err, /late\.sieve:3: error: .*kept/)
  assert.equal(ran.out, 'keep (implicit)\n')
})

test('trace: every test with its line, what it looked at, and its result; then the actions', async (t) => {
  const { file } = await files(t)
  const script = await file('mine.sieve', SCRIPT)
  const out = await fine(['filter', 'trace', script, '-'], MESSAGE)
  assert.match(out, /^ {3}3 {2}if header :contains "subject" \["soup", "stew"\] \{$/m)
  assert.match(out, /^ {3}3 {4}header +yes {2}"Soup on Friday" fits "soup"$/m)
  assert.match(out, /^ {3}5 {2}fileinto "Recipes";\n\nfileinto +line 5/m)
  assert.match(
    await fine(['filter', 'trace', script, '-'], 'Subject: no\u001b[2J\n\n'),
    /header +no +"no·\[2J" for "soup", "stew"$/m,
  )
  const told = await json(['filter', 'trace', script, '-'], MESSAGE)
  assert(typeof told === 'object' && told !== null && 'steps' in told && Array.isArray(told.steps))
  assert(told.steps.some((step) => step.step === 'test' && step.result === true && step.line === 3))
})

for (const { args, code } of [
  { args: ['filter', 'check', '/nonexistent'], code: 2 },
  { args: ['filter', 'check', '-', '--level', 'root'], code: 2 },
  { args: ['filter', 'run', '-', '-'], code: 2 },
  { args: ['filter', 'run', '-', '/nonexistent'], code: 2 },
  { args: ['filter', 'run', '-', '/dev/null', '--now', 'soon'], code: 2 },
  { args: ['filter', 'run', '-', '/dev/null', '--spam', '11'], code: 2 },
  { args: ['filter', 'run', '-', '/dev/null'], code: 0 },
  { args: ['filter', 'list', 'kim@example.org', '--config', '/nonexistent'], code: 2 },
  { args: ['template', 'fields', 'nothing'], code: 1 },
  { args: ['template', 'check', '/nonexistent'], code: 2 },
  { args: ['template', 'render', 'vacation', '--set', 'reason'], code: 2 },
  { args: ['template', 'render', 'vacation', '--answers', '-'], code: 2 },
])
  test(`postern ${args.join(' ')} ends with ${code}`, async () => {
    const ran = await postern(args, { stdin: '' })
    assert.equal(ran.code, code, ran.err)
  })

test('check: warnings do not fail a script', async (t) => {
  const { file } = await files(t)
  const odd = await file('odd.sieve', 'require "copy";\nstop;\nkeep;')
  const { code, out, err } = await postern(['filter', 'check', odd])
  assert.deepEqual([code, /fine/.test(out)], [0, true])
  assert.match(err, /odd\.sieve:1:9: warning: "copy" is required/)
  assert.match(err, /odd\.sieve:3:1: warning: nothing behind stop is reached/)
})

test('check and run: limits, global scripts and lists are those of the site', async (t) => {
  const { folder, file } = await files(t)
  const at = ['--config', folder]
  const two = await file('two.sieve', 'if header "subject" ["a", "b"] { discard; }')
  assert.equal((await postern(['filter', 'check', two, ...at])).code, 0)
  await mkdir(join(folder, 'filters/global'), { recursive: true })
  await file('filters/global/lists.sieve', 'require "fileinto"; fileinto "L";')
  await file('partners.txt', 'lee@example.net\n')
  await file(
    'postern.yaml',
    `server: { hostname: mx.example.org }
listeners: { mx: { service: smtp, address: "127.0.0.1", port: 0 } }
filters: { limits: { listEntries: 1, redirects: 1 }, lists: { "tag:x": { file: partners.txt } } }
`,
  )
  const checked = await postern(['filter', 'check', two, ...at])
  assert.deepEqual([checked.code, /more than 1 strings/.test(checked.err)], [1, true])
  const run = async (script: string) => {
    const { out, err } = await postern(['filter', 'run', await file('s.sieve', script), '-', ...at], { stdin: MESSAGE })
    return out + err
  }
  assert.match(await run('redirect "a@example.org"; redirect "b@example.org";'), /more than 1 redirects/)
  const including = await file('s.sieve', '# one\nrequire "include";\ninclude :global "lists";')
  const traced = await postern(['filter', 'trace', including, '-', ...at], { stdin: MESSAGE })
  assert.match(traced.out, /^ {3}3 {2}include :global "lists";\nglobal script lists {4}1 {2}require\n/m)
  assert.match(await run('require "include"; include :global "lists";'), /^fileinto .*"L"/)
  assert.match(await run('require "extlists"; if address :list "from" "tag:x" { discard; }'), /^discard/)
})

test('check: all mistakes in one go, with their lines', async (t) => {
  const { file } = await files(t)
  const wrong = await file('wrong.sieve', 'fileint "x";\ndiscrd;')
  const { code, err } = await postern(['filter', 'check', wrong])
  assert.equal(code, 1)
  assert.match(err, /wrong\.sieve:1:1: error: .*\n.*1 \| fileint "x";\n.*\^/)
  assert.match(err, /wrong\.sieve:2:1: error: /)
  assert.equal((await postern(['filter', 'check', await file('latin.sieve', ''), '-'], { stdin: 'keep;' })).code, 0)
})

test('the rules of a user', async (t) => {
  const { folder, file } = await files(t)
  await fine(['init', folder, '--hostname', 'mx.example.org'])
  const at = (...args: string[]): string[] => [...args, '--config', folder]
  await fine(at('domain', 'add', 'example.org'))
  await fine(at('user', 'add', 'kim@example.org', '--no-password'))
  assert.equal(await fine(at('filter', 'list', 'kim@example.org')), 'no rules\n')
  await fine(at('filter', 'put', 'kim@example.org', 'Soup & stew', await file('mine.sieve', SCRIPT)))
  await fine(at('filter', 'put', 'kim@example.org', 'stop'), 'stop;')
  await fine(
    at(
      'filter',
      'put',
      'kim@example.org',
      'lee',
      '--template',
      'block-sender',
      '--set',
      'who=lee@example.net',
      'who=robin@example.net',
    ),
  )
  assert.equal(await fine(at('filter', 'get', 'kim@example.org', 'Soup & stew')), SCRIPT)
  assert.match(
    await fine(at('filter', 'get', 'kim@example.org', 'lee', '--stored')),
    /^# \$Rule Info: Template=block-sender Name=lee\n# \$Fields: \{.*"who":\["lee@example.net","robin@example.net"\].*\}\n/,
  )

  const out = await fine(at('filter', 'order', 'kim@example.org', 'lee', 'Soup & stew'))
  assert.match(out, /^ *1 +lee +block-sender .*\n *2 +Soup & stew .*\n *3 +stop /m)
  await fine(at('filter', 'activate', 'kim@example.org', 'stop', '--off'))
  const listed = await json(at('filter', 'list', 'kim@example.org'))
  assert(Array.isArray(listed))
  assert.deepEqual(
    listed.map(({ name, place, template, edited, ok }) => ({ name, place, template, edited, ok })),
    [
      { name: 'lee', place: 1, template: 'block-sender', edited: false, ok: true },
      { name: 'Soup & stew', place: 2, template: undefined, edited: undefined, ok: true },
      { name: 'stop', place: 0, template: undefined, edited: undefined, ok: true },
    ],
  )
  await fine(at('filter', 'activate', 'kim@example.org', 'stop', '--only'))
  assert.match(await fine(at('filter', 'list', 'kim@example.org')), /1 +lee .*\n *2 +stop .*\n *off +Soup & stew/m)
  await fine(at('filter', 'delete', 'kim@example.org', 'stop'))
  // A rule of a template that is stored as a script is none of the template any more.
  await fine(at('filter', 'put', 'kim@example.org', 'lee'), 'discard;')
  assert.match(
    JSON.stringify(await json(at('filter', 'get', 'kim@example.org', 'lee'))),
    /^\{"name":"lee","place":1,"text":"discard;"\}$/,
  )

  for (const { args, stdin, says } of [
    { args: ['filter', 'put', 'kim@example.org', 'x'], stdin: 'broken', says: /nothing was stored/ },
    { args: ['filter', 'put', 'kim@example.org', 'x'], stdin: 'jettison;', says: /nothing was stored/ },
    { args: ['filter', 'put', 'kim@example.org', 'a\nb'], stdin: 'keep;', says: /cannot be the name/ },
    {
      args: ['filter', 'put', 'kim@example.org', 'x', '--template', 'block-sender', '--set', 'who=lee'],
      says: /who: "lee" is no address/,
    },
    {
      args: ['filter', 'put', 'kim@example.org', 'x', '--template', 'none'],
      says: /no template none; there are block-sender/,
    },
    { args: ['filter', 'delete', 'kim@example.org', 'stop'], says: /no rule "stop"/ },
    { args: ['filter', 'get', 'kim@example.org', 'stop'], says: /no rule "stop"/ },
    { args: ['filter', 'order', 'kim@example.org', 'lee', 'lee'], says: /twice/ },
    { args: ['filter', 'list', 'nobody@example.org'], says: /no user nobody@example\.org/ },
  ]) {
    const { code, err } = await postern(at(...args), stdin === undefined ? {} : { stdin })
    assert.equal(code, 1, args.join(' '))
    assert.match(err, says)
  }
})

test('templates of the configuration stand beside those that are shipped', async (t) => {
  const { folder } = await files(t)
  await mkdir(join(folder, 'templates'))
  const own = '---\nname: vacation\ntitle: Away, our way\n---\nkeep;\n'
  await writeFile(join(folder, 'templates', 'vacation.template'), own)
  const at = (...args: string[]): string[] => [...args, '--config', folder]
  assert.match(await fine(at('template', 'list')), /block-sender +Block a sender .*\n(?:.*\n)*vacation +Away, our way/)
  assert.match(await fine(at('template', 'check')), /^\d+ templates without errors\n$/)
  assert.equal(await fine(at('template', 'render', 'vacation')), 'keep;\n')
  const wrong = join(folder, 'templates', 'wrong.template')
  await writeFile(wrong, '---\nname: wrong\ntitle: W\n---\nkeep;\nredirect "${to}";\n')
  const { code, err } = await postern(at('template', 'check'))
  assert.equal(code, 1)
  assert.match(err, /wrong\.template:6:11: error: .*within a string/)
  assert.equal((await postern(at('template', 'check', wrong))).code, 1)
  await writeFile(
    join(folder, 'postern.yaml'),
    'server: { hostname: mx.example.org }\nlisteners: { mx: { service: smtp, port: 0 } }\n',
  )
  const checked = await postern(['check', folder])
  assert.equal(checked.code, 1)
  assert.match(checked.out, /filter-script templates\/wrong\.template:6:11\n(?:.*\n)*.*fine, /)
})

test('fields and render, as a form uses them', async () => {
  const told = await json(['template', 'fields', 'block-sender'])
  assert.match(JSON.stringify(told), /"id":"action".*"choices":\["throw it away"/)
  assert(!JSON.stringify(told).includes('discard'))
  const answers = JSON.stringify({ who: ['lee@example.net'], action: 'send it back' })
  const rendered = await json(['template', 'render', 'block-sender', '--answers', '-'], answers)
  assert.match(JSON.stringify(rendered), /reject .*"answers":\{"who":\["lee@example.net"\],"action":"send it back"\}/)
})

test('what has no end is not read to its end', async (t) => {
  const { file } = await files(t)
  for (const args of [
    ['filter', 'check', '/dev/zero'],
    ['filter', 'run', await file('fine.sieve', 'keep;'), '/dev/zero'],
  ]) {
    const { code, err } = await postern(args)
    assert.equal(code, 2)
    assert.match(err, /\/dev\/zero has more than \d+ octets/)
  }
})
