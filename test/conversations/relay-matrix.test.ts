// SPDX-License-Identifier: Apache-2.0
/**
 * Proves design 2.10 over real sockets: who may relay, from where, in every way an address can be written, with the stock
 * tables, with a site's own file that forgot the row against relaying, and with `relay: by-table`. It relays exactly
 * when it may: what is accepted is looked up in the queue, channel and address, and nothing else is there.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { STOCK_TABLES } from '../../src/config/stock-tables.ts'
import { Peer } from './peer.ts'
import { type Fixture, startFixture } from './server-fixture.ts'

/** Clients: by the loopback address they come from, and whether they sign in. */
const CLIENTS = {
  outside: { from: '127.0.0.2' },
  'own network': { from: '127.0.0.9' },
  'signed in': { from: '127.0.0.2', login: 'kim' },
} as const
type Client = keyof typeof CLIENTS

/** What is asked for, and where it may go: to us, for anybody; to the outside, for those who may relay; nowhere. */
const TARGETS: readonly {
  readonly name: string
  readonly to: string
  /** `channel:address` of what is queued, for who may have it; by default who may relay. */
  readonly goes?: string
  readonly anybody?: true
}[] = [
  { name: 'outside', to: '<far@example.com>', goes: 'tcp_local:far@example.com' },
  { name: 'local', to: '<kim@example.org>', goes: 'ims-ms:kim@example.org', anybody: true },
  // Our own forwarding: whoever reaches the alias reaches its members.
  {
    name: 'alias to outside',
    to: '<team@example.org>',
    goes: 'ims-ms:kim@example.org tcp_local:far@example.net',
    anybody: true,
  },
  // RFC 5321 Appendix C: the route is dropped, the address counts.
  { name: 'source-routed', to: '<@example.org:far@example.com>', goes: 'tcp_local:far@example.com' },
  {
    name: 'source-routed home',
    to: '<@evil.example,@example.org:kim@example.org>',
    goes: 'ims-ms:kim@example.org',
    anybody: true,
  },
  // A second hop hidden in a local part of ours is a local part: nobody.
  { name: 'percent-hack', to: '<far%example.com@example.org>' },
  { name: 'percent-hack outside', to: '<kim%example.org@example.com>', goes: 'tcp_local:kim%example.org@example.com' },
  { name: 'quoted at-sign', to: '<"far@example.com"@example.org>' },
  {
    name: 'quoted at-sign outside',
    to: '<"kim@example.org"@example.com>',
    goes: 'tcp_local:"kim@example.org"@example.com',
  },
  { name: 'bang path', to: '<example.com!far@example.org>' },
  { name: 'bang path outside', to: '<example.org!kim@example.com>', goes: 'tcp_local:example.org!kim@example.com' },
  { name: 'trailing dot', to: '<far@example.com.>' },
  { name: 'trailing dot, ours', to: '<kim@example.org.>' },
  { name: 'address literal', to: '<far@[192.0.2.99]>', goes: 'tcp_local:far@[192.0.2.99]' },
  { name: 'mapped literal', to: '<far@[IPv6:::ffff:192.0.2.99]>', goes: 'tcp_local:far@[IPv6:::ffff:192.0.2.99]' },
  { name: 'bars', to: '<"x|tcp_intranet|y"@example.com>', goes: 'tcp_local:"x|tcp_intranet|y"@example.com' },
  { name: 'below us', to: '<far@sub.example.org>', goes: 'tcp_local:far@sub.example.org' },
]

