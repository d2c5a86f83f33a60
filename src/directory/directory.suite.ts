// SPDX-License-Identifier: Apache-2.0
/** What every directory must do, as a table; run by each backend's test. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Domain, MailAddress } from '../address/address.ts'
import { parseAddress, parseDomain } from '../address/path.ts'
import { drive, type Host } from '../ask/ask.ts'
import { NO_TABLES } from '../ask/no-tables.ts'
import { serverExchange } from '../policy/sasl-server.ts'
import { clientExchange } from '../sasl/client.ts'
import type { Directory } from './directory.ts'
import { directoryAnswers } from './host.ts'
import type { MemoryUser } from './memory.ts'
import { RULE_QUOTA, type RuleStore } from './rule-store.ts'
import type { AliasRow } from './snapshot.ts'

export interface Content {
  readonly domains: readonly Domain[]
  readonly users: readonly MemoryUser[]
  readonly aliases: readonly AliasRow[]
  readonly domainRules?: Readonly<Record<string, readonly string[]>>
}

export const address = (text: string): MailAddress => {
  const parsed = parseAddress(text)
  assert.ok(parsed !== undefined, text)
  return parsed
}
export const domain = (text: string): Domain => {
  const parsed = parseDomain(text)
  assert.ok(parsed !== undefined, text)
  return parsed
}

const CONTENT: Content = {
  domains: [domain('example.org'), domain('bücher.example')],
  users: [
    {
      address: address('Kim@example.org'),
      password: 'pässword 1',
      also: [address('kim.lee@example.org')],
      displayName: 'Kim Lëe',
      rules: ['keep;\r\n', '# $Rule Info: Order=(1) Name=(spam)\nif header :is "x" "*)(\\00" { discard; }\n'],
      autoreply: {
        mode: 'vacation',
        subject: 'Away',
        text: 'Till Monday,\nKim',
        textInternal: 'Ask Sue.',
        timeoutHours: 48,
        start: Date.UTC(2026, 0, 2, 3, 4, 5),
        end: Date.UTC(2026, 1, 2, 3, 4, 5),
      },
    },
    { address: address('sue@example.org'), password: 'x', status: 'suspended', quota: { octets: 1000 } },
    { address: address('dis@example.org'), password: 'x', status: 'disabled' },
    {
      address: address('mute@example.org'),
      displayName: 'Mute',
      household: address('kim@example.org'),
      quota: { octets: 3_000_000_000, messages: 20 },
    },
    { address: address('jürgen@bücher.example'), password: 'x' },
  ],
  aliases: [
    {
      address: address('sales@example.org'),
      members: [{ address: address('kim@example.org') }, { pipe: ['/bin/x', 'a b'] }],
    },
    {
      address: address('list@example.org'),
      members: [{ address: address('a@example.net') }],
      owner: address('kim@example.org'),
    },
  ],
  domainRules: { 'example.org': ['if true { stop; }'] },
}

export interface SuiteOptions {
  readonly skip?: string | false
  /** Passwords are the directory's alone: it has no keys for SCRAM. */
  readonly withoutScram?: boolean
  /** Values come in any order. */
  readonly unordered?: boolean
}

export type Opened = Directory & { readonly ruleStore?: RuleStore }

export function directorySuite(
  name: string,
  open: (t: TestContext, content: Content) => Promise<Opened>,
  { skip = false, ...options }: SuiteOptions = {},
): void {
  test(name, { skip }, async (t) => {
    const directory = await open(t, CONTENT)
    await suite(t, directory, options)
    await filterSuite(t, directory, options)
    if (directory.ruleStore !== undefined) await ruleStoreSuite(t, directory.ruleStore, options)
  })
}

