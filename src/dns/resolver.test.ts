// SPDX-License-Identifier: Apache-2.0
/** Proves: right answers, absences and aliases; every lie ends in the truth or in defer; answers live as long as they say. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import dnsPacket from 'dns-packet'
import fc from 'fast-check'
import { announceSeed } from '../../test/fuzz/seed.ts'
import { reverseName } from '../address/reversed.ts'
import { ManualClock } from '../clock/clock.ts'
import { type Lie, startDnsServer, type ZoneData } from '../demo/dns-server.ts'
import { silentLog } from '../monitor/log.ts'
import { interpret } from './answer.ts'
import { answerTo, parseNameServer } from './exchange.ts'
import { createResolver } from './resolver.ts'

const zone: ZoneData = {
  'example.test': { MX: [{ preference: 10, exchange: 'mx.example.test' }], TXT: ['v=spf1 -all', 'x'.repeat(600)] },
  'mx.example.test': { A: ['127.0.0.8'], AAAA: ['::1'], ttl: 10 },
  'null.test': { MX: [{ preference: 0, exchange: '' }] },
  'alias.test': { CNAME: ['mx.example.test'] },
  'loop.test': { CNAME: ['loop.test'] },
  '8.0.0.127.in-addr.arpa': { PTR: ['mx.example.test', 'not a\r\nname'] },
}

async function site(lie?: (name: string, type: string, tcp: boolean) => Lie | undefined, timeoutMs = 3000) {
  const server = await startDnsServer({ address: '127.0.0.1', port: 0, zone, ...(lie === undefined ? {} : { lie }) })
  const clock = new ManualClock()
  const resolver = createResolver({
    servers: [`127.0.0.1:${server.port}`],
    timeoutMs,
    cacheEntries: 100,
    clock,
    log: silentLog,
  })
  return {
    server,
    clock,
    resolver,
    async [Symbol.asyncDispose]() {
      await resolver[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

test('records, absences, aliases', async () => {
  await using s = await site()
  const { resolver } = s
  const mx = await resolver.lookup('Example.Test.', 'MX')
  assert.deepEqual(mx.kind === 'found' && mx.records, [{ preference: 10, exchange: 'mx.example.test' }])
  const nul = await resolver.lookup('null.test', 'MX')
  assert.deepEqual(nul.kind === 'found' && nul.records, [{ preference: 0, exchange: '' }])
  const txt = await resolver.lookup('example.test', 'TXT')
  assert.deepEqual(txt.kind === 'found' && txt.records, ['v=spf1 -all', 'x'.repeat(600)])
  const alias = await resolver.lookup('alias.test', 'A')
  assert.deepEqual(alias.kind === 'found' && alias.records, ['127.0.0.8'])
  assert.equal((await resolver.lookup('loop.test', 'A')).kind, 'defer')
  assert.deepEqual(await resolver.lookup('example.test', 'A'), { kind: 'absent', why: 'nodata', ttlSeconds: 60 })
  assert.deepEqual(await resolver.lookup('nothing.test', 'A'), { kind: 'absent', why: 'nxdomain', ttlSeconds: 60 })
  assert.equal((await resolver.lookup('bad name', 'A')).kind, 'absent')
  assert.equal((await resolver.lookup(`${'a'.repeat(64)}.test`, 'A')).kind, 'absent')
})

for (const lie of ['truncate', 'formerr-on-edns', 'wrong-id-first', 'wrong-question-first', 'garbage-first'] as const)
  test(`the truth in spite of ${lie}`, async () => {
    await using s = await site(() => lie)
    const answer = await s.resolver.lookup('mx.example.test', 'A')
    assert.deepEqual(answer.kind === 'found' && answer.records, ['127.0.0.8'])
  })

for (const lie of ['drop', 'servfail', 'refused', 'referral', 'bad-version', 'endless-alias'] as const)
  test(`defer after ${lie}`, async () => {
    await using s = await site(() => lie, 300)
    assert.equal((await s.resolver.lookup('mx.example.test', 'A')).kind, 'defer')
  })

test('an alias that comes alone is followed by further questions', async () => {
  await using s = await site((name) => (name === 'alias.test' ? 'alias-alone' : undefined))
  const answer = await s.resolver.lookup('alias.test', 'A')
  assert.deepEqual(answer.kind === 'found' && answer.records, ['127.0.0.8'])
  assert.deepEqual(s.server.questions, ['A alias.test', 'A mx.example.test'])
})

test('records of other names are not taken', async () => {
  await using s = await site(() => 'forged')
  assert.equal((await s.resolver.lookup('mx.example.test', 'A')).kind, 'absent')
})

test('addresses have host names alone', async () => {
  await using s = await site()
  const answer = await s.resolver.lookup(reverseName('127.0.0.8') ?? '', 'PTR')
  assert.deepEqual(answer.kind === 'found' && answer.records, ['mx.example.test'])
})

test('a server that is not there, and one that refuses, are passed over', async () => {
  await using s = await site()
  await using refusing = await site(() => 'refused')
  await using resolver = createResolver({
    servers: ['127.0.0.1:1', `127.0.0.1:${refusing.server.port}`, `127.0.0.1:${s.server.port}`],
    timeoutMs: 3000,
    cacheEntries: 0,
    clock: s.clock,
    log: silentLog,
  })
  assert.equal((await resolver.lookup('mx.example.test', 'A')).kind, 'found')
  assert.equal(refusing.server.questions.length, 1)
})

test('a question is not asked twice of a server that answered it badly', async () => {
  await using s = await site(() => 'servfail')
  assert.equal((await s.resolver.lookup('mx.example.test', 'A')).kind, 'defer')
  assert.equal(s.server.questions.length, 1)
})

test('RFC 8020: below a name that is not there is nothing', async () => {
  await using s = await site()
  await s.resolver.lookup('nothing.test', 'MX')
  assert.equal((await s.resolver.lookup('nothing.test', 'A')).kind, 'absent')
  assert.equal((await s.resolver.lookup('a.b.nothing.test', 'TXT')).kind, 'absent')
  assert.deepEqual(s.server.questions, ['MX nothing.test'])
  s.clock.advance(61_000)
  await s.resolver.lookup('a.b.nothing.test', 'TXT')
  assert.equal(s.server.questions.length, 2)
})

test('many look-ups at once share few sockets, and all are answered', async () => {
  await using s = await site()
  const names = Array.from({ length: 600 }, (_, i) => `n${i}.example.test`)
  const answers = await Promise.all(names.map((name) => s.resolver.lookup(name, 'A')))
  assert.ok(answers.every((answer) => answer.kind === 'absent'))
})

test('an address record that is cut short is no address, and no absence', () => {
  const query = dnsPacket.encode({ type: 'response', flags: 0x180, questions: [{ name: 'a.test', type: 'A' }] })
  query.writeUInt16BE(1, 6)
  for (const rest of ['\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\x7f\0', '\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\0']) {
    const bytes = Buffer.concat([query, Buffer.from(rest, 'latin1')])
    const packet = answerTo({ id: 0, name: 'a.test', type: 'A' }, bytes)
    const kind = packet === undefined ? 'no answer' : interpret(packet, 'a.test', 'A').kind
    assert.ok(['defer', 'no answer'].includes(kind), kind)
  }
})

test('a packet full of aliases is read in no time', () => {
  const answers = Array.from({ length: 4000 }, (_, i) => ({ type: 'CNAME' as const, name: `n${i}`, data: `n${i + 1}` }))
  const bytes = dnsPacket.encode({ type: 'response', id: 1, questions: [{ type: 'A', name: 'n0' }], answers })
  const started = performance.now()
  assert.equal(interpret(dnsPacket.decode(bytes), 'n0', 'A').kind, 'defer')
  assert.ok(performance.now() - started < 1000)
})

test('answers live as long as they say, and are asked for once at a time', async () => {
  await using s = await site()
  const ask = () => s.resolver.lookup('mx.example.test', 'A')
  await Promise.all([ask(), ask(), ask()])
  assert.equal(s.server.questions.length, 1)
  s.clock.advance(9_000)
  await ask()
  assert.equal(s.server.questions.length, 1)
  s.clock.advance(2_000)
  await ask()
  assert.equal(s.server.questions.length, 2)
  await s.resolver.lookup('nothing.test', 'A')
  await s.resolver.lookup('nothing.test', 'A')
  assert.equal(s.server.questions.length, 3)
})

test('whoever gives up is answered at once', async () => {
  await using s = await site(() => 'drop', 2000)
  const started = performance.now()
  const answer = await s.resolver.lookup('mx.example.test', 'A', { signal: AbortSignal.timeout(50) })
  assert.equal(answer.kind, 'defer')
  assert.ok(performance.now() - started < 1000)
})

test('packets with octets changed: an answer or an exception that exchange catches, never anything else, and no hang', () => {
  const seed = announceSeed('dns answers')
  const packet = dnsPacket.encode({
    type: 'response',
    id: 1,
    questions: [{ type: 'MX', name: 'a.test' }],
    answers: [
      { type: 'MX', name: 'a.test', ttl: 1, data: { preference: 1, exchange: 'b.test' } },
      { type: 'CNAME', name: 'a.test', data: 'c.test' },
    ],
  })
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(packet.length - 1), fc.nat(255)), { maxLength: 8 }), (changes) => {
      const bytes = Buffer.from(packet)
      for (const [at, value] of changes) bytes[at] = value
      let decoded: ReturnType<typeof dnsPacket.decode>
      try {
        decoded = dnsPacket.decode(bytes)
      } catch {
        return
      }
      assert.ok(['found', 'absent', 'defer', 'alias'].includes(interpret(decoded, 'a.test', 'MX').kind))
    }),
    { seed, numRuns: 5000 },
  )
})

test('names of servers and of addresses', () => {
  assert.deepEqual(parseNameServer('[::1]:53'), { address: '::1', port: 53 })
  assert.deepEqual(parseNameServer('192.0.2.1'), { address: '192.0.2.1', port: 53 })
  assert.equal(parseNameServer('ns.example.org'), undefined)
  assert.equal(reverseName('192.0.2.1'), '1.2.0.192.in-addr.arpa')
  assert.equal(reverseName('::ffff:192.0.2.1'), '1.2.0.192.in-addr.arpa')
  assert.match(reverseName('2001:db8::1') ?? '', /^1\.0\.0.*8\.b\.d\.0\.1\.0\.0\.2\.ip6\.arpa$/)
})
