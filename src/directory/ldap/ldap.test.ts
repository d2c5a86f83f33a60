// SPDX-License-Identifier: Apache-2.0
/** The suite of directories against a real slapd; then what LDAP has of its own: outage, TLS, groups, hostile values. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Attribute, Change, Client } from 'ldapts'
import { eventually } from '../../../test/interop/site.ts'
import { missing } from '../../../test/peers/install.ts'
import { type Slapd, startSlapd } from '../../../test/peers/slapd.ts'
import type { AddressEntry } from '../../ask/questions.ts'
import type { Log } from '../../monitor/log.ts'
import { silentLog } from '../../monitor/log.ts'
import { address, type Content, describe, directorySuite, domain } from '../directory.suite.ts'
import { withAliasFile } from '../site-directory.ts'
import { contentLdif, ldif, ROOT, settingsFor } from './content.fixture.ts'
import { type LdapDirectory, ldapDirectory } from './directory.ts'

const skip = missing('slapd', 'slapadd')

directorySuite(
  'LDAP',
  async (t: TestContext, content: Content) => {
    const folder = mkdtempSync(join(tmpdir(), 'postern-ldap-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    const slapd = await served(t, contentLdif(content))
    const directory = await opened(t, slapd)
    // Programs are never members in LDAP; they come from the alias file in front.
    const path = join(folder, 'aliases')
    writeFileSync(path, `sales@example.org: kim@example.org, "|'/bin/x' 'a b'"\n`)
    return { ...withAliasFile({ path, name: 'aliases' }, directory), ruleStore: directory.ruleStore }
  },
  { skip, withoutScram: true, unordered: true },
)

async function served(t: TestContext, content?: string): Promise<Slapd> {
  const slapd = await startSlapd(content)
  t.after(() => slapd[Symbol.asyncDispose]())
  return slapd
}

async function opened(
  t: TestContext,
  slapd: Slapd,
  over: Readonly<Record<string, unknown>> = {},
  { now = () => performance.now(), log = silentLog }: { now?: () => number; log?: Log } = {},
): Promise<LdapDirectory> {
  const directory = ldapDirectory(await settingsFor(slapd, over), { now, log })
  t.after(() => directory[Symbol.asyncDispose]())
  return directory
}

/** What the administrator does behind our back. */
async function asRoot(slapd: Slapd, work: (client: Client) => Promise<void>): Promise<void> {
  const client = new Client({ url: slapd.url })
  await client.bind(slapd.rootDn, slapd.rootPassword)
  await work(client)
  await client.unbind()
}

const KIM = 'uid=kim,ou=People,o=example.org,o=example'

