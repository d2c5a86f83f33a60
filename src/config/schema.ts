// SPDX-License-Identifier: Apache-2.0
/**
 * postern.yaml: what may stand in it, with defaults and a description of every key. Unknown keys are refused. The
 * JSON Schema for editors (`postern schema`), the settings reference and the types come from here.
 */

import { isIP } from 'node:net'
import { z } from 'zod'
import { isAddressAndPort, isDomainPattern, isHostname, parseNextHop } from './names.ts'
import { access } from './schema-access.ts'
import { loopLimits, siteLimits } from './schema-channel-limits.ts'
import { ChannelSchema } from './schema-channels.ts'
import { dnsListSettings } from './schema-dns-lists.ts'
import { filterSettings } from './schema-filters.ts'
import { ldap } from './schema-ldap.ts'
import { managesieve } from './schema-managesieve.ts'
import { pressureLimits } from './schema-pressure.ts'
import { srs } from './schema-srs.ts'
import { stateSettings } from './schema-state.ts'
import { duration, durationText, networkText, parseDurationMs, rule, size } from './units.ts'

const isAddress = (text: string): boolean => isIP(text) !== 0
const NEXT_HOP = rule('bad-next-hop', 'expected `host`, `host:port`, `[address]` or `[address]:port`')
const ADDRESS = rule('bad-address', 'expected an IP address such as 192.0.2.1, 2001:db8::1 or ::')

/** Clients give up on a greeting after 5 minutes (RFC 5321 §4.5.3.2.1); a place is held all that time. */
const MAX_GREETING_WAIT_MS = 60_000

const server = z
  .strictObject({
    hostname: z
      .string()
      .refine(isHostname, rule('bad-hostname', 'expected a host name such as mail.example.org'))
      .describe('The name this server greets with and puts into Received: fields.'),
    spool: z.string().default('spool').describe('Folder of the queue, the history and the embedded directory.'),
    mailboxes: z.string().default('mailboxes').describe('Folder that Maildir channels keep mailboxes in.'),
    control: z
      .string()
      .default('control.sock')
      .describe('UNIX socket for the command line, readable by this account alone.'),
    postmaster: z
      .string()
      .default('postmaster')
      .describe(
        'Where mail for postmaster of any local domain goes when the directory names nobody: a local part or an address. Never refused (RFC 5321 §4.5.1).',
      ),
    workers: z
      .union([z.literal('auto'), z.int().min(0).max(256)])
      .default('auto')
      .describe(
        'Processes that take in and deliver mail. `auto`: one for each processor. 0: everything in one process.',
      ),
    hungAfter: duration('30s').describe('A worker that has not answered for so long is killed and replaced.'),
    user: z
      .string()
      .optional()
      .describe(
        'Account to go on as once the ports are bound: a name of /etc/passwd, or `uid:gid`. Needs workers, and a start as root.',
      ),
  })
  .describe('The server itself. Folders and files are relative to the configuration directory.')

const listener = z.strictObject({
  service: z
    .enum(['smtp', 'submission', 'submissions', 'lmtp'])
    .describe(
      'smtp: from other systems. submission: from users, STARTTLS. submissions: from users, TLS from the first octet. lmtp: from a gateway, RFC 2033.',
    ),
  address: z
    .string()
    .refine(isAddress, ADDRESS)
    .default('::')
    .describe('Address to listen on; `::` is all, IPv4 included.'),
  port: z.int().min(0).max(65_535).describe('Port to listen on; 0 lets the system choose.'),
  channel: z
    .string()
    .optional()
    .describe(
      'The channel sessions start on. Default: tcp_local for smtp, tcp_submit for submission and submissions, tcp_lmtpss for lmtp.',
    ),
  proxies: z
    .array(networkText())
    .default([])
    .describe(
      'Load balancers, addresses or networks, whose connections begin with a PROXY header (version 1 or 2) that names the real client. Nobody else’s header is believed.',
    ),
})

const tls = z
  .strictObject({
    certificate: z.string().describe('File with the certificate and its chain, PEM.'),
    key: z.string().describe('File with the private key, PEM.'),
    minVersion: z.enum(['TLSv1.2', 'TLSv1.3']).default('TLSv1.2').describe('Oldest TLS version accepted.'),
  })
  .describe('The server’s certificate. Without it there is no STARTTLS, and submissions cannot be listened on.')

const networks = z
  .strictObject({
    own: z
      .array(networkText())
      .default([])
      .describe(
        'Addresses and networks (192.0.2.0/24, 2001:db8::/32) that count as inside: their sessions move to tcp_intranet and may relay. Where there is a mapping table INTERNAL_IP, that says it instead.',
      ),
  })
  .describe('Who counts as inside.')

