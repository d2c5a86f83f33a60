// SPDX-License-Identifier: Apache-2.0
/** Proves: what is read as an address is one, and has its value; Node's own check is the judge. */
import assert from 'node:assert/strict'
import { isIPv4, isIPv6 } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { announceSeed } from '../../test/fuzz/seed.ts'
import { maskWord, readIpv4, readIpv6 } from './ip-text.ts'
import { firstAddress, parseAddressNetwork } from './network.ts'

const words = new Uint32Array(4)
const hex = (text: string): string | undefined =>
  readIpv6(text, 0, text.length, words)
    ? [...words].map((word) => word.toString(16).padStart(8, '0')).join(' ')
    : undefined

for (const { text, want } of [
  { text: '::', want: '00000000 00000000 00000000 00000000' },
  { text: '::1', want: '00000000 00000000 00000000 00000001' },
  { text: '2001:db8::a:1', want: '20010db8 00000000 00000000 000a0001' },
  { text: '1:2:3:4:5:6:7:8', want: '00010002 00030004 00050006 00070008' },
  { text: '1:2:3:4:5:6:7::', want: '00010002 00030004 00050006 00070000' },
  { text: '::ffff:192.0.2.1', want: '00000000 00000000 0000ffff c0000201' },
  { text: '1::1.2.3.4', want: '00010000 00000000 00000000 01020304' },
  { text: '1:2:3:4:5:6:7:8:9', want: undefined },
  { text: '1:2:3:4:5:6:7:8::', want: undefined },
  { text: '1::2::3', want: undefined },
  { text: '12345::', want: undefined },
  { text: ':1', want: undefined },
  { text: '1:', want: undefined },
  { text: ':::', want: undefined },
  { text: '1.2.3.4', want: undefined },
  { text: '1.2.3.4::', want: undefined },
  { text: '', want: undefined },
])
  test(`IPv6 ${JSON.stringify(text)}`, () => assert.equal(hex(text), want))

test('the same texts are addresses for Node', () => {
  const piece = fc.constantFrom(':', '::', '.', '0', '1', 'ff', 'abcd', '255', '256', '10', '1.2.3.4', 'g')
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 18 }), (pieces) => {
      const text = pieces.join('')
      // Leading zeros of decimal octets are decimal here, and a trap there.
      if (/(?:^|[:.])0\d+\.|\.0\d/.test(text)) return
      assert.equal(hex(text) !== undefined, isIPv6(text), text)
      assert.equal(readIpv4(text, 0, text.length) !== -1, isIPv4(text), text)
    }),
    { seed: announceSeed('addresses in text'), numRuns: 20_000 },
  )
})

test('an address inside a text is read in place', () => {
  assert.equal(readIpv4('x|192.0.2.1|y', 2, 11), 0xc0000201)
  assert.ok(readIpv6('x|::1|y', 2, 5, words))
  assert.equal(words[3], 1)
})

test('masks', () => {
  assert.equal(maskWord(0xffffffff, 1, 0), 0)
  assert.equal(maskWord(0xffffffff, 1, 33), 0x80000000)
  assert.equal(maskWord(0xffffffff, 1, 64), 0xffffffff)
  assert.equal(maskWord(0xffffffff, 3, 127), 0xfffffffe)
})

for (const { bracket, text, want } of [
  { bracket: '(', text: '198.51.100.127/26', want: '198.51.100.64' },
  { bracket: '<', text: '123.45.67.6/2', want: '123.45.67.4' },
  { bracket: '<', text: '123.45.67.6/32', want: '0.0.0.0' },
  { bracket: '{', text: '2001:db8:aa:ff::1/48', want: '2001:db8:aa:0:0:0:0:0' },
  { bracket: '(', text: '10.0.0.0/', want: undefined },
  { bracket: '(', text: '10.0.0.0/+8', want: undefined },
  { bracket: '(', text: '::1', want: undefined },
  { bracket: '{', text: '10.0.0.0/8', want: undefined },
] as const)
  test(`spec 3.6 network ${bracket}${text}`, () => {
    const network = parseAddressNetwork(bracket, text)
    assert.equal(network === undefined ? undefined : firstAddress(network), want)
  })
