// SPDX-License-Identifier: Apache-2.0
/** Both versions, whole and in pieces; nothing a peer sends makes it throw or wait for more than it may. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { announceSeed } from '../../test/fuzz/seed.ts'
import { type ProxyHeader, readProxyHeader } from './header.ts'

const binary = (command: number, family: number, rest: Buffer, length = rest.length): Buffer => {
  const head = Buffer.from('\r\n\r\n\0\r\nQUIT\n\0\0\0\0', 'latin1')
  head.writeUInt8(command, 12)
  head.writeUInt8(family, 13)
  head.writeUInt16BE(length, 14)
  return Buffer.concat([head, rest])
}
const V4 = Buffer.from([192, 0, 2, 1, 198, 51, 100, 7, 0x12, 0x67, 0, 25])
const V6 = Buffer.concat([
  Buffer.from('20010db8000000000000000000000001', 'hex'),
  Buffer.from('20010db80000000000000000000000ff', 'hex'),
  Buffer.from([0x12, 0x67, 0, 25]),
])

const CASES: readonly { readonly name: string; readonly bytes: string | Buffer; readonly want: ProxyHeader }[] = [
  {
    name: 'version 1, IPv4',
    bytes: 'PROXY TCP4 192.0.2.1 198.51.100.7 4711 25\r\nEHLO x\r\n',
    want: {
      kind: 'whole',
      length: 43,
      client: { address: '192.0.2.1', port: 4711 },
      server: { address: '198.51.100.7', port: 25 },
    },
  },
  {
    name: 'version 1, IPv6',
    bytes: 'PROXY TCP6 2001:db8::1 2001:db8::ff 4711 25\r\n',
    want: {
      kind: 'whole',
      length: 45,
      client: { address: '2001:db8::1', port: 4711 },
      server: { address: '2001:db8::ff', port: 25 },
    },
  },
  { name: 'version 1, unknown', bytes: 'PROXY UNKNOWN whatever 1 2\r\n', want: { kind: 'whole', length: 28 } },
  { name: 'version 1 in pieces', bytes: 'PROXY TCP4 192.0.2.1 ', want: { kind: 'incomplete' } },
  { name: 'its first letter', bytes: 'P', want: { kind: 'incomplete' } },
  {
    name: 'version 1 without end',
    bytes: `PROXY TCP4 ${'1'.repeat(200)}`,
    want: { kind: 'bad', why: 'a line without end' },
  },
  { name: 'another command', bytes: 'PING', want: { kind: 'bad', why: 'no PROXY line' } },
  {
    name: 'a client that speaks SMTP',
    bytes: 'EHLO x\r\n',
    want: { kind: 'bad', why: 'neither version 1 nor version 2' },
  },
  { name: 'families mixed', bytes: 'PROXY TCP4 ::1 ::1 1 2\r\n', want: { kind: 'bad', why: 'malformed addresses' } },
  {
    name: 'a port too large',
    bytes: 'PROXY TCP4 1.2.3.4 1.2.3.4 65536 25\r\n',
    want: { kind: 'bad', why: 'malformed addresses' },
  },
  {
    name: 'a port with a sign',
    bytes: 'PROXY TCP4 1.2.3.4 1.2.3.4 +1 25\r\n',
    want: { kind: 'bad', why: 'malformed addresses' },
  },
  {
    name: 'one word too many',
    bytes: 'PROXY TCP4 1.2.3.4 1.2.3.4 1 25 x\r\n',
    want: { kind: 'bad', why: 'malformed addresses' },
  },
  {
    name: 'version 2, IPv4 with extensions',
    bytes: binary(0x21, 0x11, Buffer.concat([V4, Buffer.from([4, 0, 1, 0])])),
    want: {
      kind: 'whole',
      length: 32,
      client: { address: '192.0.2.1', port: 0x1267 },
      server: { address: '198.51.100.7', port: 25 },
    },
  },
  {
    name: 'version 2, IPv6',
    bytes: binary(0x21, 0x21, V6),
    want: {
      kind: 'whole',
      length: 52,
      client: { address: '2001:db8::1', port: 0x1267 },
      server: { address: '2001:db8::ff', port: 25 },
    },
  },
  { name: 'version 2, a health check', bytes: binary(0x20, 0x11, V4), want: { kind: 'whole', length: 28 } },
  { name: 'version 2, no family', bytes: binary(0x21, 0x00, Buffer.alloc(0)), want: { kind: 'whole', length: 16 } },
  { name: 'version 2 in pieces', bytes: binary(0x21, 0x11, V4).subarray(0, 20), want: { kind: 'incomplete' } },
  { name: 'version 3', bytes: binary(0x31, 0x11, V4), want: { kind: 'bad', why: 'unknown version' } },
  { name: 'an unknown command', bytes: binary(0x22, 0x11, V4), want: { kind: 'bad', why: 'unknown command' } },
  { name: 'datagrams', bytes: binary(0x21, 0x12, V4), want: { kind: 'bad', why: 'not a stream' } },
  { name: 'too short', bytes: binary(0x21, 0x21, V4), want: { kind: 'bad', why: 'too short for its family' } },
  {
    name: 'too long',
    bytes: binary(0x21, 0x11, V4, 5000),
    want: { kind: 'bad', why: 'more than 4096 octets of addresses and extensions' },
  },
]

for (const { name, bytes, want } of CASES)
  test(`PROXY header: ${name}`, () => assert.deepEqual(readProxyHeader(Buffer.from(bytes)), want))

const seed = announceSeed('proxy header')

test(`PROXY header: what is whole is incomplete in every part before (seed ${seed})`, () => {
  for (const { bytes } of CASES) {
    const whole = Buffer.from(bytes)
    const read = readProxyHeader(whole)
    const end = read.kind === 'whole' ? read.length : 0
    for (let length = 0; length < end; length++)
      assert.equal(readProxyHeader(whole.subarray(0, length)).kind, 'incomplete', `${length} of ${end}`)
  }
})

test(`PROXY header: any octets give an answer, and one that is due once the bound is passed (seed ${seed})`, () => {
  const starts = fc.constantFrom('', 'PROXY ', 'PROXY TCP4 ', '\r\n\r\n\0\r\nQUIT\n', '\r\n\r\n\0\r\nQUIT\n!')
  fc.assert(
    fc.property(starts, fc.uint8Array({ maxLength: 200 }), (start, rest) => {
      const bytes = Buffer.concat([Buffer.from(start, 'latin1'), rest])
      const read = readProxyHeader(bytes)
      if (read.kind === 'whole') assert.ok(read.length <= bytes.length)
      const padded = readProxyHeader(Buffer.concat([bytes, Buffer.alloc(16 + 4096)]))
      assert.notEqual(padded.kind, 'incomplete')
    }),
    { seed, numRuns: 2000 },
  )
})