const sasl = z
  .strictObject({
    mechanisms: z
      .array(z.enum(['PLAIN', 'LOGIN', 'SCRAM-SHA-256']))
      .default(['SCRAM-SHA-256', 'PLAIN', 'LOGIN'])
      .describe('Mechanisms offered, in this order.'),
    plaintextOnLoopback: z
      .boolean()
      .default(false)
      .describe('Offer PLAIN and LOGIN without TLS to clients on a loopback address.'),
  })
  .describe('Sign-in with AUTH, RFC 4954.')

const route = z.strictObject({
  domain: z
    .string()
    .refine(isDomainPattern, rule('bad-domain', 'expected a domain, `.domain` or `*`'))
    .describe('A domain; `.example.org` for everything below it; `*` for all.'),
  channel: z.string().describe('The channel for it.'),
  via: z
    .string()
    .refine((text) => parseNextHop(text) !== undefined, NEXT_HOP)
    .optional()
    .describe('Next hop instead of its MX records: `host`, `[address]`, with `:port` if needed.'),
})

const greetingDelay = z.strictObject({
  clients: z.array(networkText()).min(1).describe('Addresses and networks.'),
  wait: duration('5s')
    .refine((ms) => ms <= MAX_GREETING_WAIT_MS, rule('bad-duration', 'expected at most 1m'))
    .describe('How long the greeting is held back; at most 1m. 0s looks without waiting.'),
  earlyTalkers: z
    .enum(['note', 'refuse'])
    .default('note')
    .describe('What becomes of a client that speaks before the greeting: noted in its traces, or refused with 554.'),
})

const limits = z
  .strictObject({
    messageSize: size('50MiB').describe('Largest message, told to clients with SIZE (RFC 1870).'),
    recipients: z
      .int()
      .min(100)
      .default(1000)
      .describe('Recipients of one message, refused ones included; RFC 5321 §4.5.3.1.8 asks for at least 100.'),
    transactions: z.int().min(1).default(1000).describe('Messages in one session.'),
    badCommands: z.int().min(1).default(20).describe('Bad commands in one session before it is closed.'),
    emptyCommands: z
      .int()
      .min(1)
      .default(200)
      .describe(
        'Commands that bring no message forward (NOOP, RSET, VRFY, HELP, HELO and its kin, empty BDAT) in one session since its last message, before it is closed.',
      ),
    refusedRecipients: z
      .int()
      .min(1)
      .default(100)
      .describe('Recipients refused for good in one session before it is closed.'),
    failedAuth: z.int().min(1).default(3).describe('Failed sign-ins in one session before it is closed.'),
    commandLine: z
      .int()
      .min(512)
      .max(65_536)
      .default(4096)
      .describe('Octets of a command line (RFC 5321 §4.5.3.1.4 asks for 512, extensions for more).'),
    authLine: z
      .int()
      .min(1024)
      .max(65_536)
      .default(12_288)
      .describe('Octets of one line of an AUTH exchange, RFC 4954 §4.'),
    headerSize: size('1MiB').describe('Octets of a message’s header.'),
    ...loopLimits,
    connections: z.int().min(1).default(1000).describe('Connections at one time.'),
    connectionsPerAddress: z.int().min(1).default(50).describe('Connections at one time from one address.'),
    connectionsPerNetwork: z
      .int()
      .min(1)
      .default(200)
      .describe('Connections at one time from one network: the /24 of an IPv4 address, the /56 of an IPv6 address.'),
    connectionsPerMinute: z
      .int()
      .min(0)
      .default(0)
      .describe('New connections from one address in a minute; 0 for no limit.'),
    ...pressureLimits,
    commandTimeout: duration('5m').describe('Wait for the next command, RFC 5321 §4.5.3.2.7.'),
    dataTimeout: duration('3m').describe('Wait for the next piece of content, RFC 5321 §4.5.3.2.5.'),
    aliasDepth: z.int().min(1).max(100).default(20).describe('Nesting of aliases and groups.'),
    expansion: z.int().min(1).default(10_000).describe('Recipients that one address may expand into.'),
    ...siteLimits,
    greetingDelay: z
      .array(greetingDelay)
      .default([])
      .describe('Clients that are kept waiting for the greeting; the first entry that fits counts.'),
  })
  .describe('Bounds on what strangers may ask of this server.')

