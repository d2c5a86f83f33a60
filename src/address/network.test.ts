// SPDX-License-Identifier: Apache-2.0
/** Proves: an address is in a network by its bits, however either is written. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { announceSeed } from '../../test/fuzz/seed.ts'
import { inNetwork, isLoopback, networkOf, normaliseIp, parseNetwork } from './network.ts'

for (const { network, inside = [], outside = [], hostBits = false } of [
  {
    network: '192.0.2.0/24',
    inside: ['192.0.2.0', '192.0.2.255', '::ffff:192.0.2.7'],
    outside: ['192.0.3.0', '::1', ''],
  },
  { network: '192.0.2.1', inside: ['192.0.2.1', '::ffff:c000:201'], outside: ['192.0.2.2'] },
  { network: '192.0.2.1/24', inside: ['192.0.2.9'], outside: ['192.0.3.1'], hostBits: true },
  { network: '10.0.0.0/9', inside: ['10.127.255.255'], outside: ['10.128.0.0'] },
  { network: '10.64.0.0/9', inside: ['10.0.0.1'], hostBits: true },
  { network: '0.0.0.0/0', inside: ['255.1.2.3', '::ffff:1.2.3.4'], outside: ['2001:db8::1'] },
  { network: '::/0', inside: ['2001:db8::1'], outside: ['1.2.3.4', '::ffff:1.2.3.4'] },
  { network: '::ffff:192.0.2.0/120', inside: ['192.0.2.9', '::ffff:192.0.2.9'], outside: ['192.0.3.9'] },
  { network: '::ffff:192.0.2.1', inside: ['192.0.2.1'], outside: ['192.0.2.2'] },
  { network: '2001:db8::/32', inside: ['2001:DB8:1::'], outside: ['2001:db9::', '192.0.2.1'] },
  { network: '2001:db8::1/32', inside: ['2001:db8::2'], hostBits: true },
  { network: 'fe80::/10', inside: ['fe80::1%eth0'], outside: ['fec0::1'] },
])
  test(`network ${network}`, () => {
    const parsed = parseNetwork(network)
    assert.ok(parsed !== undefined)
    assert.equal(parsed.hasHostBits, hostBits)
    for (const each of inside) assert.ok(inNetwork(each, parsed), each)
    for (const each of outside) assert.ok(!inNetwork(each, parsed), each)
  })

for (const text of [
  '',
  '/',
  '192.0.2.0/33',
  '192.0.2.0/',
  '192.0.2.0/024',
  '192.0.2.0/24/1',
  '192.0.2.0/-1',
  '192.0.2.0/2.4',
  '192.0.2',
  '127.1',
  '0x7f.0.0.1',
  '010.0.0.1',
  '2001:db8::/129',
  '::ffff:192.0.2.0/90',
  'fe80::1%eth0/64',
  'example.org',
  ' 192.0.2.1',
])
  test(`no network: ${JSON.stringify(text)}`, () => assert.equal(parseNetwork(text), undefined))

for (const { text, want } of [
  { text: '::ffff:1.2.3.4', want: '1.2.3.4' },
  { text: '2001:DB8:0:0:0:0:0:1', want: '2001:db8::1' },
  { text: 'fe80::1%eth0', want: 'fe80::1' },
  { text: '192.0.2.1', want: '192.0.2.1' },
  { text: '1.2.3.4%eth0', want: undefined },
  { text: '127.1', want: undefined },
  { text: 'localhost', want: undefined },
  { text: '1'.repeat(100_000), want: undefined },
])
  test(`address ${text.slice(0, 40)}`, () => assert.equal(normaliseIp(text), want))

test('loopback', () => {
  for (const text of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1']) assert.ok(isLoopback(text), text)
  for (const text of ['128.0.0.1', '::2', '', '0.0.0.0', '127.1']) assert.ok(!isLoopback(text), text)
})

for (const { text, want } of [
  { text: '192.0.2.77', want: '192.0.2.0/24' },
  { text: '::ffff:192.0.2.77', want: '192.0.2.0/24' },
  { text: '2001:db8:1:2ff::1', want: '2001:db8:1:200::/56' },
  { text: 'nonsense', want: 'nonsense' },
])
  test(`network of ${text}`, () => assert.equal(networkOf(text, { ipv4: 24, ipv6: 56 }), want))

test('bits decide, against a plain comparison', () => {
  const seed = announceSeed('network')
  const v4 = fc.nat(0xffffffff)
  const dotted = (n: number): string => [24, 16, 8, 0].map((shift) => (n >>> shift) & 255).join('.')
  fc.assert(
    fc.property(v4, fc.nat(32), fc.nat(32), (base, bits, flip) => {
      const other = flip === 32 ? base : (base ^ (1 << flip)) >>> 0
      const network = parseNetwork(`${dotted(base)}/${bits}`)
      assert.ok(network !== undefined)
      assert.equal(inNetwork(dotted(other), network), flip === 32 || flip < 32 - bits)
      assert.equal(network.hasHostBits, bits < 32 && base % 2 ** (32 - bits) !== 0)
    }),
    { seed },
  )
  fc.assert(
    fc.property(fc.string(), (text) => {
      const canonical = normaliseIp(text)
      if (canonical !== undefined) assert.equal(normaliseIp(canonical), canonical)
      parseNetwork(text)
    }),
    { seed },
  )
})