test('the example tree: users, group, household, domain, attributes, login by uid', { skip }, async (t) => {
  const slapd = await served(t)
  const directory = await opened(t, slapd)
  assert.equal(describe(await directory.address(address('kim.lee@example.org'))), 'user kim@example.org active')
  await t.test('an alias of the domain is the domain', async () => {
    assert.equal(describe(await directory.address(address('kim@example.net'))), 'user kim@example.org active')
    assert.deepEqual(await directory.domain(domain('example.net')), { kind: 'found', value: { domain: 'example.org' } })
  })
  await t.test('a group: members by DN and by address, owner, who may post', async () => {
    const staff = await directory.address(address('staff@example.org'))
    assert.ok(staff.kind === 'found' && staff.value.kind === 'group')
    const { members, owner, access } = staff.value
    assert.deepEqual(
      members.map((member) => ('address' in member ? member.address : '')),
      ['friend@example.com', 'kim@example.org', 'sue@example.org'],
    )
    assert.equal(owner, 'kim@example.org')
    assert.deepEqual(access, { clauses: [{ kind: 'auth', test: { addresses: ['@example.org'] } }], moderators: [] })
  })
  await t.test('filters, with the head of household', async () => {
    const kim = await directory.filters('kim@example.org', domain('example.org'))
    assert.ok(kim.kind === 'found')
    assert.equal(kim.value.personal.length, 2)
    assert.deepEqual(kim.value.domain, ['require ["fileinto"];'])
    assert.deepEqual(kim.value.autoreply, {
      mode: 'vacation',
      subject: 'Away',
      text: 'I am away till Monday.',
      textInternal: 'I am away till Monday; ask Sue.',
      timeoutHours: 72,
      start: Date.UTC(2026, 5, 1),
      end: Date.UTC(2026, 5, 15),
    })
    const sue = await directory.filters('sue@example.org', domain('example.org'))
    assert.ok(sue.kind === 'found')
    assert.deepEqual(sue.value.household, { rules: kim.value.personal, owner: 'kim@example.org' })
  })
  await t.test('sign-in by uid and by address', async () => {
    for (const login of ['kim', 'KIM', 'kim@example.org', 'kim.lee@example.org', 'kim@example.net']) {
      const answer = await directory.password(login, 'kim password')
      assert.ok(answer.kind === 'found', login)
      assert.equal(answer.value.login, 'kim@example.org')
    }
    for (const [login, password] of [
      ['kim', 'sue password'],
      ['kim', ''],
      ['nobody', ''],
      ['staff@example.org', 'x'],
      ['*', 'kim password'],
      ['kim)(uid=*', 'kim password'],
      [KIM, 'kim password'],
      ['kim\0', 'kim password'],
      ['', ''],
    ] as const)
      assert.deepEqual(await directory.password(login, password), { kind: 'absent' }, login)
  })
  await t.test('attributes of a domain and LDAP URLs, for mapping tables', async () => {
    const found = (value: string) => ({ kind: 'found', value })
    const absent = { kind: 'absent' }
    for (const [name, attribute, want] of [
      ['example.org', 'inetDomainStatus', found('active')],
      ['example.net', 'MAILDOMAINSTATUS', found('active')],
      ['example.net', '_canonical_name_', found('example.org')],
      ['example.net', '_domain_name_', found('example.org')],
      ['example.org', '_domain_dn_', found('o=example.org,o=example')],
      ['example.org', '_base_dn_', found('o=example.org,o=example')],
      ['example.org', 'telephoneNumber', absent],
      ['example.org', '__proto__', absent],
      ['example.com', '_domain_name_', absent],
    ] as const)
      assert.deepEqual(await directory.attribute(domain(name), attribute), want, attribute)
    for (const [url, want] of [
      ['ldap:///o=example?mail?sub?(uid=kim)', found('kim@example.org')],
      ['ldap:///o=example?mail,cn?sub?(uid=kim)', found('kim@example.org')],
      [`ldap:///${KIM}?cn`, found('Kim Lee')],
      ['ldap:///ou=People,o=example.org,o=example?uid?one?(sn=Ray)', found('sue')],
      ['ldap:///ou=People%2Co=example.org%2Co=example?uid?one?%28sn=Ray%29', found('sue')],
      // Several entries, no entry, no attribute, no such place, another server, and what is none.
      ['ldap:///o=example?mail?sub?(objectClass=inetMailUser)', absent],
      ['ldap:///o=example?mail?sub?(uid=k\\2am)', absent],
      ['ldap:///o=example??sub?(uid=kim)', absent],
      ['ldap:///o=nowhere?mail?sub?(uid=kim)', absent],
      ['ldap://127.0.0.1:1/o=example?mail?sub?(uid=kim)', absent],
      ['ldap:///o=example?mail?all?(uid=kim)', absent],
      ['ldap:///o=example?mail?sub?(uid=kim', absent],
      ['ldap:///o=example?mail?sub?(uid=kim))(', absent],
      ['ldap:///=,=?mail?sub?(uid=kim)', absent],
      ['ldap:///o=example?userPassword?sub?(uid=kim)', absent],
      ['ldap:///%ff?mail', absent],
      [`ldap:///o=example?mail?sub?${'('.repeat(300)}uid=kim${')'.repeat(300)}`, absent],
      ['ldap:///o=example?mail?sub?(&)', absent],
    ] as const)
      assert.deepEqual(await directory.urlText(url), want, url)
  })
})

const person = (uid: string, values: readonly (readonly [string, string])[]): string =>
  ldif(`uid=${uid},o=example`, [
    ['objectClass', 'inetOrgPerson'],
    ['objectClass', 'inetMailUser'],
    ['sn', 'Somebody'],
    ['cn', 'Somebody'],
    ['userPassword', 'x'],
    ...values,
  ])
const group = (name: string, values: readonly (readonly [string, string])[]): string =>
  ldif(`cn=${name},o=example`, [
    ['objectClass', 'applicationProcess'],
    ['objectClass', 'inetMailGroup'],
    ['mail', `${name}@example.org`],
    ...values,
  ])

