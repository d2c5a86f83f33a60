// SPDX-License-Identifier: Apache-2.0
/** Proves: which hosts are tried, in which order, and what becomes of domains that have none. RFC 5321 §5.1, RFC 7505. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DnsLookup, DnsType } from '../ask/lookup.ts'
import type { Resolver } from '../dns/resolver.ts'
import { hostsOfDomain, hostsOfNextHop, type MxOptions, parseNextHop } from './mx.ts'

type Zone = Readonly<Record<string, readonly unknown[] | 'nxdomain' | 'defer'>>

/** Keys are `TYPE name`; what is not there has no data. */
function resolver(zone: Zone): Resolver {
  return {
    async lookup<T extends DnsType>(name: string, type: T) {
      const records = zone[`${type} ${name}`]
      if (records === 'defer') return { kind: 'defer', cause: 'SERVFAIL' }
      if (records === 'nxdomain' || records === undefined)
        return { kind: 'absent', why: records ?? 'nodata', ttlSeconds: 1 }
      return { kind: 'found', records, ttlSeconds: 1, authentic: false } as DnsLookup<T>
    },
  }
}

const options = (zone: Zone, self: readonly string[] = []): MxOptions => ({
  resolver: resolver(zone),
  port: 25,
  families: ['ipv6', 'ipv4'],
  self: new Set(self),
  random: () => 0.5,
  deadline: { signal: AbortSignal.timeout(10_000) },
})

const mx = (preference: number, exchange: string) => ({ preference, exchange })
const addresses = {
  'A a.test': ['192.0.2.1'],
  'AAAA a.test': ['2001:db8::1'],
  'A b.test': ['192.0.2.2'],
  'A example.org': ['192.0.2.9'],
}

for (const { name, zone, self, want } of [
  {
    name: 'by preference, IPv6 first',
    zone: { ...addresses, 'MX example.org': [mx(20, 'b.test'), mx(10, 'a.test')] },
    want: ['2001:db8::1', '192.0.2.1', '192.0.2.2'],
  },
  { name: 'implicit MX', zone: addresses, want: ['192.0.2.9'] },
  { name: 'null MX', zone: { ...addresses, 'MX example.org': [mx(0, '')] }, want: 'failed 5.1.10' },
  { name: 'no such domain', zone: { 'MX example.org': 'nxdomain' as const }, want: 'failed 5.1.2' },
  { name: 'DNS does not answer', zone: { 'MX example.org': 'defer' as const }, want: 'deferred 4.4.3' },
  {
    name: 'addresses do not answer',
    zone: { 'MX example.org': [mx(1, 'a.test')], 'A a.test': 'defer' as const, 'AAAA a.test': 'defer' as const },
    want: 'deferred 4.4.3',
  },
  { name: 'MX without address', zone: { 'MX example.org': [mx(1, 'c.test')] }, want: 'failed 5.4.4' },
  {
    name: 'we are the best MX',
    zone: { ...addresses, 'MX example.org': [mx(10, 'me.test'), mx(20, 'b.test')] },
    self: ['me.test'],
    want: 'failed 5.4.6',
  },
  {
    name: 'we are the backup MX',
    zone: { ...addresses, 'MX example.org': [mx(10, 'b.test'), mx(20, 'me.test'), mx(30, 'a.test')] },
    self: ['me.test'],
    want: ['192.0.2.2'],
  },
  {
    name: 'an MX of another name is our address',
    zone: { ...addresses, 'MX example.org': [mx(10, 'b.test')] },
    self: ['192.0.2.2:25'],
    want: 'failed 5.4.6',
  },
  {
    name: 'an MX of another name is our address, mapped into IPv6',
    zone: { 'MX example.org': [mx(10, 'c.test')], 'AAAA c.test': ['::ffff:192.0.2.2'] },
    self: ['192.0.2.2:25'],
    want: 'failed 5.4.6',
  },
  { name: 'no MX, and the domain is this server', zone: addresses, self: ['192.0.2.9:25'], want: 'failed 5.4.6' },
  { name: 'no MX, and the domain has our name', zone: addresses, self: ['example.org'], want: 'failed 5.4.6' },
  {
    name: 'null MX beside others is none',
    zone: { ...addresses, 'MX example.org': [mx(0, ''), mx(10, 'b.test')] },
    want: ['192.0.2.2'],
  },
  {
    name: 'an MX whose name is no host name',
    zone: { ...addresses, 'MX example.org': [mx(10, 'a\r\nb.test')], 'A a\r\nb.test': ['192.0.2.3'] },
    want: 'failed 5.4.4',
  },
  {
    name: 'an MX at nowhere',
    zone: {
      'MX example.org': [mx(10, 'c.test')],
      'A c.test': ['0.0.0.0', '224.0.0.1'],
      'AAAA c.test': ['::', 'ff02::1'],
    },
    want: 'failed 5.4.4',
  },
  {
    name: 'an MX at nowhere, and another',
    zone: { ...addresses, 'MX example.org': [mx(10, 'c.test'), mx(20, 'b.test')], 'A c.test': ['0.0.0.0'] },
    want: ['192.0.2.2'],
  },
  {
    name: 'the best MX does not answer, and another does',
    zone: {
      ...addresses,
      'MX example.org': [mx(10, 'c.test'), mx(20, 'b.test')],
      'A c.test': 'defer' as const,
      'AAAA c.test': 'defer' as const,
    },
    want: ['192.0.2.2'],
  },
] satisfies readonly { name: string; zone: Zone; self?: string[]; want: string | string[] }[])
  test(`next hops: ${name}`, async () => {
    const hops = await hostsOfDomain('example.org', options(zone, self))
    assert.deepEqual(
      hops.kind === 'hosts' ? hops.hosts.map(({ address }) => address) : `${hops.kind} ${hops.status}`,
      want,
    )
  })

