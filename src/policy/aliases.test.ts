// SPDX-License-Identifier: Apache-2.0
/**
 * Alias expansion. Proves: every kind of entry becomes what it should; loops, depth and number have their replies;
 * `postmaster` is never refused; and for any graph of aliases whatever: it ends, within a bounded number of questions,
 * without naming anybody twice.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { domainOf, type MailAddress } from '../address/address.ts'
import { addressKey, parseAddress } from '../address/path.ts'
import { drive, type Host } from '../ask/ask.ts'
import { NO_TABLES } from '../ask/no-tables.ts'
import type { AddressEntry, Member } from '../ask/questions.ts'
import type { Revision } from '../config/revision.ts'
import { ConfigSchema } from '../config/schema.ts'
import { STOCK_CHANNELS } from '../config/schema-channels.ts'
import type { Notify, Recipient } from '../envelope/envelope.ts'
import { describeReply } from '../smtp/reply.ts'
import { askStage } from './access/fixture.ts'
import { type Expansion, expandAliases } from './aliases.ts'
import { LOCAL_CHANNEL, routeOf } from './route.ts'
import type { RcptContext } from './stage.ts'
import { aliases } from './stages/aliases.ts'

const SEED = 20261124

/**
 * `at HOST`, `user`, `disabled`, `suspended`, `defer`; or members: addresses, names of example.org, `|program argument`;
 * `owner=` first, and `rules` before it where the group has some.
 */
type Site = Readonly<Record<string, string>>

const at = (text: string): MailAddress => {
  const address = parseAddress(text.includes('@') ? text : `${text}@example.org`)
  assert.ok(address !== undefined, text)
  return address
}

function entryOf(name: string, text: string): AddressEntry {
  if (text === 'user' || text === 'disabled' || text === 'suspended')
    return { kind: 'user', entry: `user ${name}`, user: at(name), status: text === 'user' ? 'active' : text }
  if (text.startsWith('at '))
    return { kind: 'user', entry: `user ${name}`, user: at(name), status: 'active', host: text.slice(3) }
  const words = text.split(/, */)
  const hasRules = words[0] === 'rules' && words.shift() !== undefined
  const owner = words[0]?.startsWith('owner=') ? at(words.shift()?.slice(6) ?? '') : undefined
  const members = words.map(
    (word): Member => (word[0] === '|' ? { pipe: word.slice(1).split(' ') } : { address: at(word) }),
  )
  const more = { ...(owner === undefined ? {} : { owner }), ...(hasRules ? { hasRules } : {}) }
  return { kind: 'group', entry: `alias ${name}`, members, ...more }
}

function hostOf(site: Site, mailboxes: Site = {}): { host: Host; questions: () => number; rounds: () => number } {
  let questions = 0
  let rounds = 0
  let last: Promise<void> | undefined
  /** Answers come later, so that what is asked together can be told from what is asked in turn. */
  const later = async <T>(answer: T): Promise<T> => {
    questions++
    if (last === undefined) {
      rounds++
      last = Promise.resolve().then(() => {
        last = undefined
      })
    }
    await last
    return answer
  }
  const never = (): never => assert.fail('not a question of alias expansion')
  const host: Host = {
    now: never,
    random: never,
    dns: never,
    'directory.scram': never,
    'directory.password': never,
    pressure: never,
    crashes: never,
    'slot.claim': never,
    ...NO_TABLES,
    'client.early': never,
    'queue.commit': never,
    'directory.domain': ({ domain }) =>
      later(domain === 'example.org' ? { kind: 'found', value: { domain } } : { kind: 'absent' }),
    'directory.address': ({ address, mailbox }) => {
      assert.equal(domainOf(address), 'example.org')
      const name = addressKey(address).replace('@example.org', '')
      const text = (mailbox === true ? mailboxes : site)[name]
      if (text === 'defer') return later({ kind: 'defer', cause: 'the directory is away' })
      return later(text === undefined ? { kind: 'absent' } : { kind: 'found', value: entryOf(name, text) })
    },
  }
  return { host, questions: () => questions, rounds: () => rounds }
}