/** What `mailQuota` says, and the octets it means. */
const QUOTAS = {
  unlimited: { text: '-1', octets: undefined },
  byDefault: { text: '-2', octets: undefined },
  mega: { text: '30m', octets: 30 * 1024 ** 2 },
  giga: { text: ' 2 G ', octets: 2 * 1024 ** 3 },
  words: { text: 'plenty', octets: undefined },
} as const

const SITE = [
  ROOT,
  person('plain', [['mail', 'plain@example.org']]),
  person('forward', [
    ['mail', 'forward@example.org'],
    ['mailDeliveryOption', 'forward'],
    ['mailForwardingAddress', 'x@example.com'],
  ]),
  person('both', [
    ['mail', 'both@example.org'],
    ['mailDeliveryOption', 'mailbox'],
    ['mailDeliveryOption', 'forward'],
    ['mailForwardingAddress', 'mailto:x@example.com'],
  ]),
  person('nowhere', [
    ['mail', 'nowhere@example.org'],
    ['mailDeliveryOption', 'forward'],
  ]),
  person('program', [
    ['mail', 'program@example.org'],
    ['mailDeliveryOption', 'program'],
  ]),
  person('reply', [
    ['mail', 'reply@example.org'],
    ['mailDeliveryOption', 'mailbox'],
    ['mailAutoReplyMode', 'reply'],
  ]),
  person('far', [
    ['mail', 'far@example.org'],
    ['mailHost', 'store2.example.org'],
  ]),
  person('near', [
    ['mail', 'near@example.org'],
    ['mailHost', 'MX.example.org'],
  ]),
  ...Object.entries(QUOTAS).map(([name, { text }]) =>
    person(name, [
      ['mail', `${name}@example.org`],
      ['mailQuota', text],
      ['mailMsgQuota', '-1'],
    ]),
  ),
  ...(['inactive', 'hold', 'overquota', 'strange', 'deleted', 'removed', 'unused', 'disabled'] as const).map((status) =>
    person(status, [
      ['mail', `${status}@example.org`],
      ['mailUserStatus', status],
    ]),
  ),
  person('gone', [
    ['mail', 'gone@example.org'],
    ['inetUserStatus', 'deleted'],
  ]),
  person('twin1', [
    ['mail', 'twin1@example.org'],
    ['mailAlternateAddress', 'twins@example.org'],
  ]),
  person('twin2', [
    ['mail', 'twin2@example.org'],
    ['mailAlternateAddress', 'twins@example.org'],
  ]),
  ldif('uid=contact,o=example', [
    ['objectClass', 'inetOrgPerson'],
    ['sn', 'Contact'],
    ['cn', 'Contact'],
    ['mail', 'contact@example.org'],
  ]),
  group('url', [['memberURL', 'ldap:///o=example??sub?(uid=twin*)']]),
  group('to', [['mgrpDeliverTo', 'ldap:///o=example?mailAlternateAddress?sub?(uid=twin1)']]),
  group('elsewhere', [['memberURL', 'ldap://other.example/o=example??sub?(uid=twin*)']]),
  group('bad', [['mgrpRFC822MailMember', 'no address']]),
  group('many', [['memberURL', 'ldap:///o=example?mail?sub?(mail=*)']]),
  group('dangling', [
    ['uniqueMember', 'uid=plain,o=example'],
    ['uniqueMember', 'uid=left,o=example'],
  ]),
  group('closed', [
    ['mgrpRFC822MailMember', 'plain@example.org'],
    ['mgrpAllowedBroadcaster', 'ldap:///o=example??sub?(uid=plain)'],
    ['mgrpDisallowedBroadcaster', 'mailto:far@example.org'],
    ['mgrpDisallowedDomain', 'example.com'],
    ['mgrpModerator', 'mailto:near@example.org'],
  ]),
  group('ruled', [
    ['mgrpRFC822MailMember', 'plain@example.org'],
    ['mgrpErrorsTo', 'mailto:near@example.org'],
    ['mailSieveRuleSource', 'discard;'],
  ]),
  ldif('cn=managed,o=example', [
    ['objectClass', 'applicationProcess'],
    ['objectClass', 'inetManagedGroup'],
    ['mail', 'managed@example.org'],
    ['mgrpRFC822MailMember', 'plain@example.org'],
  ]),
  group('asleep', [
    ['mgrpRFC822MailMember', 'plain@example.org'],
    ['mailUserStatus', 'inactive'],
  ]),
].join('\n\n')
const LISTED = { domains: { form: 'none', list: ['example.org'] } }

