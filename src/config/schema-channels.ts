// SPDX-License-Identifier: Apache-2.0
/**
 * Channels in the configuration: named instances of a kind, source and destination alike (design 3). The stock names
 * are there without being written, so that a site's tables match.
 */

import { isIP } from 'node:net'
import { z } from 'zod'
import type { ChannelKind } from '../envelope/channel-name.ts'
import { parseNextHop } from './names.ts'
import { destinationLimits, remoteLimits, sourceLimits } from './schema-channel-limits.ts'
import { destinationFilters, sourceFilters } from './schema-filters.ts'
import { patience } from './schema-patience.ts'
import { duration, rule } from './units.ts'

/** What any channel may say about mail that comes from it, and about switching (spec access-control.md 6.2). */
const asSource = {
  sasl: z
    .enum(['none', 'may', 'must'])
    .default('none')
    .describe(
      'Sign-in with AUTH on this channel: not offered, offered, or required before MAIL FROM (nosaslserver, maysaslserver, mustsaslserver).',
    ),
  saslSwitchChannel: z
    .string()
    .optional()
    .describe('The channel a session moves to after a successful sign-in (saslswitchchannel).'),
  tlsSwitchChannel: z.string().optional().describe('The channel a session moves to after STARTTLS (tlsswitchchannel).'),
  switchChannel: z
    .boolean()
    .default(false)
    .describe(
      'Let a session that starts on this channel move to tcp_intranet when the client is in networks.own (switchchannel).',
    ),
  clientName: z
    .enum(['full', 'limited', 'symbolic', 'numeric'])
    .default('full')
    .describe(
      'The name of the client in reverse DNS, in Received:. `full`, `limited`: with its address. `symbolic`: the name alone where there is one. `numeric`: the address alone, nobody is asked (identnone, identnonelimited, identnonesymbolic, identnonenumeric).',
    ),
  forwardCheck: z
    .enum(['none', 'tag', 'delete'])
    .default('none')
    .describe(
      'A name that does not lead back to the address: is taken as it is, gets a `*`, or is dropped (forwardchecknone, forwardchecktag, forwardcheckdelete).',
    ),
  mailFromDnsVerify: z
    .boolean()
    .default(false)
    .describe(
      'Refuse senders whose domain has neither MX nor address records in DNS; who cannot be looked up is told to try later (mailfromdnsverify).',
    ),
  bareNewlines: z
    .enum(['reject', 'normalise'])
    .default('reject')
    .describe(
      'What becomes of a CR without LF, or LF without CR, in message content: refuse the message, or turn each into CRLF. Neither ever ends a command or the message.',
    ),
  authRewrite: z
    .boolean()
    .default(false)
    .describe(
      'Let FROM_ACCESS replace the Sender: of messages that come through this channel, with `$K` (authrewrite).',
    ),
  nul: z.enum(['reject', 'pass']).default('reject').describe('What becomes of NUL octets in message content.'),
  ...sourceFilters,
  ...sourceLimits,
}

/** What any channel may say about mail that leaves through it. */
const asDestination = {
  relay: z
    .enum(['never', 'by-table'])
    .default('never')
    .describe(
      'Whether a mapping table may let strangers send through this channel (design 2.10). `never`: no table can.',
    ),
  concurrency: z.int().min(1).max(10_000).default(20).describe('Deliveries at one time through this channel.'),
  perDestination: z.int().min(1).max(1000).default(5).describe('Deliveries at one time to one domain or next hop.'),
  ...destinationFilters,
}

const NEXT_HOP = rule('bad-next-hop', 'expected `host`, `host:port`, `[address]` or `[address]:port`')

const kind = <K extends ChannelKind>(name: K) =>
  z.literal(name).describe('What the channel is made of; may be left out where a stock channel of this name is one.')

const tls = z.enum(['never', 'opportunistic', 'required'])

const tcp = z
  .strictObject({
    kind: kind('tcp'),
    ...asSource,
    ...asDestination,
    ...destinationLimits,
    ...remoteLimits,
    port: z.int().min(1).max(65_535).default(25).describe('The port of the next hop where a route names none.'),
    smarthost: z
      .string()
      .refine((text) => parseNextHop(text) !== undefined, NEXT_HOP)
      .optional()
      .describe('Send everything to this host, `[address]` or `host:port`, instead of asking for MX records.'),
    login: z
      .strictObject({
        user: z.string().describe('Login name at the next hop.'),
        passwordFile: z
          .string()
          .describe('File that holds the password, relative to this directory; never the password itself.'),
      })
      .optional()
      .describe('Sign in at the smart host with AUTH; only over TLS, unless the host is a loopback address.'),
    tls: tls
      .default('opportunistic')
      .describe(
        'STARTTLS towards the next hop. `opportunistic`: when offered, without checking the certificate. `required`: always, certificate checked, else try later.',
      ),
    tlsCa: z
      .string()
      .optional()
      .describe('File of CA certificates (PEM) to check next hops with, instead of the system’s.'),
    bindAddress: z
      .string()
      .refine((text) => isIP(text) !== 0, rule('bad-address', 'expected an IP address'))
      .optional()
      .describe('Local address to connect from.'),
    addressFamilies: z
      .array(z.enum(['ipv4', 'ipv6']))
      .min(1)
      .default(['ipv6', 'ipv4'])
      .describe('Which addresses of a next hop to use, and which first.'),
    connectTimeout: duration('30s').describe('Time allowed for one connection attempt.'),
    reuse: z.int().min(1).max(10_000).default(100).describe('Messages over one connection at most.'),
    idle: duration('5s').describe('How long an idle connection is kept for the next message.'),
    ...patience,
  })
  .describe('SMTP to other systems.')