function revisionOf(limits: Record<string, number> = {}, postmaster = 'postmaster'): Revision {
  const config = ConfigSchema.parse({
    server: { hostname: 'mx.example.org', postmaster },
    listeners: {},
    channels: STOCK_CHANNELS,
    limits,
    routes: [{ channel: 'tcp_intranet', domain: 'inner.example', via: '[192.0.2.9]' }],
  })
  const where: Revision['where'] = (...path) => ({ by: 'default', setting: path.join('.'), value: '' })
  return { id: 'test' as Revision['id'], directory: '/nowhere', config, where }
}

interface Options {
  readonly mailboxes?: Site
  readonly accepted?: readonly Recipient[]
  readonly limits?: Record<string, number>
  readonly postmaster?: string
  readonly ask?: Pick<Recipient, 'notify' | 'orcpt'>
}

async function expand(site: Site, address: string, options: Options = {}): Promise<Expansion & { rounds: number }> {
  const revision = revisionOf(options.limits, options.postmaster)
  const { host, rounds } = hostOf(site, options.mailboxes)
  const to = at(address)
  const input = {
    address: to,
    given: to,
    revision,
    route: { channel: LOCAL_CHANNEL, domain: domainOf(to), local: true },
    accepted: options.accepted ?? [],
    ...options.ask,
  }
  const expansion = await drive(expandAliases(input), host)
  return { ...expansion, rounds: rounds() }
}

/** `kim@ims-ms`, `kim+folder@ims-ms`, `far@example.net@tcp_local`: what it became, short. */
const short = ({ becomes, problem }: Expansion): string => {
  if (problem !== undefined) return describeReply(problem)
  return becomes
    .map(({ address, channel, detail, via }) => {
      const name = address.replace('@example.org', '')
      return `${name}${detail === undefined ? '' : `+${detail}`}@${channel}${via === undefined ? '' : `!${via}`}`
    })
    .join(' ')
}

const SITE: Site = {
  kim: 'user',
  lee: 'user',
  sue: 'suspended',
  dis: 'disabled',
  away: 'defer',
  sales: 'kim, lee, far@example.net',
  all: 'sales, kim, lee, other@inner.example',
  bot: '|/usr/bin/bot -x "a b"',
  same: 'kim, KIM, bot, bot',
  a: 'b',
  b: 'c, a',
  c: 'a, b',
  half: 'half2, kim',
  half2: 'half',
  ghosts: 'nobody, nobody2',
  some: 'nobody, dis, kim',
  waits: 'sue, kim',
  onlysue: 'sue',
  flaky: 'kim, away',
  self: 'self, lee',
  selfonly: 'selfonly',
  tagged: 'kim+news, kim',
  list: 'owner=lee, kim, far@example.net, sublist',
  sublist: 'lee',
  'exact+name': 'lee',
  moved: 'at store2.example.org',
  movers: 'moved, kim',
}