const ownMail = z
  .strictObject({
    window: duration('1h')
      .refine((ms) => ms > 0, rule('bad-duration', 'expected a time longer than 0ms'))
      .describe('The time in which the messages of the other settings are counted, from the first one on.'),
    perOwner: z
      .int()
      .min(0)
      .default(100)
      .describe('Replies, notifications and reports that the scripts of one owner may have sent.'),
    perAddress: z
      .int()
      .min(0)
      .default(100)
      .describe('The same that one address may get, whoever’s scripts ask for them.'),
    total: z
      .int()
      .min(0)
      .default(10_000)
      .describe('The same of all owners together; delivery notices count, and are never kept back for it.'),
    noticesPerAddress: z
      .int()
      .min(0)
      .default(1000)
      .describe('Delivery notices that one sender may get: so many of failures, of delays and of successes each.'),
  })
  .describe(
    'Mail that this server makes itself. What is over is not sent; `postern explain ID` of the message shows it.',
  )

const queue = z
  .strictObject({
    retry: z
      .array(durationText())
      .min(1)
      .default(['5m', '10m', '20m', '40m', '1h', '2h', '3h', '4h'])
      .describe('Waits between attempts; the last one repeats. Each is spread by up to a tenth.'),
    attempt: duration('2h').describe(
      'Longest attempt through any channel, whatever its own limits; a second more for each 4 KiB, two minutes for each further recipient.',
    ),
    expire: duration('5d').describe('A message not delivered after this time comes back to its sender.'),
    expireNotices: duration('2d').describe('The same for messages with the null sender, which nobody gets back.'),
    delayNotice: duration('4h').describe('A delay notification goes out after this time; 0s for never.'),
    noticeContent: size('50KiB').describe(
      'Largest message returned whole in a notification; of larger ones the header (RFC 3461 §4.3).',
    ),
    ownMail: ownMail.prefault({}),
  })
  /** `retryMs`: the waits of `retry` in milliseconds. */
  .transform((given) => ({ ...given, retryMs: given.retry.map((text) => parseDurationMs(text) ?? 0) }))
  .describe('The queue.')

const dns = z
  .strictObject({
    servers: z
      .array(
        z
          .string()
          .refine(isAddressAndPort, rule('bad-address', 'expected `address`, `address:port` or `[address]:port`')),
      )
      .default([])
      .describe('Name servers, `address` or `address:port`; empty for the system’s.'),
    timeout: duration('10s').describe('Time for one look-up, all tries included.'),
    cacheEntries: z.int().min(0).default(10_000).describe('Answers kept in memory.'),
  })
  .describe('Look-ups.')

const directory = z
  .strictObject({
    aliases: z.string().default('aliases').describe('Alias file, relative to this directory; may be missing.'),
    ldap: ldap.optional(),
  })
  .describe(
    'Users, domains and aliases: the alias file, then the embedded directory (`postern user`, `domain`, `alias`) or LDAP.',
  )

const history = z
  .strictObject({
    keep: duration('30d').describe('How long traces are kept.'),
    size: size('1GiB').describe('Disk space for traces; the oldest go first.'),
  })
  .describe('Traces of past messages.')

const monitor = z
  .strictObject({
    address: z
      .string()
      .refine(isAddress, ADDRESS)
      .default('127.0.0.1')
      .describe('Address of the metrics and health port.'),
    port: z
      .int()
      .min(0)
      .max(65_535)
      .optional()
      .describe('Port for /metrics (Prometheus) and /health; without it there is none.'),
    log: z
      .enum(['debug', 'info', 'warn', 'error'])
      .default('info')
      .describe(
        'Least severe event that is logged. Logs are JSON lines on standard error, gathered for a twentieth of a second; warnings and errors go at once.',
      ),
  })
  .describe('Metrics, health and logs.')

export const ConfigSchema = z.strictObject({
  server,
  listeners: z
    .record(z.string().regex(/^[a-z][a-z0-9-]*$/), listener)
    .describe('Ports to listen on, by a name of your choice.'),
  tls: tls.optional(),
  networks: networks.prefault({}),
  sasl: sasl.prefault({}),
  channels: z
    .record(z.string(), ChannelSchema)
    .prefault({})
    .describe('Channels. The stock channels are there without being named; what is written here is added to them.'),
  routes: z
    .array(route)
    .default([])
    .describe(
      'Where domains that are not ours go. The first that fits counts; without one, tcp_local and the domain’s MX records.',
    ),
  access: access.prefault({}),
  limits: limits.prefault({}),
  queue: queue.prefault({}),
  srs: srs.optional(),
  dns: dns.prefault({}),
  dnsLists: dnsListSettings.prefault({}),
  state: stateSettings.prefault({}),
  directory: directory.prefault({}),
  filters: filterSettings.prefault({}),
  managesieve: managesieve.prefault({}),
  history: history.prefault({}),
  monitor: monitor.prefault({}),
})

/** The whole configuration, defaults filled in, stock channels merged in. */
export type Config = z.output<typeof ConfigSchema>
export type ListenerConfig = Config['listeners'][string]
export type Limits = Config['limits']