test('address literals and fixed next hops', async () => {
  const literal = await hostsOfDomain('[192.0.2.7]', options({}))
  assert.deepEqual(literal.kind === 'hosts' && literal.hosts.map(({ address, port }) => [address, port]), [
    ['192.0.2.7', 25],
  ])
  const fixed = await hostsOfNextHop('a.test:26', options(addresses))
  assert.deepEqual(fixed.kind === 'hosts' && fixed.hosts.map(({ port }) => port), [26, 26])
  assert.equal((await hostsOfNextHop('nowhere.test', options({ 'A nowhere.test': 'nxdomain' }))).kind, 'deferred')
})

for (const { domain, self, want } of [
  { domain: '[192.0.2.7]', self: '192.0.2.7:25', want: 'failed 5.4.6' },
  { domain: '[IPv6:2001:DB8:0::7]', self: '2001:db8::7:25', want: 'failed 5.4.6' },
  { domain: '[192.0.2.7]', self: '192.0.2.7:26', want: 'hosts' },
  { domain: '[0.0.0.0]', self: '', want: 'failed 5.1.2' },
  { domain: '[IPv6:ff02::1]', self: '', want: 'failed 5.1.2' },
])
  test(`the address literal ${domain}, and we are ${self}`, async () => {
    const hops = await hostsOfDomain(domain, options({}, [self]))
    assert.equal(hops.kind === 'hosts' ? 'hosts' : `${hops.kind} ${hops.status}`, want)
  })

test('a next hop that is this server waits for the administrator', async () => {
  const own = ['192.0.2.1:25', '127.0.0.1:25', '::1:25']
  for (const hop of ['[192.0.2.1]', '[::ffff:192.0.2.1]:25', 'localhost']) {
    const found = await hostsOfNextHop(hop, options({}, own))
    assert.equal(found.kind === 'deferred' && found.status, '4.4.6', hop)
  }
  const other = await hostsOfNextHop('a.test', options(addresses, own))
  assert.deepEqual(other.kind === 'hosts' && other.hosts.map(({ address }) => address), ['2001:db8::1'])
  assert.equal((await hostsOfNextHop('localhost:10025', options({}, own))).kind, 'hosts')
})

for (const { text, want } of [
  { text: 'mx.example.org', want: { name: 'mx.example.org', port: 25 } },
  { text: '[2001:db8::1]:2525', want: { name: '2001:db8::1', port: 2525, literal: '2001:db8::1' } },
  { text: '192.0.2.1:26', want: { name: '192.0.2.1', port: 26, literal: '192.0.2.1' } },
  { text: '[mx.example.org]', want: undefined },
  { text: 'a:99999', want: undefined },
  { text: 'a:b:c', want: undefined },
])
  test(`next hop ${text}`, () => assert.deepEqual(parseNextHop(text, 25), want))
