// SPDX-License-Identifier: Apache-2.0
/**
 * Clients on DNS lists, over real sockets and with a real name server: what they are told and that they are cut off,
 * who is not asked about, what is traced. Clients come through a load balancer, so that they may have any address.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../src/clock/clock.ts'
import { type DnsServer, startDnsServer, type ZoneData } from '../../src/demo/dns-server.ts'
import { dnsAnswer } from '../../src/dns/host.ts'
import { createResolver } from '../../src/dns/resolver.ts'
import { silentLog } from '../../src/monitor/log.ts'
import { Peer } from './peer.ts'
import { directory, type Fixture, type FixtureOptions, startFixture } from './server-fixture.ts'
import { send } from './talk.ts'

const ZONE: ZoneData = {
  '7.100.51.198.block.test': { A: ['127.0.0.2'], TXT: ['see http://block.test/\r\n250 ok'] },
  '8.100.51.198.block.test': { A: ['127.0.0.2'] },
  '8.100.51.198.allow.test': { A: ['127.0.0.2'] },
  '9.100.51.198.block.test': { A: ['127.255.255.254'], TXT: ['you may not ask'] },
  '10.100.51.198.verify.test': { A: ['127.0.0.2'], TXT: ['on verify'] },
  '11.100.51.198.rbl.test': { A: ['127.0.0.2'], TXT: ['on rbl'] },
  '1.1.0.10.verify.test': { A: ['127.0.0.2'] },
  '1.1.0.10.block.test': { A: ['127.0.0.2'] },
}

interface Site extends AsyncDisposable {
  readonly fixture: Fixture
  readonly dns: DnsServer
  readonly told: unknown[]
  /** What a client of this address hears first, and whether that was all. */
  greet(address: string): Promise<{ readonly line: string; readonly closed: boolean }>
}

const CONFIG: NonNullable<FixtureOptions['config']> = [
  ['listeners.test.proxies', '[127.0.0.1]'],
  ['networks.own', '[10.0.0.0/8]'],
  ['dnsLists.timeout', '30s'],
  ['dnsLists.allow', '[192.0.2.0/24]'],
  ['dnsLists.lists', '[{ zone: block.test, failure: defer }, { zone: allow.test, kind: allow }]'],
]

async function start(more: typeof CONFIG = [], options: FixtureOptions = {}, out: string[] = []): Promise<Site> {
  const dns = await startDnsServer({
    address: '127.0.0.1',
    port: 0,
    zone: ZONE,
    lie: (name) => (name.startsWith('12.100.51.198.') ? 'servfail' : undefined),
  })
  const resolver = createResolver({
    servers: [`127.0.0.1:${dns.port}`],
    timeoutMs: 60_000,
    cacheEntries: 100,
    clock: systemClock,
    log: silentLog,
  })
  const told: unknown[] = []
  const fixture = await startFixture({
    ...options,
    config: [...CONFIG, ...more],
    deps: {
      host: {
        ...directory(),
        ...dnsAnswer(resolver),
        'dnsLists.out': () => out.map((zone) => ({ zone, why: 'its canaries are wrong' })),
        'dnsLists.told': (question) => {
          told.push(question)
          return undefined
        },
      },
    },
  })
  return {
    fixture,
    dns,
    told,
    async greet(address) {
      await using peer = await Peer.connect(fixture.port)
      await send(peer, `PROXY TCP${address.includes(':') ? '6' : '4'} ${address} ${address} 40000 25\r\n`)
      const line = (await peer.reply()).raw
      return { line, closed: !line.startsWith('220') && (await peer.rest()) === '' }
    },
    async [Symbol.asyncDispose]() {
      await fixture[Symbol.asyncDispose]()
      await resolver[Symbol.asyncDispose]()
      await dns[Symbol.asyncDispose]()
    },
  }
}