test('users and groups of every kind, domains listed', { skip }, async (t) => {
  const slapd = await served(t, `${SITE}\n`)
  const directory = await opened(t, slapd, { ...LISTED, maxMembers: 6 })
  for (const [name, want] of [
    ['plain', 'user plain@example.org active'],
    ['forward', 'group x@example.com'],
    ['both', 'group x@example.com both@example.org'],
    ['nowhere', 'user nowhere@example.org suspended'],
    ['program', 'user program@example.org suspended'],
    ['far', 'user far@example.org active at store2.example.org'],
    ['near', 'user near@example.org active'],
    ['inactive', 'user inactive@example.org suspended'],
    ['hold', 'user hold@example.org suspended'],
    ['overquota', 'user overquota@example.org suspended'],
    ['strange', 'user strange@example.org suspended'],
    ['deleted', 'user deleted@example.org disabled'],
    ['removed', 'user removed@example.org disabled'],
    ['unused', 'user unused@example.org disabled'],
    ['disabled', 'user disabled@example.org disabled'],
    ['gone', 'user gone@example.org disabled'],
    ['twins', 'defer'],
    ['contact', 'absent'],
    ['url', 'group twin1@example.org twin2@example.org'],
    ['to', 'group twins@example.org'],
    ['elsewhere', 'defer'],
    ['bad', 'defer'],
    ['many', 'defer'],
    ['dangling', 'group plain@example.org'],
    ['closed', 'group plain@example.org'],
    ['ruled', 'group plain@example.org owner near@example.org'],
    ['managed', 'group plain@example.org'],
    ['asleep', 'group asleep@example.org suspended'],
    // Hostile and odd: nothing of them has a meaning in a filter or a name.
    ['*', 'absent'],
    ['p*n', 'absent'],
    ['"plain)(mail=*"', 'absent'],
    ['"pl\\\\61in"', 'absent'],
    ['" plain"', 'absent'],
    ['"plain "', 'absent'],
  ] as const)
    await t.test(`${name} is ${want}`, async () => {
      const answer = await directory.address(address(`${name}@example.org`))
      assert.equal(`${describe(answer)}${hostOf(answer)}`, want)
    })
  await t.test('the mailbox behind a forwarding, and none behind a group', async () => {
    const mailbox = { mailbox: true }
    for (const name of ['both', 'forward'])
      assert.match(describe(await directory.address(address(`${name}@example.org`), mailbox)), /^user .* active$/)
    assert.equal(describe(await directory.address(address('url@example.org'), mailbox)), 'absent')
  })
  await t.test('who may post, where that cannot be known, is nobody', async () => {
    const closed = await directory.address(address('closed@example.org'))
    assert.ok(closed.kind === 'found' && closed.value.kind === 'group')
    assert.deepEqual(closed.value.access, {
      clauses: [
        { kind: 'auth', test: { unknown: 'a broadcaster of the list is no address' } },
        { kind: 'cant', test: { addresses: ['far@example.org', '@example.com'] } },
      ],
      moderators: [],
      moderator: 'near@example.org',
    })
  })
  await t.test('quotas', async () => {
    for (const [name, { text, octets }] of Object.entries(QUOTAS)) {
      const answer = await directory.address(address(`${name}@example.org`))
      assert.ok(answer.kind === 'found' && answer.value.kind === 'user')
      assert.deepEqual(answer.value.quota, octets === undefined ? undefined : { octets }, text)
    }
  })
  await t.test('rules of a group', async () => {
    const of = async (name: string) => {
      const answer = await directory.address(address(`${name}@example.org`))
      assert.ok(answer.kind === 'found' && answer.value.kind === 'group')
      return answer.value
    }
    assert.deepEqual([(await of('ruled')).hasRules, (await of('ruled')).owner], [true, 'near@example.org'])
    assert.equal((await of('url')).hasRules, undefined)
    const asked = () => directory.filters('ruled@example.org', domain('example.org'))
    const addresses = ['ruled@example.org']
    const want = { addresses, personal: ['discard;'], domain: [], errorsTo: 'near@example.org' }
    assert.deepEqual(await asked(), { kind: 'found', value: want })
    // Stored through us they are used at once, and so is that there are none.
    const rules = await directory.ruleStore.rules('ruled@example.org')
    assert.ok(rules.kind === 'found')
    const stored = await directory.ruleStore.replace('ruled@example.org', [], rules.value.state)
    assert.deepEqual(stored, { kind: 'stored' })
    assert.equal((await of('ruled')).hasRules, undefined)
    assert.deepEqual(await asked(), { kind: 'found', value: { ...want, personal: [] } })
  })
  await t.test('an automatic reply that the delivery options do not name is off', async () => {
    const reply = await directory.filters('reply@example.org', domain('example.org'))
    assert.ok(reply.kind === 'found' && reply.value.autoreply === undefined)
  })
  await t.test('domains', async () => {
    assert.equal((await directory.domain(domain('example.com'))).kind, 'absent')
    assert.equal((await directory.attribute(domain('example.org'), '_canonical_name_')).kind, 'found')
  })
})

