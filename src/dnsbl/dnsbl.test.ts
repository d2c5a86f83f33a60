// SPDX-License-Identifier: Apache-2.0
/**
 * Proves: what lists come to together (weights, codes, allow-lists, failures); when the breaker trips and when not;
 * canaries, right, wrong and silent; a list taken out and back; reloads. Against a real name server that lies.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drive, type Host } from '../ask/ask.ts'
import { NO_TABLES } from '../ask/no-tables.ts'
import { ManualClock } from '../clock/clock.ts'
import { type Config, ConfigSchema } from '../config/schema.ts'
import { type Lie, startDnsServer, type ZoneData } from '../demo/dns-server.ts'
import { dnsAnswer } from '../dns/host.ts'
import { createResolver } from '../dns/resolver.ts'
import { silentLog } from '../monitor/log.ts'
import { noMetrics } from '../monitor/metrics.ts'
import { type AskedList, askLists, describeAnswer, judgeLists, nativeLists } from '../policy/dns-lists.ts'
import { Breaker } from './breaker.ts'
import { askCanaries } from './canaries.ts'
import { keepLists } from './keeper.ts'

const config = (dnsLists: unknown): Config =>
  ConfigSchema.parse({ server: { hostname: 'mx.example.org' }, listeners: {}, dnsLists })

interface World extends AsyncDisposable {
  zone: Record<string, ZoneData[string]>
  lie: (name: string) => Lie | undefined
  readonly questions: readonly string[]
  readonly resolver: ReturnType<typeof createResolver>
  ask(address: string, lists: readonly AskedList[], withinMs?: number): Promise<string[]>
}

/** What a healthy list answers, under its zone. */
const healthy = (zone: string): ZoneData => ({ [`2.0.0.127.${zone}`]: { A: ['127.0.0.2'], TXT: ['test'] } })