const CASES: readonly { to: string; want: string; options?: Options }[] = [
  { to: 'kim', want: 'kim@ims-ms' },
  { to: 'KIM', want: 'kim@ims-ms' },
  { to: '"kim"@example.org', want: 'kim@ims-ms' },
  { to: 'kim+Folder', want: 'kim+Folder@ims-ms' },
  { to: 'kim+a+b', want: 'kim+a+b@ims-ms' },
  { to: '"kim+x"@example.org', want: 'kim+x@ims-ms' },
  { to: 'kim+', want: 'kim@ims-ms' },
  { to: '+kim', want: '550 5.1.1 unknown or illegal user: +kim@example.org' },
  { to: 'exact+name', want: 'lee@ims-ms' },
  { to: 'nobody', want: '550 5.1.1 unknown or illegal user: nobody@example.org' },
  { to: 'abuse', want: '550 5.1.1 unknown or illegal user: abuse@example.org' },
  { to: 'dis', want: '550 5.2.1 user is disabled: dis@example.org' },
  { to: 'sue', want: '450 4.2.1 user is suspended, try again later: sue@example.org' },
  { to: 'away', want: '451 4.4.3 Directory is unavailable, try again later' },
  { to: 'moved', want: 'moved@tcp_intranet!store2.example.org' },
  { to: 'moved+x', want: 'moved+x@tcp_intranet!store2.example.org' },
  { to: 'movers', want: 'moved@tcp_intranet!store2.example.org kim@ims-ms' },
  { to: 'sales', want: 'kim@ims-ms lee@ims-ms far@example.net@tcp_local' },
  { to: 'sales+x', want: 'kim@ims-ms lee@ims-ms far@example.net@tcp_local' },
  { to: 'all', want: 'kim@ims-ms lee@ims-ms other@inner.example@tcp_intranet![192.0.2.9] far@example.net@tcp_local' },
  { to: 'bot', want: 'bot@pipe!["/usr/bin/bot","-x","\\"a","b\\""]' },
  { to: 'same', want: 'kim@ims-ms bot@pipe!["/usr/bin/bot","-x","\\"a","b\\""]' },
  { to: 'a', want: '550 5.4.6 alias leads to itself: a@example.org' },
  { to: 'selfonly', want: '550 5.4.6 alias leads to itself: selfonly@example.org' },
  { to: 'half', want: 'kim@ims-ms' },
  { to: 'ghosts', want: '550 5.1.1 unknown or illegal alias: ghosts@example.org' },
  { to: 'some', want: 'kim@ims-ms' },
  { to: 'waits', want: 'sue@l kim@ims-ms' },
  { to: 'onlysue', want: '450 4.2.1 alias of suspended users, try again later: onlysue@example.org' },
  { to: 'flaky', want: '451 4.4.3 Directory is unavailable, try again later' },
  { to: 'self', want: 'lee@ims-ms' },
  { to: 'self', want: 'self@ims-ms lee@ims-ms', options: { mailboxes: { self: 'user' } } },
  { to: 'self+in', want: 'self+in@ims-ms lee@ims-ms', options: { mailboxes: { self: 'user' } } },
  { to: 'tagged', want: 'kim+news@ims-ms kim@ims-ms' },
  {
    to: 'all',
    want: '552 5.5.3 expands into too many recipients: all@example.org',
    options: { limits: { expansion: 6 } },
  },
  { to: 'all', want: '550 5.4.6 aliases nested too deeply: all@example.org', options: { limits: { aliasDepth: 1 } } },
  // RFC 5321 §4.5.1
  { to: 'postmaster', want: 'postmaster@ims-ms' },
  { to: 'PostMaster', want: 'postmaster@ims-ms' },
  { to: 'postmaster@mx.example.org', want: 'postmaster@ims-ms' },
  { to: 'postmaster', want: 'kim@ims-ms', options: { postmaster: 'kim' } },
  { to: 'postmaster', want: 'kim@ims-ms lee@ims-ms far@example.net@tcp_local', options: { postmaster: 'sales' } },
  { to: 'postmaster', want: 'pm@example.net@tcp_local', options: { postmaster: 'pm@example.net' } },
  { to: 'postmaster', want: 'postmaster@ims-ms', options: { postmaster: 'nobody' } },
  { to: 'postmaster', want: 'postmaster@ims-ms', options: { postmaster: 'dis' } },
]

for (const { to, want, options } of CASES)
  test(`${to}${options === undefined ? '' : ` ${JSON.stringify(options)}`} → ${want}`, async () =>
    assert.equal(short(await expand(SITE, to, options)), want))

for (const [directory, want] of [
  ['lee', 'lee@ims-ms'],
  ['user', 'postmaster@ims-ms'],
  ['disabled', 'kim@ims-ms'],
  ['suspended', 'kim@ims-ms'],
  ['nobody', 'kim@ims-ms'],
  ['postmaster', 'kim@ims-ms'],
  ['defer', '451 4.4.3 Directory is unavailable, try again later'],
] as const)
  test(`postmaster is never refused: the directory says ${directory}`, async () => {
    const site = { ...SITE, postmaster: directory }
    assert.equal(short(await expand(site, 'postmaster', { postmaster: 'kim' })), want)
  })