async function suite(t: TestContext, directory: Directory, { withoutScram = false }: SuiteOptions): Promise<void> {
  for (const [text, want] of [
    ['example.org', 'found'],
    ['bücher.example', 'found'],
    ['xn--bcher-kva.example', 'found'],
    ['example.net', 'absent'],
    ['sub.example.org', 'absent'],
  ] as const)
    await t.test(`domain ${text} is ${want}`, async () => {
      assert.equal((await directory.domain(domain(text))).kind, want)
    })

  for (const [text, want] of [
    ['kim@example.org', 'user Kim@example.org active'],
    ['KIM@example.org', 'user Kim@example.org active'],
    ['"kim"@example.org', 'user Kim@example.org active'],
    ['kim.lee@example.org', 'user Kim@example.org active'],
    ['sue@example.org', 'user sue@example.org suspended'],
    ['dis@example.org', 'user dis@example.org disabled'],
    ['ju\u0308rgen@bücher.example', 'user jürgen@bücher.example active'],
    ['jürgen@xn--bcher-kva.example', 'user jürgen@bücher.example active'],
    ['kim+x@example.org', 'absent'],
    ['kim@example.net', 'absent'],
    ['sales@example.org', 'group kim@example.org |/bin/x,a b'],
    ['list@example.org', 'group a@example.net owner kim@example.org'],
  ] as const)
    await t.test(`address ${text} is ${want}`, async () => {
      const answer = await directory.address(address(text))
      assert.equal(describe(answer), want)
    })

  for (const [name, want] of [
    ['kim', undefined],
    ['sue', { octets: 1000 }],
    ['mute', { octets: 3_000_000_000, messages: 20 }],
  ] as const)
    await t.test(`quota of ${name}`, async () => {
      const answer = await directory.address(address(`${name}@example.org`), { mailbox: true })
      assert.ok(answer.kind === 'found' && answer.value.kind === 'user')
      assert.deepEqual(answer.value.quota, want)
    })

  await t.test(`the mailbox of an alias is nobody`, async () => {
    assert.equal((await directory.address(address('sales@example.org'), { mailbox: true })).kind, 'absent')
    assert.equal((await directory.address(address('kim@example.org'), { mailbox: true })).kind, 'found')
  })

  await t.test(`passwords`, async () => {
    for (const [login, password, want] of [
      ['kim@example.org', 'pässword 1', 'Kim@example.org'],
      ['KIM@EXAMPLE.ORG', 'pässword 1', 'Kim@example.org'],
      ['kim.lee@example.org', 'pässword 1', 'Kim@example.org'],
      ['kim@example.org', 'pässword 2', undefined],
      ['kim@example.org', '', undefined],
      ['sue@example.org', 'x', undefined],
      ['dis@example.org', 'x', undefined],
      ['mute@example.org', '', undefined],
      ['nobody@example.org', 'x', undefined],
      ['sales@example.org', 'x', undefined],
      ['__proto__', 'x', undefined],
    ] as const) {
      const answer = await directory.password(login, password)
      assert.equal(answer.kind === 'found' ? answer.value.login : undefined, want, login)
      if (answer.kind === 'found') assert.deepEqual(answer.value.addresses, ['Kim@example.org', 'kim.lee@example.org'])
    }
  })

  if (withoutScram) {
    await t.test('SCRAM is not there', async () => {
      for (const login of ['kim@example.org', 'nobody@example.org'])
        assert.deepEqual(await directory.scram(login), { kind: 'absent' })
    })
    return
  }
  await t.test(`SCRAM, and a dialogue that tells nobody who exists`, async () => {
    assert.equal(await scram(directory, 'kim@example.org', 'pässword 1'), 'success')
    assert.equal(await scram(directory, 'Kim.Lee@example.org', 'pässword 1'), 'success')
    for (const login of ['kim@example.org', 'sue@example.org', 'mute@example.org', 'nobody@example.org'])
      assert.equal(await scram(directory, login, 'x'), 'failure')
    const salts = await Promise.all(
      ['nobody@example.org', 'NOBODY@example.org', 'other@example.org'].map(async (login) => {
        const answer = await directory.scram(login)
        assert.ok(answer.kind === 'found' && !answer.value.known)
        assert.equal(Buffer.from(answer.value.keys.salt, 'base64').length, 16)
        return answer.value.keys.salt
      }),
    )
    assert.equal(salts[0], salts[1])
    assert.notEqual(salts[0], salts[2])
  })
}

async function filterSuite(t: TestContext, directory: Directory, { unordered = false }: SuiteOptions): Promise<void> {
  const [kim, , , mute] = CONTENT.users
  const filters = async (user: string, of = 'example.org') => {
    const answer = await directory.filters(user, domain(of))
    if (answer.kind !== 'found' || !unordered) return answer
    const { personal, household, ...value } = answer.value
    const heads = household === undefined ? {} : { household: { ...household, rules: household.rules.toSorted() } }
    return { kind: 'found', value: { ...value, personal: personal.toSorted(), ...heads } }
  }
  const rules = unordered ? kim?.rules?.toSorted() : kim?.rules
  await t.test('filters of a user, by each of their addresses', async () => {
    for (const name of ['Kim@example.org', 'kim.lee@example.org'])
      assert.deepEqual(await filters(name), {
        kind: 'found',
        value: {
          addresses: ['Kim@example.org', 'kim.lee@example.org'],
          displayName: 'Kim Lëe',
          personal: rules,
          autoreply: kim?.autoreply,
          domain: ['if true { stop; }'],
        },
      })
  })
  await t.test('a head of household, and a user without rules', async () => {
    assert.deepEqual(await filters('mute@example.org'), {
      kind: 'found',
      value: {
        addresses: [mute?.address],
        displayName: 'Mute',
        personal: [],
        household: { rules, owner: 'Kim@example.org' },
        domain: ['if true { stop; }'],
      },
    })
  })
  await t.test('a domain without rules, and nobody', async () => {
    const answer = await directory.filters('jürgen@bücher.example', domain('xn--bcher-kva.example'))
    assert.ok(answer.kind === 'found')
    assert.deepEqual([answer.value.personal, answer.value.domain], [[], []])
    assert.deepEqual(await filters('nobody@example.org'), { kind: 'absent' })
  })
}