async function world(zone: ZoneData = {}): Promise<World> {
  const state: { zone: Record<string, ZoneData[string]>; lie: World['lie'] } = {
    zone: { ...zone },
    lie: () => undefined,
  }
  // The zone may change while it is served.
  const live = new Proxy(
    {},
    {
      get: (_, name: string) => state.zone[name],
      ownKeys: () => Object.keys(state.zone),
      getOwnPropertyDescriptor: (_, name: string) =>
        Object.hasOwn(state.zone, name) ? { configurable: true, enumerable: true, value: state.zone[name] } : undefined,
    },
  )
  const server = await startDnsServer({ address: '127.0.0.1', port: 0, zone: live, lie: (name) => state.lie(name) })
  const resolver = createResolver({
    servers: [`127.0.0.1:${server.port}`],
    timeoutMs: 60_000,
    cacheEntries: 0,
    clock: new ManualClock(),
    log: silentLog,
  })
  return {
    get zone() {
      return state.zone
    },
    set zone(next) {
      state.zone = next
    },
    get lie() {
      return state.lie
    },
    set lie(next) {
      state.lie = next
    },
    questions: server.questions,
    resolver,
    async ask(address, lists, withinMs = 60_000) {
      const never = (): never => assert.fail('not asked here')
      const host: Host = {
        ...NO_TABLES,
        now: never,
        random: never,
        pressure: never,
        crashes: never,
        'directory.domain': never,
        'directory.address': never,
        'directory.scram': never,
        'directory.password': never,
        'slot.claim': never,
        'client.early': never,
        'queue.commit': never,
        ...dnsAnswer(resolver),
      }
      return (await drive(askLists(address, lists, withinMs), host)).map(describeAnswer)
    },
    async [Symbol.asyncDispose]() {
      await resolver[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

const listsOf = (...lists: unknown[]): readonly AskedList[] => nativeLists(config({ lists }).dnsLists)

test('what a list says: codes, texts, aliases, and what is no listing', async () => {
  await using w = await world({
    '7.100.51.198.a.test': { A: ['127.0.0.4', '127.0.0.10'], TXT: ['see \x1b[2Jhttp://a.test/\r\n250 ok é'] },
    '8.100.51.198.a.test': { A: ['127.255.255.252'] },
    '9.100.51.198.a.test': { A: ['127.0.0.99', '203.0.113.1'] },
    '10.100.51.198.a.test': { CNAME: ['7.100.51.198.a.test'] },
    '11.100.51.198.a.test': { A: ['127.0.0.4'] },
  })
  w.lie = (name) => (name.startsWith('12.') ? 'servfail' : name.startsWith('13.') ? 'drop' : undefined)
  const lists = listsOf({
    zone: 'a.test',
    codes: ['127.0.0.2-127.0.0.9', { codes: '127.0.0.10', weight: 5 }],
    families: ['ipv4'],
  })
  const heavy = 'a.test: 127.0.0.10, weight 5 “see ?[2Jhttp://a.test/??250 ok ?”'
  assert.deepEqual(await w.ask('198.51.100.7', lists), [heavy])
  assert.deepEqual(await w.ask('::ffff:198.51.100.7', lists), [heavy])
  assert.deepEqual(await w.ask('198.51.100.10', lists), [heavy])
  assert.deepEqual(await w.ask('198.51.100.8', lists), [
    'a.test: failed, it answers 127.255.255.252: it will not be asked by us',
  ])
  assert.deepEqual(await w.ask('198.51.100.9', lists), ['a.test: 127.0.0.99, 203.0.113.1 is no listing'])
  assert.deepEqual(await w.ask('198.51.100.11', lists), ['a.test: 127.0.0.4, weight 1'])
  assert.match((await w.ask('198.51.100.12', lists))[0] ?? '', /^a\.test: failed, no answer: .*SERVFAIL/)
  assert.match((await w.ask('198.51.100.13', lists, 50))[0] ?? '', /^a\.test: failed, no answer: /)
  assert.deepEqual(await w.ask('198.51.100.99', lists), ['a.test: not listed'])
  const asked = w.questions.length
  assert.deepEqual(await w.ask('2001:db8::1', lists), [])
  assert.equal(w.questions.length, asked)
})

test('IPv6 addresses are asked by their nibbles; a zone that stands twice is asked once', async () => {
  const nibbles = '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2'
  await using w = await world({ [`${nibbles}.six.test`]: { A: ['127.0.0.2'] } })
  const lists = listsOf({ zone: 'six.test' }, { zone: 'six.test', codes: ['bits 0.0.0.4'] })
  assert.deepEqual(await w.ask('2001:db8::1', lists), [
    'six.test: 127.0.0.2, weight 1',
    'six.test: 127.0.0.2 is no listing',
  ])
  assert.deepEqual(w.questions, [`A ${nibbles}.six.test`, `TXT ${nibbles}.six.test`])
})

const L = { kind: 'listed', code: '127.0.0.2', text: '' } as const
const N = { kind: 'not listed', codes: [] } as const
const F = { kind: 'failed', why: 'no answer' } as const
interface Case {
  readonly name: string
  readonly lists: readonly (readonly [settings: object, said: typeof L | typeof N | typeof F, weight?: number])[]
  readonly threshold?: number
  readonly want: string
}
const JUDGED: readonly Case[] = [
  { name: 'nobody says anything', lists: [], want: 'clear 0' },
  { name: 'listed', lists: [[{}, L]], want: 'listed 1 z0' },
  { name: 'under the threshold', lists: [[{}, L]], threshold: 2, want: 'clear 1' },
  {
    name: 'two come to the threshold, the heavier is named',
    lists: [
      [{}, L],
      [{ weight: 2 }, L],
    ],
    threshold: 3,
    want: 'listed 3 z1',
  },
  {
    name: 'a list of the good takes off',
    lists: [
      [{ weight: 3 }, L],
      [{ weight: -3 }, L],
    ],
    want: 'clear 0',
  },
  {
    name: 'an allow-list lets in',
    lists: [
      [{}, L],
      [{ kind: 'allow' }, L],
    ],
    want: 'allowed z1',
  },
  {
    name: 'an allow-list that does not know it',
    lists: [
      [{}, L],
      [{ kind: 'allow' }, N],
    ],
    want: 'listed 1 z0',
  },
  { name: 'a failing list is passed over', lists: [[{}, F]], want: 'clear 0' },
  { name: 'or not', lists: [[{ failure: 'defer' }, F]], want: 'unsure z0' },
  {
    name: 'where it could not have mattered, it does not',
    lists: [[{ failure: 'defer' }, F]],
    threshold: 2,
    want: 'clear 0',
  },
  {
    name: 'a failing list besides one that decides',
    lists: [
      [{ failure: 'defer' }, F],
      [{}, L],
    ],
    want: 'listed 1 z1',
  },
  {
    name: 'a failing allow-list is passed over',
    lists: [
      [{}, L],
      [{ kind: 'allow' }, F],
    ],
    want: 'listed 1 z0',
  },
  {
    name: 'or not',
    lists: [
      [{}, L],
      [{ kind: 'allow', failure: 'defer' }, F],
    ],
    want: 'unsure z1',
  },
  {
    name: 'a failing allow-list, nobody lists it',
    lists: [
      [{}, N],
      [{ kind: 'allow', failure: 'defer' }, F],
    ],
    want: 'clear 0',
  },
  {
    name: 'a failing list of the good that could have saved it',
    lists: [
      [{}, L],
      [{ weight: -1, failure: 'defer' }, F],
    ],
    want: 'unsure z1',
  },
]
for (const { name, lists, threshold = 1, want } of JUDGED)
  test(`lists together: ${name}: ${want}`, () => {
    const asked = listsOf(...lists.map(([settings], i) => ({ zone: `z${i}.test`, ...settings })))
    const answers = asked.flatMap((list, i) => {
      const said = lists[i]?.[1] ?? N
      return [{ list, said: said.kind === 'listed' ? { ...said, weight: list.weight } : said }]
    })
    const verdict = judgeLists(answers, threshold)
    const by = 'by' in verdict ? ` ${verdict.by.list.zone.replace('.test', '')}` : ''
    assert.equal(`${verdict.kind}${'score' in verdict ? ` ${verdict.score}` : ''}${by}`, want)
  })

/** Tells the breaker of so many clients, every `each`-th listed; at which it trips, or undefined. */
function tell(breaker: Breaker, clients: number, each: number, from = 0): number | undefined {
  for (let i = from; i < from + clients; i++) if (breaker.told(`c${i}`, i % each === 0)) return i - from + 1
  return undefined
}

test('breaker: the usual is learnt, and a list that names everybody trips it', () => {
  const breaker = new Breaker()
  assert.equal(tell(breaker, 1000, 10), undefined)
  assert.ok(breaker.usual < 0.2)
  const at = tell(breaker, 200, 1, 1000)
  assert.ok(at !== undefined && at < 70, String(at))
  breaker.settle()
  assert.equal(tell(breaker, 15, 1, 2000), undefined)
})
test('breaker: at the start nothing is known, so nothing is too much', () => {
  assert.equal(tell(new Breaker(), 1000, 2), undefined)
  assert.equal(tell(new Breaker(), 1000, 1), undefined)
})
test('breaker: where most are spammers, most are listed', () => {
  const breaker = new Breaker()
  for (let i = 0; i < 5000; i++) assert.equal(breaker.told(`c${i}`, i % 10 !== 0), false, String(i))
})
test('breaker: one client that comes and comes says nothing', () => {
  const breaker = new Breaker()
  for (let i = 0; i < 1000; i++) assert.equal(breaker.told('c', true), false)
})

for (const { name, zone, lie, families, want } of [
  { name: 'right', zone: healthy('a.test'), want: 'right' },
  { name: 'ended', zone: {}, want: 'wrong: it does not list 127.0.0.2' },
  {
    name: 'lists the world',
    zone: { ...healthy('a.test'), '1.0.0.127.a.test': { A: ['127.0.0.2'] } },
    want: 'wrong: it lists 127.0.0.1 (127.0.0.2)',
  },
  {
    name: 'parked',
    zone: { '2.0.0.127.a.test': { A: ['203.0.113.9'] }, '1.0.0.127.a.test': { A: ['203.0.113.9'] } },
    want: 'wrong: it lists 127.0.0.1 (203.0.113.9)',
  },
  {
    name: 'will not be asked',
    zone: { '2.0.0.127.a.test': { A: ['127.255.255.254'] } },
    want: 'wrong: it answers 127.255.255.254: it will not be asked by us',
  },
  { name: 'SERVFAIL', zone: healthy('a.test'), lie: 'servfail' as Lie, want: 'silent' },
  {
    name: 'IPv6 alone',
    zone: { [`2.0.0.0.0.0.f.7.f.f.f.f${'.0'.repeat(20)}.a.test`]: { A: ['127.0.0.2'] } },
    families: ['ipv6'] as const,
    want: 'right',
  },
])
  test(`canaries of a list that is ${name}: ${want}`, async () => {
    await using w = await world(zone)
    w.lie = () => lie
    const result = await askCanaries(w.resolver, { zone: 'a.test', families: families ?? ['ipv4', 'ipv6'] })
    const why = result.kind === 'wrong' ? `: ${result.why}` : ''
    assert.equal(`${result.kind}${why}`, want)
  })

async function until(what: string, is: () => boolean): Promise<void> {
  const deadline = Date.now() + 60_000
  while (!is()) {
    if (Date.now() > deadline) throw new Error(`it never came: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

async function keeping(w: World, settings: unknown) {
  const clock = new ManualClock()
  const events: string[] = []
  const write = (event: string): void => void events.push(event)
  const keeper = keepLists({
    config: config(settings),
    resolver: w.resolver,
    clock,
    log: { ...silentLog, error: write, info: write },
    metrics: noMetrics,
    quiet: false,
  })
  await keeper.tested
  const out = () => {
    const answer = keeper.answers['dnsLists.out']({ ask: 'dnsLists.out' })
    assert.ok(!(answer instanceof Promise))
    return answer.map(({ zone, why }) => `${zone}: ${why}`)
  }
  const told = (client: string, listed: boolean) =>
    keeper.answers['dnsLists.told']({ ask: 'dnsLists.told', client, said: [{ zone: 'a.test', listed }] })
  return { clock, events, keeper, out, told }
}

test('a list that is wrong is out, with an alarm, and comes back when its canaries are right', async () => {
  await using w = await world()
  const { clock, events, keeper, out } = await keeping(w, { lists: [{ zone: 'a.test' }] })
  await using _ = keeper
  assert.deepEqual(out(), ['a.test: it does not list 127.0.0.2'])
  assert.deepEqual(events, ['dns-list.out'])
  assert.equal(keeper.checks()[0]?.ok, false)
  clock.advance(60_000)
  w.zone = { ...healthy('a.test') }
  clock.advance(60_000)
  await until('back', () => out().length === 0)
  assert.deepEqual(events, ['dns-list.out', 'dns-list.back'])
  assert.deepEqual(keeper.checks(), [{ name: 'DNS list a.test', ok: true, detail: 'used; no client asked about yet' }])
})

test('a list that does not answer its canaries is not used at the start, and stays in use later', async () => {
  await using w = await world(healthy('a.test'))
  w.lie = () => 'servfail'
  const { clock, events, keeper, out } = await keeping(w, { lists: [{ zone: 'a.test' }] })
  await using _ = keeper
  assert.deepEqual(out(), ['a.test: not tested yet'])
  assert.equal(keeper.checks()[0]?.ok, true)
  w.lie = () => undefined
  clock.advance(60_000)
  await until('in use', () => out().length === 0)
  w.lie = () => 'servfail'
  for (let silent = 1; silent <= 3; silent++) {
    clock.advance(300_000)
    await until(`silent ${silent}`, () => keeper.health()[0]?.silent === silent)
  }
  assert.deepEqual(out(), [])
  assert.equal(keeper.checks()[0]?.ok, false)
  assert.deepEqual(events, [])
})

test('a list that suddenly lists everybody is taken out, and is back a minute later where its canaries are right', async () => {
  await using w = await world(healthy('a.test'))
  const { clock, events, keeper, out, told } = await keeping(w, { lists: [{ zone: 'a.test' }] })
  await using _ = keeper
  for (let i = 0; i < 500; i++) told(`198.51.100.${i}`, i % 10 === 0)
  assert.deepEqual(out(), [])
  for (let i = 0; i < 100 && out().length === 0; i++) told(`203.0.113.${i}`, true)
  assert.match(out()[0] ?? '', /^a\.test: it listed \d+ % of the last 100 clients, usual are \d+ %$/)
  assert.deepEqual(events, ['dns-list.out'])
  assert.match(keeper.checks()[0]?.detail ?? '', /^out: it listed /)
  const asked = w.questions.length
  await until('canaries', () => w.questions.length >= asked)
  clock.advance(60_000)
  await until('back', () => out().length === 0)
  // What was seen is usual now: the same again does not trip it at once.
  for (let i = 0; i < 15; i++) told(`192.0.2.${i}`, true)
  assert.deepEqual(out(), [])
})

test('the breaker can be switched off; the canaries cannot', async () => {
  await using w = await world(healthy('a.test'))
  const { keeper, out, told } = await keeping(w, { lists: [{ zone: 'a.test' }], breaker: false })
  await using _ = keeper
  for (let i = 0; i < 500; i++) told(`c${i}`, true)
  assert.deepEqual(out(), [])
})

test('a reload keeps what is known of a list, tests new ones, and forgets those that left', async () => {
  await using w = await world({ ...healthy('a.test'), ...healthy('b.test') })
  const { keeper, out } = await keeping(w, { lists: [{ zone: 'a.test' }] })
  await using _ = keeper
  keeper.use(config({ lists: [{ zone: 'a.test' }, { zone: 'b.test' }], services: { mx: { rbl: 'c.test' } } }))
  assert.deepEqual(out(), ['b.test: not tested yet', 'c.test: not tested yet'])
  await until('tested', () => out().length === 1 && out()[0] === 'c.test: it does not list 127.0.0.2')
  keeper.use(config({}))
  assert.deepEqual(keeper.checks(), [])
})