test('postmaster of this host, which is no mail domain, is local', async () => {
  const { host } = hostOf(SITE)
  const routing = await drive(routeOf(revisionOf(), at('Postmaster@mx.example.org')), host)
  assert.ok(routing.kind === 'routed' && routing.route.local)
  const other = await drive(routeOf(revisionOf(), at('kim@mx.example.org')), host)
  assert.ok(other.kind === 'routed' && !other.route.local)
})

test('who is a recipient already is not named again', async () => {
  const { becomes } = await expand(SITE, 'kim')
  const accepted = becomes.map((recipient, index) => ({ ...recipient, index }))
  assert.deepEqual((await expand(SITE, 'kim', { accepted })).becomes, [])
  assert.equal(short(await expand(SITE, 'sales', { accepted })), 'lee@ims-ms far@example.net@tcp_local')
  const half = await expand(SITE, 'half', { accepted })
  assert.deepEqual([half.becomes, half.problem], [[], undefined])
})

test('groups with rules are named to the users they lead to, the innermost first', async () => {
  const site = {
    ...SITE,
    inner: 'rules, kim, far@example.net, moved, |/usr/bin/bot',
    plain: 'inner, sue',
    outer: 'rules, owner=lee, plain, lee',
  }
  const groups = (expansion: Expansion) =>
    expansion.becomes.map(({ address, groups: on = [] }) => [address, ...on].map((a) => a.replace('@example.org', '')))
  const outer = await expand(site, 'outer')
  assert.deepEqual(groups(outer), [
    ['lee', 'outer'],
    ['sue'],
    ['inner'],
    ['kim', 'inner', 'outer'],
    ['far@example.net'],
    ['moved'],
  ])
  assert.deepEqual(groups(await expand(site, 'kim')), [['kim']])
  const accept = ({ becomes }: Expansion) => becomes.map((recipient, index) => ({ ...recipient, index }))
  // Who was named before gets it anyway; who is named afterwards must get it even if the group throws it away.
  const named = { accepted: accept(await expand(site, 'kim')) }
  assert.deepEqual(groups(await expand(site, 'inner', named)), [['inner'], ['far@example.net'], ['moved']])
  const grouped = { accepted: accept(await expand(site, 'inner')) }
  assert.deepEqual(groups(await expand(site, 'kim', grouped)), [['kim']])
  assert.deepEqual(groups(await expand(site, 'inner', grouped)), [])
})

test('NOTIFY and ORCPT go along with an alias, and stop at a list with an owner (RFC 3461 §5.2.7)', async () => {
  const ask = { notify: ['success'], orcpt: { type: 'rfc822', address: 'orig@example.net' } } as const
  for (const to of ['kim', 'sales', 'bot'])
    for (const { notify, orcpt, sender } of (await expand(SITE, to, { ask })).becomes)
      assert.deepEqual({ notify, orcpt, sender }, { ...ask, sender: undefined })
  const { becomes } = await expand(SITE, 'list', { ask })
  assert.equal(becomes.length, 3)
  for (const { notify, orcpt, sender } of becomes)
    assert.deepEqual({ notify, orcpt, sender }, { notify: undefined, orcpt: undefined, sender: at('lee') })
  const outer = await expand({ ...SITE, outer: 'kim, list2', list2: 'owner=kim, lee' }, 'outer', { ask })
  assert.deepEqual(
    outer.becomes.map(({ sender, notify }) => [sender, notify]),
    [
      [undefined, ['success']],
      [at('kim'), undefined],
    ],
  )
})

