// SPDX-License-Identifier: Apache-2.0
/** `managesieve`: the port where people's mail programs edit their filters, RFC 5804. */
import { isIP } from 'node:net'
import { z } from 'zod'
import { duration, rule, size } from './units.ts'

/** RFC 5804 §1.2 and its model RFC 3501 §5.4: who is signed in may be silent for half an hour. */
const LEAST_IDLE_MS = 1_800_000
/** A directory keeps 64 KiB of a rule and 256 KiB of a person (directory/rule-store.ts), the comment with its name included. */
const MAX_SCRIPT_OCTETS = 64_512

const listener = z.strictObject({
  address: z
    .string()
    .refine(
      (text) => isIP(text) !== 0,
      rule('bad-address', 'expected an IP address such as 192.0.2.1, 2001:db8::1 or ::'),
    )
    .default('::')
    .describe('Address to listen on; `::` is all, IPv4 included.'),
  port: z.int().min(0).max(65_535).default(4190).describe('Port to listen on; 0 lets the system choose.'),
})

export const managesieve = z
  .strictObject({
    listeners: z
      .record(z.string().regex(/^[a-z][a-z0-9-]*$/), listener)
      .default({})
      .describe('Ports to listen on, by a name of your choice. Without one there is no ManageSieve.'),
    requireTls: z
      .boolean()
      .default(true)
      .describe(
        'Nobody signs in without TLS, whatever the mechanism. With `sasl.plaintextOnLoopback`, clients on a loopback address may.',
      ),
    scripts: z.int().min(1).max(1000).default(32).describe('Scripts of one person.'),
    scriptSize: size('32KiB')
      .refine((octets) => octets >= 1024 && octets <= MAX_SCRIPT_OCTETS, rule('bad-size', 'expected 1KiB to 63KiB'))
      .describe('Octets of one script; 63KiB at most. All scripts of a person together have 256KiB.'),
    connections: z.int().min(1).default(500).describe('Connections at one time.'),
    connectionsPerAddress: z.int().min(1).default(20).describe('Connections at one time from one address.'),
    connectionsPerNetwork: z
      .int()
      .min(1)
      .default(100)
      .describe('Connections at one time from one network: the /24 of an IPv4 address, the /56 of an IPv6 address.'),
    connectionsPerMinute: z
      .int()
      .min(0)
      .default(60)
      .describe('New connections from one address in a minute; 0 for no limit.'),
    signInTimeout: duration('2m').describe('Time for a client to sign in, from its connection on.'),
    idleTimeout: duration('30m')
      .refine((ms) => ms >= LEAST_IDLE_MS, rule('bad-duration', 'expected at least 30m'))
      .describe('Wait for the next whole command of who is signed in; at least 30m.'),
    failureDelay: duration('2s').describe(
      'Wait before a failed sign-in is answered; it doubles, triples and so on with each further one of a session.',
    ),
  })
  .describe(
    'ManageSieve, RFC 5804: people edit their filters with their mail program. Sign-in is that of `sasl`; `limits.failedAuth` and `limits.badCommands` hold here too.',
  )