const hostOf = (answer: { readonly kind: string; readonly value?: AddressEntry }): string =>
  answer.value?.kind === 'user' && answer.value.host !== undefined ? ` at ${answer.value.host}` : ''

test('domains by their names in a tree of dc, and their status', { skip }, async (t) => {
  const dc = (name: string, values: readonly (readonly [string, string])[] = []): string =>
    ldif(`dc=${name},o=example`, [...values, ['objectClass', 'domain'], ['dc', name.split(',')[0]]])
  const mailDomain = (base: string): [string, string][] => [
    ['inetDomainBaseDN', base],
    ['objectClass', 'mailDomain'],
  ]
  const slapd = await served(
    t,
    [
      ROOT,
      dc('org'),
      dc('example,dc=org', mailDomain('o=example')),
      dc('shut,dc=org', [['mailDomainStatus', 'inactive'], ...mailDomain('o=example')]),
      person('kim', [
        ['mail', 'kim@example.org'],
        ['mailAlternateAddress', 'kim@shut.org'],
      ]),
    ].join('\n\n'),
  )
  const directory = await opened(t, slapd, { domains: { form: 'dc' } })
  assert.equal((await directory.domain(domain('example.org'))).kind, 'found')
  assert.equal((await directory.domain(domain('org'))).kind, 'absent')
  assert.equal((await directory.domain(domain('example.com'))).kind, 'absent')
  assert.equal(describe(await directory.address(address('kim@example.org'))), 'user kim@example.org active')
  assert.equal(describe(await directory.address(address('kim@shut.org'))), 'user kim@example.org suspended')
})

test('an outage defers, known users are known on, and all is well again afterwards', { skip }, async (t) => {
  const slapd = await served(t)
  let time = 0
  const told: string[] = []
  const log: Log = { ...silentLog, error: (event) => told.push(event), info: (event) => told.push(event) }
  const over = { cacheFound: '60s', cacheAbsent: '10s', staleWhileAway: '1h', retryAfter: '5s' }
  const directory = await opened(t, slapd, over, { now: () => time, log })
  const ask = async (name: string) => describe(await directory.address(address(`${name}@example.org`)))
  assert.deepEqual([await ask('kim'), await ask('nobody')], ['user kim@example.org active', 'absent'])
  assert.equal((await directory.filters('kim@example.org', domain('example.org'))).kind, 'found')
  assert.equal((await directory.password('kim', 'kim password')).kind, 'found')
  assert.deepEqual(directory.check(), { name: 'directory', ok: true, detail: 'LDAP answers' })
  await slapd.stop()

  // Within the cache's times nobody is asked.
  time = 5_000
  assert.deepEqual([await ask('kim'), await ask('nobody')], ['user kim@example.org active', 'absent'])
  // Then those who were found are found on; that nobody was there is no longer said.
  time = 120_000
  assert.deepEqual(
    [await ask('kim'), await ask('nobody'), await ask('sue')],
    ['user kim@example.org active', 'defer', 'defer'],
  )
  assert.equal((await directory.filters('kim@example.org', domain('example.org'))).kind, 'found')
  assert.equal((await directory.password('kim', 'kim password')).kind, 'defer')
  assert.equal((await directory.ruleStore.rules('kim')).kind, 'defer')
  assert.equal((await directory.ruleStore.replace('kim', ['keep;'], 'x')).kind, 'defer')
  assert.equal((await directory.urlText('ldap:///o=example?mail?sub?(uid=kim)')).kind, 'defer')
  assert.equal(directory.check().ok, false)
  time = 3_600_001 + 5_000
  assert.equal(await ask('kim'), 'defer')

  await slapd.start()
  // The server is left alone for a while.
  assert.equal(await ask('kim'), 'defer')
  time += 5_001
  assert.deepEqual([await ask('kim'), await ask('nobody')], ['user kim@example.org active', 'absent'])
  assert.equal((await directory.password('kim', 'kim password')).kind, 'found')
  assert.equal(directory.check().ok, true)
  assert.deepEqual(new Set(told), new Set(['ldap.away', 'ldap.back']))
  assert.ok(told.length <= 4, told.join())
})