async function ruleStoreSuite(t: TestContext, store: RuleStore, { unordered = false }: SuiteOptions): Promise<void> {
  const read = async (user: string) => {
    const answer = await store.rules(user)
    assert.ok(answer.kind === 'found', JSON.stringify(answer))
    const { values, state } = answer.value
    return { values: unordered ? values.toSorted() : values, state }
  }
  const user = 'sue@example.org'
  await t.test('rules are stored as they are, in their order', async () => {
    const values = [
      'a',
      'A',
      ' a',
      'a ',
      'x\r\ny\n',
      '*)(uid=*',
      '\\2a',
      '" , = + <',
      'é e\u0301 💌',
      'z'.repeat(60_000),
    ]
    const before = await read(user)
    assert.deepEqual(before.values, [])
    assert.deepEqual(await store.replace(user, values, before.state), { kind: 'stored' })
    const after = await read('SUE@example.org')
    assert.deepEqual(after.values, unordered ? values.toSorted() : values)
    assert.equal((await read(user)).state, after.state)
    const fewer = ['é e\u0301 💌', 'new']
    assert.deepEqual(await store.replace(user, fewer, after.state), { kind: 'stored' })
    assert.deepEqual((await read(user)).values, unordered ? fewer.toSorted() : fewer)
  })
  await t.test('a state that has moved on writes nothing', async () => {
    const { state, values } = await read(user)
    const [one, other] = await Promise.all([store.replace(user, ['1'], state), store.replace(user, ['2'], state)])
    assert.deepEqual([one.kind, other.kind].toSorted(), ['conflict', 'stored'])
    const now = await read(user)
    assert.deepEqual(now.values, [one.kind === 'stored' ? '1' : '2'])
    for (const stale of [state, 'x', ''])
      assert.deepEqual(await store.replace(user, ['3'], stale), { kind: 'conflict' })
    assert.deepEqual(await read(user), now)
    assert.deepEqual(await store.replace(user, [], now.state), { kind: 'stored' })
    assert.deepEqual((await read(user)).values, [])
    assert.notDeepEqual(values, [])
  })
  await t.test('what cannot be kept is refused, and nothing is written', async () => {
    const before = await read(user)
    for (const values of [
      [''],
      ['a\0'],
      ['\ud800'],
      ['a', 'a'],
      ['x'.repeat(RULE_QUOTA.maxValueBytes + 1)],
      Array.from({ length: RULE_QUOTA.maxValues + 1 }, (_, n) => `${n}`),
      Array.from({ length: 5 }, (_, n) => `${n}${'x'.repeat(RULE_QUOTA.maxValueBytes - 1)}`),
    ])
      assert.equal((await store.replace(user, values, before.state)).kind, 'refused')
    assert.deepEqual(await read(user), before)
    assert.deepEqual(await store.rules('nobody@example.org'), { kind: 'absent' })
    assert.equal((await store.replace('nobody@example.org', ['a'], before.state)).kind, 'refused')
  })
}

export function describe(answer: Awaited<ReturnType<Directory['address']>>): string {
  if (answer.kind !== 'found') return answer.kind
  const entry = answer.value
  if (entry.kind === 'user') return `${entry.entry} ${entry.status}`
  const members = entry.members.map((member) => ('pipe' in member ? `|${member.pipe.join(',')}` : member.address))
  return `group ${members.join(' ')}${entry.owner === undefined ? '' : ` owner ${entry.owner}`}`
}

async function scram(directory: Directory, login: string, password: string): Promise<string> {
  const never = (): never => assert.fail('not a question of sign-in')
  const others = {
    now: never,
    dns: never,
    pressure: never,
    crashes: never,
    'slot.claim': never,
    ...NO_TABLES,
    'client.early': never,
    'queue.commit': never,
  }
  const host: Host = { ...others, random: () => 'server-nonce', ...directoryAnswers(directory) }
  const server = serverExchange('SCRAM-SHA-256')
  const client = clientExchange('SCRAM-SHA-256', { login, password, nonce: 'client-nonce' })
  const challenge = await drive(server.step(client.step(undefined)), host)
  assert.ok(challenge.kind === 'challenge')
  return (await drive(server.step(client.step(challenge.data)), host)).kind
}