test('who is to hear of an expansion has it made by the queue, once (RFC 3461 §5.2.7)', async () => {
  const { host } = hostOf({ ...SITE, one: 'kim' })
  const rcpt = async (to: string, notify: Notify | undefined, accepted: readonly Recipient[] = []) => {
    const address = at(to)
    // Only what the stage looks at.
    const context = {
      revision: revisionOf(),
      reversePath: at('sam@example.net'),
      given: to,
      address,
      route: { channel: LOCAL_CHANNEL, domain: domainOf(address), local: true },
      accepted,
      ...(notify === undefined ? {} : { notify }),
    }
    const { verdict, context: after } = await drive(askStage<RcptContext>(aliases, context as never), host)
    assert.equal(verdict.do, 'pass')
    return (after?.becomes ?? []).map(({ channel }) => channel)
  }
  assert.deepEqual(await rcpt('sales', ['success']), [LOCAL_CHANNEL])
  assert.deepEqual(await rcpt('list', ['success', 'failure']), [LOCAL_CHANNEL])
  const accepted = [{ index: 0, address: at('sales'), given: 'sales', channel: LOCAL_CHANNEL }]
  assert.deepEqual(await rcpt('sales', ['success'], accepted), [])
  for (const notify of [undefined, 'never', ['failure']] as const)
    assert.ok(!(await rcpt('sales', notify)).includes(LOCAL_CHANNEL))
  assert.equal((await rcpt('one', ['success'])).length, 1)
  assert.ok(!(await rcpt('one', ['success'])).includes(LOCAL_CHANNEL))
})

test('notes say who was left out, and what decided is the entry asked for', async () => {
  const { by, note } = await expand(SITE, 'some')
  assert.deepEqual(by, { by: 'directory', entry: 'alias some' })
  assert.equal(
    note,
    'kim@example.org in ims-ms; nobody@example.org is unknown, skipped; dis@example.org is disabled, skipped',
  )
  const members = Array.from({ length: 500 }, (_, i) => `nobody${i}`).join(', ')
  const many = await expand({ ...SITE, many: `${members}, kim` }, 'many')
  assert.ok((many.note?.length ?? 0) < 2000 && many.note?.includes('and 480 more'))
})

test('a level’s questions are asked side by side', async () => {
  const members = Array.from({ length: 90 }, (_, i) => `u${i}`)
  const site = Object.fromEntries([['wide', members.join(', ')], ...members.map((name) => [name, 'user'])])
  const { becomes, rounds } = await expand(site, 'wide')
  assert.equal(becomes.length, 90)
  assert.ok(rounds <= 3, `${rounds} rounds`)
})

test(`any graph of aliases ends, in bounds, naming nobody twice; seed ${SEED}`, async () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'a+x', 'b+y']
  const member = fc.constantFrom(...names, 'far@example.net', 'ghost', 'postmaster', '|/bin/x', 'kim', 'sue', 'away')
  const entry = fc.oneof(
    fc.constantFrom('user', 'disabled', 'suspended'),
    fc.array(member, { minLength: 1, maxLength: 6 }).map((members) => members.join(', ')),
    fc.array(member, { minLength: 1, maxLength: 6 }).map((members) => `owner=kim, ${members.join(', ')}`),
  )
  const graph = fc.dictionary(fc.constantFrom(...names), entry, { noNullPrototype: true })
  await fc.assert(
    fc.asyncProperty(graph, fc.constantFrom(...names, 'postmaster'), async (graph, to) => {
      const site = { ...SITE, ...graph }
      const { host, questions } = hostOf(site, graph)
      const revision = revisionOf({ aliasDepth: 4, expansion: 30 })
      const input = { address: at(to), given: to, revision, accepted: [] }
      const route = { channel: LOCAL_CHANNEL, domain: domainOf(at(to)), local: true }
      const { becomes, problem, note } = await drive(expandAliases({ ...input, route }), host)
      assert.ok(questions() <= 3 * 30 * 2 + 10, `${questions()} questions`)
      assert.ok(problem === undefined ? becomes.length > 0 : becomes.length === 0, note)
      const keys = becomes.map(({ address, channel, via, detail }) => JSON.stringify([address, channel, via, detail]))
      assert.equal(new Set(keys).size, keys.length)
      if (to === 'postmaster') assert.ok(problem === undefined || problem.code === 451)
    }),
    { seed: SEED, numRuns: 1500 },
  )
})