test('what another process knew is known while the server is away, as long as it would be there', {
  skip,
}, async (t) => {
  const slapd = await served(t)
  const root = mkdtempSync(join(tmpdir(), 'postern-ldap-shared-'))
  t.after(() => rm(root, { recursive: true, force: true }))
  let wall = Date.now()
  const shared = { folder: join(root, 'ldap'), now: () => wall }
  const over = { cacheFound: '0s', staleWhileAway: '1h', retryAfter: '1ms' }
  const open = async () => {
    const parts = { now: () => performance.now(), log: silentLog, shared }
    const directory = ldapDirectory(await settingsFor(slapd, over), parts)
    t.after(() => directory[Symbol.asyncDispose]())
    return directory
  }
  const one = await open()
  const [other, late] = [await open(), await open()]
  const ask = async (directory: LdapDirectory, name: string) =>
    describe(await directory.address(address(`${name}@example.org`)))
  assert.deepEqual([await ask(one, 'sue'), await ask(one, 'nobody')], ['user sue@example.org active', 'absent'])
  assert.equal((await one.filters('sue@example.org', domain('example.org'))).kind, 'found')
  // An address, its domain, its head of household.
  await eventually('three answers on the disk', async () =>
    (await readdir(shared.folder).catch(() => [])).filter((name) => !name.includes('.')).length >= 3 ? true : undefined,
  )
  await slapd.stop()
  assert.deepEqual(
    [await ask(other, 'sue'), await ask(other, 'nobody'), await ask(other, 'kim')],
    ['user sue@example.org active', 'defer', 'defer'],
  )
  assert.deepEqual(
    await other.filters('sue@example.org', domain('example.org')),
    await one.filters('sue@example.org', domain('example.org')),
  )
  assert.equal((await other.password('sue@example.org', 'sue password')).kind, 'defer')
  assert.equal((await other.ruleStore.rules('sue@example.org')).kind, 'defer')
  wall += 3_600_001
  assert.equal(await ask(late, 'sue'), 'defer')
})

test('the next server is asked while the first is away', { skip }, async (t) => {
  const slapd = await served(t)
  const directory = await opened(t, slapd, { urls: ['ldap://127.0.0.1:1', slapd.url] })
  assert.equal((await directory.domain(domain('example.org'))).kind, 'found')
})

test('TLS: StartTLS and ldaps, and nothing is said to a server that is not to be trusted', { skip }, async (t) => {
  const slapd = await served(t)
  for (const [what, over, drop, want] of [
    ['StartTLS', {}, false, 'found'],
    ['ldaps', { urls: [slapd.secureUrl] }, false, 'found'],
    ['none', { startTls: false }, false, 'found'],
    ['StartTLS, certificate unknown', {}, true, 'defer'],
    ['ldaps, certificate unknown', { urls: [slapd.secureUrl] }, true, 'defer'],
    ['StartTLS, another name', { urls: [slapd.url.replace('127.0.0.1', 'localhost')] }, false, 'defer'],
  ] as const)
    await t.test(what, async () => {
      const { ca, ...settings } = await settingsFor(slapd, over)
      const trust = drop || ca === undefined ? {} : { ca }
      const parts = { now: () => performance.now(), log: silentLog }
      await using directory = ldapDirectory({ ...settings, ...trust }, parts)
      assert.equal((await directory.domain(domain('example.org'))).kind, want)
    })
  await t.test('a wrong password of our own is an outage', async () => {
    const settings = await settingsFor(slapd)
    const parts = { now: () => performance.now(), log: silentLog }
    await using directory = ldapDirectory({ ...settings, password: 'wrong' }, parts)
    assert.equal((await directory.domain(domain('example.org'))).kind, 'defer')
  })
})

