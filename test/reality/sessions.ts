// SPDX-License-Identifier: Apache-2.0
/** Random sessions and settings for a server of test/conversations/server-fixture.ts with three listeners. */
import type { Scenario } from '../../src/hypothetical/scenario.ts'
import type { FixtureOptions } from '../conversations/server-fixture.ts'
import type { Draw } from './draw.ts'

const CLIENTS = [
  '198.51.100.7',
  '198.51.100.200',
  '192.0.2.9',
  '127.0.0.9',
  '203.0.113.5',
  '2001:db8::7',
  '2001:db8:8000::7',
  '10.1.2.3',
]
const SENDERS = [
  '',
  's@example.net',
  'kim@example.net',
  'kim@example.org',
  'spam1@bulk.example',
  'a|b@example.net',
  '"a b"@example.net',
  'jürgen@example.net',
  'bad@@x',
  'x@y.example',
]
const RECIPIENTS = [
  'kim@example.org',
  'team@example.org',
  'lee@example.org',
  'zoe@example.org',
  'nobody@example.org',
  'kim+box@example.org',
  'far@example.com',
  'far@example.net',
  'jürgen@example.org',
  'postmaster',
  'a%b.example@example.org',
  '@relay.example:far@example.com',
  '"far@example.com"@example.org',
  'b.example!far@example.org',
  'far@[192.0.2.1]',
  'kim@example.org.',
  'away@example.org',
  'x@defer.example',
  'bad@@',
  'x|y@example.com',
]
const CONTENTS = [
  'Subject: x\r\n\r\n',
  'Subject: hello\r\n\r\nbody\r\n',
  `${'Received: from a by b\r\n'.repeat(60)}\r\n`,
  `Subject: long\r\n\r\n${'y'.repeat(2000)}\r\n`,
  '\r\n.\r\n..\r\n',
  'no header\r\n',
  `Subject: big\r\n\r\n${'line\r\n'.repeat(3000)}`,
]

/** Listeners by their names; the ports are chosen by the system. */
export const LISTENERS = ['mx', 'submit', 'lmtp'] as const

export function randomConfig(draw: Draw): NonNullable<FixtureOptions['config']> {
  const listener = (service: string): string =>
    `{ service: ${service}, address: 127.0.0.1, port: 0, proxies: [127.0.0.0/8] }`
  const maybe: (readonly [path: string, value: string])[] = [
    ['access.orcpt', String(draw.below(32))],
    ['access.counts', String(draw.below(32))],
    ['access.auth', String(draw.below(32))],
    ['access.conversionTags', String(draw.below(128))],
    ['access.paranoia', draw.of(['0', '47'])],
    ['access.useAuthReturn', String(draw.below(64))],
    ['access.useOrigReturn', String(draw.below(32))],
    ['access.errors', draw.of(['0', '1'])],
    ['access.failedLookups', draw.of(['go-on', 'defer'])],
    ['channels.tcp_local.relay', draw.of(['never', 'by-table'])],
    ['channels.tcp_local.sasl', draw.of(['none', 'may'])],
    ['channels.tcp_local.recipientLimit', '2'],
    ['channels.tcp_local.transactionLimit', '1'],
    ['channels.tcp_local.tlsSwitchChannel', 'tcp_intranet'],
    ['limits.messageSize', '4KiB'],
    ['networks.own', '[198.51.100.128/25, 10.0.0.0/8]'],
    ['routes', '[{ domain: example.com, channel: tcp_local, via: relay.example }]'],
  ]
  return [
    ['listeners', `{ mx: ${listener('smtp')}, submit: ${listener('submission')}, lmtp: ${listener('lmtp')} }`],
    ['access.maxDelay', '0s'],
    ...maybe.filter(() => draw.chance(0.3)),
  ]
}

export function randomScenario(draw: Draw): Scenario {
  const ip = draw.of(CLIENTS)
  const listener = draw.of(['mx', 'mx', 'mx', 'submit', 'submit', 'lmtp'])
  return {
    ip,
    listener,
    serverIp: ip.includes(':') ? '2001:db8::25' : '192.0.2.25',
    port: draw.of([25, 25, 587]),
    clientPort: 1024 + draw.below(60_000),
    to: Array.from({ length: draw.of([0, 1, 1, 1, 2, 3]) }, () => draw.of(RECIPIENTS)),
    from: draw.of(SENDERS),
    content: draw.of(CONTENTS),
    ...(draw.chance(0.7) ? { helo: draw.of(['mx.example.net', 'host', 'bad name', 'a|b']) } : {}),
    ...(draw.chance(0.3) ? { tls: true } : {}),
    ...(draw.chance(listener === 'submit' ? 0.7 : 0.15) ? { login: draw.of(['kim', 'kim', 'kim', 'mallory']) } : {}),
    ...(draw.chance(0.2)
      ? { mailParameters: draw.of(['SIZE=100', 'SIZE=99999999999', 'BODY=8BITMIME', 'RET=HDRS', 'NOPE']) }
      : {}),
  }
}
