// SPDX-License-Identifier: Apache-2.0
/** Proves: a server that listens everywhere knows each of its addresses as its own. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ownEndpoints } from './ourselves.ts'

const interfaces = (): ReturnType<typeof import('node:os').networkInterfaces> => ({
  lo: [at('127.0.0.1', 'IPv4'), at('::1', 'IPv6')],
  eth0: [at('192.0.2.1', 'IPv4'), at('2001:DB8::1', 'IPv6'), at('fe80::1', 'IPv6')],
  none: undefined,
})

function at(address: string, family: 'IPv4' | 'IPv6') {
  const common = { address, netmask: '', mac: '', internal: false, cidr: null }
  return family === 'IPv4' ? { ...common, family } : { ...common, family, scopeid: 0 }
}

for (const { address, want } of [
  { address: '192.0.2.7', want: ['192.0.2.7:25'] },
  { address: '2001:DB8:0::7', want: ['2001:db8::7:25'] },
  { address: '0.0.0.0', want: ['127.0.0.1:25', '192.0.2.1:25', '0.0.0.0:25'] },
  {
    address: '::',
    want: ['127.0.0.1:25', '::1:25', '192.0.2.1:25', '2001:db8::1:25', 'fe80::1:25', ':::25', '0.0.0.0:25'],
  },
])
  test(`listening on ${address}`, () => assert.deepEqual(ownEndpoints({ address, port: 25 }, interfaces), want))