test('a listed client is told so and cut off; its trace names list, code, text and setting', async () => {
  await using site = await start()
  assert.deepEqual(await site.greet('198.51.100.7'), {
    line: '554 5.7.1 Client 198.51.100.7 is listed by block.test: see http://block.test/??250 ok',
    closed: true,
  })
  const [trace] = site.fixture.traces()
  const step = trace?.steps.find(({ stage }) => stage === 'DNS lists at connect')
  assert.equal(step?.result, 'refuse')
  assert.equal(
    step?.note,
    '1 of 1; block.test: 127.0.0.2, weight 1 “see http://block.test/??250 ok”; allow.test: not listed',
  )
  assert.deepEqual(step?.by, { by: 'default', setting: 'dnsLists.lists.0', value: '' })
  assert.deepEqual(site.told, [
    {
      ask: 'dnsLists.told',
      client: '198.51.100.7',
      said: [
        { zone: 'block.test', listed: true },
        { zone: 'allow.test', listed: false },
      ],
    },
  ])
})

for (const { name, address, line } of [
  { name: 'not listed', address: '198.51.100.99', line: /^220 / },
  { name: 'on the allow-list too', address: '198.51.100.8', line: /^220 / },
  { name: 'the list will not answer us, and is not passed over', address: '198.51.100.9', line: /^421 4\.4\.3 / },
  { name: 'no answer', address: '198.51.100.12', line: /^421 4\.4\.3 / },
  { name: 'of our own networks', address: '10.0.1.1', line: /^220 / },
  { name: 'excepted', address: '192.0.2.7', line: /^220 / },
  { name: 'this machine', address: '127.0.0.2', line: /^220 / },
  { name: 'IPv6', address: '2001:db8::1', line: /^220 / },
])
  test(`${name}: ${address} hears ${line.source}`, async () => {
    await using site = await start()
    const got = await site.greet(address)
    assert.match(got.line, line)
    if (['10.0.1.1', '192.0.2.7', '127.0.0.2'].includes(address)) assert.deepEqual(aboutLists(site.dns.questions), [])
  })

/** The name of the client is asked for besides. */
const aboutLists = (questions: readonly string[]): readonly string[] =>
  questions.filter((question) => !question.startsWith('PTR '))

test('a list that is out is not asked, and what was to be sure of is put off', async () => {
  await using site = await start([], {}, ['block.test'])
  assert.match((await site.greet('198.51.100.7')).line, /^421 /)
  assert.deepEqual(site.dns.questions, ['A 7.100.51.198.allow.test'])
})

test('lists are for their channels, and never for users who are still to sign in', async () => {
  await using other = await start([['dnsLists.lists', '[{ zone: block.test, channels: [tcp_intranet] }]']])
  assert.match((await other.greet('198.51.100.7')).line, /^220 /)
  const everywhere = '[{ zone: block.test, channels: [tcp_local, tcp_submit] }]'
  await using users = await start([['dnsLists.lists', everywhere]], { service: 'submission' })
  assert.match((await users.greet('198.51.100.7')).line, /^220 /)
  assert.deepEqual(aboutLists([...other.dns.questions, ...users.dns.questions]), [])
})

test('DNS_VERIFY_DOMAIN and ENABLE_RBL: their replies, for our own networks too, and nobody refused by a failure', async () => {
  await using site = await start([['dnsLists.services', '{ test: { verifyDomains: [verify.test], rbl: rbl.test } }']])
  const verify = { line: '500 5.7.1 access_control: host found on DNS list and rejected', closed: true }
  assert.deepEqual(await site.greet('198.51.100.10'), verify)
  assert.deepEqual(await site.greet('10.0.1.1'), verify)
  assert.deepEqual(await site.greet('198.51.100.11'), { line: '500 5.7.1 on rbl', closed: true })
  assert.match((await site.greet('198.51.100.99')).line, /^220 /)
  await using alone = await start([
    ['dnsLists.lists', '[]'],
    ['dnsLists.services', '{ test: { verifyDomains: [verify.test] } }'],
  ])
  assert.match((await alone.greet('198.51.100.12')).line, /^220 /)
})

test('answers are kept for their time to live: a client that comes again costs no question', async () => {
  await using site = await start()
  await site.greet('198.51.100.7')
  const asked = site.dns.questions.length
  await site.greet('198.51.100.7')
  assert.equal(site.dns.questions.length, asked)
})

test('without lists there is no step', async () => {
  await using site = await start([['dnsLists.lists', '[]']])
  await site.greet('198.51.100.7')
  assert.equal(
    site.fixture.traces().some(({ steps }) => steps.some(({ stage }) => stage === 'DNS lists at connect')),
    false,
  )
})