const lmtp = z
  .strictObject({
    kind: kind('lmtp'),
    ...asSource,
    ...asDestination,
    ...destinationLimits,
    ...remoteLimits,
    host: z
      .string()
      .refine(
        (text) => parseNextHop(text)?.port !== undefined,
        rule('bad-next-hop', 'expected `host:port` or `[address]:port`'),
      )
      .optional()
      .describe('The LMTP server: `host:port` or `[address]:port`.'),
    socket: z.string().optional().describe('The LMTP server’s UNIX socket, instead of host.'),
    address: z
      .enum(['full', 'local-part'])
      .default('full')
      .describe('How recipients are named to it: `user@domain`, or the local part alone.'),
    connectTimeout: duration('10s').describe('Time allowed for the connection.'),
    reuse: z.int().min(1).max(10_000).default(100).describe('Messages over one connection at most.'),
    idle: duration('5s').describe('How long an idle connection is kept.'),
    ...patience,
  })
  .describe('LMTP to a message store, RFC 2033.')

const maildir = z
  .strictObject({
    kind: kind('maildir'),
    ...asDestination,
    ...destinationLimits,
    path: z
      .string()
      .default('{domain}/{user}')
      .describe(
        'Folder of a user’s Maildir below server.mailboxes; {user} and {domain} stand for the parts of the address.',
      ),
    subaddressFolders: z
      .boolean()
      .default(true)
      .describe('Deliver user+folder@domain into the folder of that name (Maildir++), where it exists.'),
    createFolders: z.boolean().default(false).describe('Make the folder of a subaddress when it is missing.'),
    specialUse: z
      .record(z.string().regex(/^\\[A-Za-z][A-Za-z0-9_-]{0,63}$/), z.string().min(1).max(200))
      .default({ '\\Drafts': 'Drafts', '\\Junk': 'Junk', '\\Sent': 'Sent', '\\Trash': 'Trash' })
      .describe(
        'Folders by their attributes (RFC 6154), as scripts ask for them with `:specialuse`; say the same as `special_use` of Dovecot.',
      ),
    keywords: z
      .boolean()
      .default(true)
      .describe(
        'Keep keywords that scripts set, as Dovecot does (dovecot-keywords); false where Dovecot keeps its control files elsewhere.',
      ),
    overQuota: z
      .enum(['hold', 'return', 'deliver'])
      .default('hold')
      .describe(
        'Mail for a user whose mailbox is full: senders try again later and what is queued waits (holdexquota); it is refused (noexquota); it is delivered all the same (exquota).',
      ),
  })
  .describe('Maildir mailboxes on this machine.')

const local = z
  .strictObject({
    kind: kind('local'),
    ...asSource,
    ...asDestination,
    store: z.string().default('ims-ms').describe('The channel that keeps the mailboxes of local users.'),
    subaddress: z
      .string()
      .length(1)
      .or(z.literal(''))
      .default('+')
      .describe('The character that separates a user from a subaddress; empty for none.'),
  })
  .describe('Local addresses until aliases are expanded.')

const pipe = z
  .strictObject({
    kind: kind('pipe'),
    ...asDestination,
    ...destinationLimits,
    command: z
      .array(z.string())
      .min(1)
      .optional()
      .describe(
        'Program and arguments for every message; {user} {domain} {sender} {recipient} are replaced inside an argument. Never a shell. Without it, the alias that leads here names the program.',
      ),
    allow: z.array(z.string()).default([]).describe('Absolute paths of programs that aliases may name.'),
    timeout: duration('2m').describe('A program that runs longer is killed; the message is tried again later.'),
    user: z.string().optional().describe('Account to run as; only when the server runs as root.'),
  })
  .describe('Programs that take a message on standard input.')

const hold = z
  .strictObject({ kind: kind('hold'), ...asDestination })
  .describe('Keeps messages until an operator decides.')
const bitbucket = z
  .strictObject({ kind: kind('bitbucket'), ...asDestination })
  .describe('Throws messages away, and says so in the ledger.')

export const ChannelSchema = z.discriminatedUnion('kind', [tcp, lmtp, maildir, local, pipe, hold, bitbucket])

export type ChannelConfig = z.output<typeof ChannelSchema>
export type ChannelConfigOf<K extends ChannelConfig['kind']> = Extract<ChannelConfig, { readonly kind: K }>

/** The stock channels, as a file would write them. What a site writes under the same name replaces the keys it names. */
export const STOCK_CHANNELS = {
  tcp_local: { kind: 'tcp', switchChannel: true, sasl: 'may', saslSwitchChannel: 'tcp_auth' },
  tcp_intranet: { kind: 'tcp', sasl: 'may', saslSwitchChannel: 'tcp_auth' },
  tcp_submit: { kind: 'tcp', sasl: 'must', saslSwitchChannel: 'tcp_auth' },
  tcp_auth: { kind: 'tcp', sasl: 'must' },
  tcp_lmtpss: { kind: 'tcp' },
  l: { kind: 'local' },
  'ims-ms': { kind: 'maildir' },
  pipe: { kind: 'pipe' },
  hold: { kind: 'hold' },
  bitbucket: { kind: 'bitbucket' },
} as const satisfies Record<string, z.input<typeof ChannelSchema>>