/** Sites: their tables, and for which outside targets a stranger may relay. */
const INSIDE = '\nINTERNAL_IP\n\n  127.0.0.9  $Y\n  *  $N\n'
const OWN_STOCK = STOCK_TABLES.replace('  127.0.0.1    $Y', '  127.0.0.9    $Y')
const BY_TABLE = [['channels.tcp_local.relay', 'by-table']] as const
const SITES: readonly {
  readonly name: string
  readonly mappings: string
  readonly config?: readonly (readonly [string, string])[]
  readonly strangers?: readonly string[]
}[] = [
  { name: 'no tables', mappings: '' },
  { name: 'the stock tables', mappings: OWN_STOCK },
  { name: 'a file that forgot the row', mappings: `${INSIDE}\nORIG_SEND_ACCESS\n\n  *|*|hold|*  $N\n` },
  {
    name: 'a file that says $Y to all',
    mappings: `${INSIDE}\nORIG_SEND_ACCESS\n\n  *  $Y\n\nMAIL_ACCESS\n\n  *  $Y\n`,
  },
  { name: 'relay: by-table and the stock tables', mappings: OWN_STOCK, config: BY_TABLE },
  {
    name: 'relay: by-table and a row for one domain',
    mappings: `${INSIDE}\nORIG_SEND_ACCESS\n\n  tcp_local|*|tcp_local|*@example.com  $Y\n`,
    config: BY_TABLE,
    // Not the one whose bars could have shifted the fields.
    strangers: ['outside', 'source-routed', 'percent-hack outside', 'quoted at-sign outside', 'bang path outside'],
  },
  {
    name: 'relay: by-table, and a later table refuses',
    mappings: `${INSIDE}\nORIG_SEND_ACCESS\n\n  *  $Y\n\nSEND_ACCESS\n\n  *|far@example.net  $Y\n  tcp_local|*|tcp_local|*  $N\n`,
    config: BY_TABLE,
  },
]

for (const { name, mappings, config = [], strangers = [] } of SITES)
  test(`relay matrix: ${name}`, async () => {
    // Delays of rows would only take time here.
    const settings = [['sasl.plaintextOnLoopback', 'true'], ['access.maxDelay', '0s'], ...config] as const
    await using fixture = await startFixture({ mappings, config: settings })
    for (const client of Object.keys(CLIENTS) as Client[])
      for (const target of TARGETS) {
        const may = target.anybody === true || client !== 'outside' || strangers.includes(target.name)
        const wanted = may && target.goes !== undefined ? target.goes : 'refused'
        assert.equal(await becomes(fixture, client, target.to), wanted, `${client} → ${target.name}`)
      }
    assert.equal(fixture.faults(), 0)
  })

test('the outside, mapped into IPv6, is the outside', async () => {
  await using fixture = await startFixture({
    mappings: OWN_STOCK,
    config: [
      ['listeners.test.proxies', '[127.0.0.1]'],
      ['access.maxDelay', '0s'],
    ],
  })
  for (const [address, wanted] of [
    ['::ffff:198.51.100.7', '550'],
    ['::ffff:127.0.0.9', '250'],
    ['::ffff:7f00:9', '250'],
    ['2001:db8::7', '550'],
  ] as const) {
    await using peer = await Peer.connect(fixture.port)
    await peer.send(Buffer.from(`PROXY TCP6 ${address} ::1 4711 25\r\n`))
    await peer.reply()
    await peer.send(Buffer.from('EHLO c\r\nMAIL FROM:<s@example.net>\r\nRCPT TO:<far@example.com>\r\n'))
    await peer.reply()
    await peer.reply()
    assert.equal((await peer.reply()).code, wanted, address)
  }
})

async function becomes(fixture: Fixture, client: Client, to: string): Promise<string> {
  const who = CLIENTS[client]
  await using peer = await Peer.connect(fixture.port, { from: who.from })
  const say = async (line: string): Promise<string> => {
    await peer.send(Buffer.from(`${line}\r\n`))
    return (await peer.reply()).code
  }
  await peer.reply()
  assert.equal(await say('EHLO c'), '250')
  if ('login' in who) {
    const plain = Buffer.from(`\0${who.login}\0secret`).toString('base64')
    assert.equal(await say(`AUTH PLAIN ${plain}`), '235')
  }
  assert.equal(await say('MAIL FROM:<s@example.net>'), '250')
  const code = await say(`RCPT TO:${to}`)
  if (code !== '250') {
    assert.match(code, /^5/, to)
    // 503 where the address was none at all, so that no recipient was presented.
    assert.match(await say('DATA'), /^(?:554|503)$/)
    return 'refused'
  }
  assert.equal(await say('DATA'), '354')
  assert.equal(await say('Subject: x\r\n\r\nx\r\n.'), '250')
  const last = (await fixture.queued()).at(-1)
  return (last?.envelope.recipients ?? []).map(({ channel, address }) => `${channel}:${address}`).join(' ')
}