test('rules: what others write in between is never overwritten', { skip }, async (t) => {
  const slapd = await served(t)
  const directory = await opened(t, slapd)
  const { ruleStore } = directory
  const state = async (): Promise<string> => {
    const found = await ruleStore.rules('kim')
    assert.ok(found.kind === 'found')
    return found.value.state
  }
  const before = await state()
  const add = (attribute: string, value: string) =>
    asRoot(slapd, (client) =>
      client.modify(
        KIM,
        new Change({ operation: 'add', modification: new Attribute({ type: attribute, values: [value] }) }),
      ),
    )
  await add('mailSieveRuleSource', 'stop;')
  assert.deepEqual(await ruleStore.replace('kim', ['keep;'], before), { kind: 'conflict' })
  await add('description', 'another part of the entry')
  assert.deepEqual(await ruleStore.replace('kim', ['keep;'], await state()), { kind: 'stored' })
  await t.test('a rule stored here is used at once', async () => {
    const kim = await directory.filters('kim@example.org', domain('example.org'))
    assert.ok(kim.kind === 'found')
    assert.deepEqual(kim.value.personal, ['keep;'])
    assert.deepEqual(await ruleStore.replace('kim', ['discard;'], await state()), { kind: 'stored' })
    const after = await directory.filters('kim@example.org', domain('example.org'))
    assert.ok(after.kind === 'found')
    assert.deepEqual(after.value.personal, ['discard;'])
  })
  await t.test('an account that may not write is told from a rule that cannot be kept', async () => {
    const over = { bindDn: KIM, base: 'o=example' }
    const settings = { ...(await settingsFor(slapd, over)), password: 'kim password' }
    const parts = { now: () => performance.now(), log: silentLog }
    await using own = ldapDirectory(settings, parts)
    // Kim may read and write her own entry alone; the rest is not there for her.
    assert.equal((await own.ruleStore.rules('sue')).kind, 'absent')
  })
})

test('an answer that is too long is none, and memory stays bounded', { skip }, async (t) => {
  const rule = `# ${'x'.repeat(60_000)}`
  const site = [
    ROOT,
    person('small', [['mail', 'small@example.org']]),
    ...Array.from({ length: 12 }, (_, n) =>
      person(`u${n}`, [
        ['mail', `u${n}@example.org`],
        ['mailSieveRuleSource', rule],
      ]),
    ),
  ].join('\n\n')
  const slapd = await served(t, site)
  await t.test('answer', async () => {
    const directory = await opened(t, slapd, { ...LISTED, maxAnswer: 50_000 })
    assert.equal((await directory.address(address('u1@example.org'))).kind, 'defer')
    // The server is not to blame, and goes on being asked.
    assert.equal((await directory.address(address('small@example.org'))).kind, 'found')
  })
  await t.test('cache', async () => {
    let time = 0
    const over = { ...LISTED, cacheSize: '600KiB', cacheFound: '1h' }
    const directory = await opened(t, slapd, over, { now: () => time })
    for (let n = 0; n < 12; n++) assert.equal((await directory.address(address(`u${n}@example.org`))).kind, 'found')
    await slapd.stop()
    time = 1000
    // The latest are there, the first had to go.
    assert.equal((await directory.address(address('u11@example.org'))).kind, 'found')
    assert.equal((await directory.address(address('u0@example.org'))).kind, 'defer')
    await slapd.start()
  })
})

test('more questions than connections, all answered; one that died while it rested is nobody’s loss', {
  skip,
}, async (t) => {
  const slapd = await served(t)
  const directory = await opened(t, slapd, { connections: 2, cacheFound: '0s', cacheAbsent: '0s' })
  const names = Array.from({ length: 40 }, (_, n) => address(`${n % 2 === 0 ? 'kim' : `n${n}`}@example.org`))
  const ask = async () => (await Promise.all(names.map((name) => directory.address(name)))).map(({ kind }) => kind)
  const want = names.map((_, n) => (n % 2 === 0 ? 'found' : 'absent'))
  assert.deepEqual(await ask(), want)
  await slapd.stop()
  await slapd.start()
  assert.deepEqual(await ask(), want)
})
