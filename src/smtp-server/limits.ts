// SPDX-License-Identifier: Apache-2.0
/**
 * Every bound of a session in one table: which setting holds it, why it is there, and what the client hears. The
 * values are those of `limits` in the configuration (config/schema.ts), for two of them the smaller one of the channel.
 * Spec access-control.md 8: "n" means n are allowed, the next one triggers; a close always follows its reply. Limits
 * that are a verdict on mail (recipients, transactions, sizes) are stages (policy/stages.ts); their table is
 * policy/channel-limits.ts.
 */
import { type Bound, channelBound, type SourceLimitName, siteBound, tightest } from '../policy/channel-limits.ts'
import type { SessionContext, SessionCounts } from '../policy/stage.ts'
import { type Reply, reply } from '../smtp/reply.ts'

/** Settings of `limits` that are a number. */
type NumberSetting = Parameters<typeof siteBound>[1]

export interface Limit {
  /** The key under `limits` whose value counts. */
  readonly setting: NumberSetting
  /** The key of the session's channel that counts where it is smaller. */
  readonly channelSetting?: SourceLimitName
  readonly reason: string
  readonly reply: Reply
  readonly closes: boolean
}

export const LIMITS = {
  badCommands: {
    setting: 'badCommands',
    channelSetting: 'disconnectBadCommandLimit',
    reason: 'A client that talks nonsense is no mail client: a web browser, a scanner, an attack.',
    reply: reply(421, '7.0', 'Too many bad commands'), // RFC 5321 §3.8
    closes: true,
  },
  emptyCommands: {
    setting: 'emptyCommands',
    reason:
      'Commands that bring no message forward keep a session, and a place, for ever. A message starts the count anew.',
    reply: reply(421, '7.0', 'Too many commands without a message'),
    closes: true,
  },
  refusedRecipients: {
    setting: 'refusedRecipients',
    reason: 'Guessing addresses must not be cheap. Those refused for good count: what was put off may be right.',
    reply: reply(421, '7.0', 'Too many refused recipients'),
    closes: true,
  },
  presented: {
    setting: 'recipients',
    reason: 'RCPT commands without end, each put off, are work for nothing: see MAX_PRESENTED_FACTOR.',
    reply: reply(421, '7.0', 'Far too many recipients'),
    closes: true,
  },
  refusedSenders: {
    setting: 'badCommands',
    reason: 'MAIL after MAIL refused writes a trace each time and brings no mail.',
    reply: reply(421, '7.0', 'Too many refused transactions'),
    closes: true,
  },
  failedAuth: {
    setting: 'failedAuth',
    channelSetting: 'disconnectBadAuthLimit',
    reason:
      'Guessing passwords must not be cheap (RFC 4954 §4; disconnectbadauthlimit). The AUTH after the last allowed failure is not looked at.',
    reply: reply(421, '7.0', 'Too many failed sign-ins'),
    closes: true,
  },
  commandLine: {
    setting: 'commandLine',
    reason: 'Memory of a session (RFC 5321 §4.5.3.1.4). The rest of the line is read and dropped.',
    reply: reply(500, '5.2', 'Line too long'), // RFC 5321 §4.5.3.1.9
    closes: false,
  },
  authLine: {
    setting: 'authLine',
    reason: 'Memory of a session inside AUTH. The exchange ends.',
    reply: reply(500, '5.6', 'Authentication exchange line is too long'), // RFC 4954 §4
    closes: false,
  },
  commandTimeout: {
    setting: 'commandTimeout',
    reason:
      'An idle client holds a place that others need (RFC 5321 §4.5.3.2.7). Counts to the end of the line, so that single octets keep nothing open.',
    reply: reply(421, '4.2', 'Timeout waiting for a command'), // RFC 5321 §3.8
    closes: true,
  },
  dataTimeout: {
    setting: 'dataTimeout',
    reason: 'A stalled client holds a place and a draft (RFC 5321 §4.5.3.2.5). See MIN_OCTETS_PER_SECOND.',
    reply: reply(421, '4.2', 'Timeout waiting for content'),
    closes: true,
  },
  swallowed: {
    setting: 'messageSize',
    reason:
      'Content that is too large is read to its end so that the client hears the refusal, but not for ever: see MAX_SWALLOWED_FACTOR.',
    reply: reply(552, '3.4', 'Message far too large'), // RFC 1870 §6.2
    closes: true,
  },
  expansion: {
    setting: 'expansion',
    reason: 'Recipients of one message after expansion, all RCPT commands together: memory of a session.',
    reply: reply(452, '5.3', 'Too many recipients'), // RFC 5321 §4.5.3.1.10
    closes: false,
  },
} as const satisfies Record<string, Limit>

export type LimitName = keyof typeof LIMITS

/** How much is allowed to this session, and the setting that says so. */
export function boundOf(context: SessionContext, name: LimitName): Bound {
  const limit: Limit = LIMITS[name]
  const site = siteBound(context, limit.setting)
  return limit.channelSetting === undefined ? site : tightest(site, channelBound(context, limit.channelSetting))
}

/** Content slower than this over a whole `dataTimeout` is a stalled client: slower than any modem of the last decades. */
export const MIN_OCTETS_PER_SECOND = 1000
/** So many times `limits.recipients` may a client name in one message; the recipients over the limit hear 452. */
export const MAX_PRESENTED_FACTOR = 10
/** Content is read to its end up to this many times the largest message; beyond, the session closes. */
export const MAX_SWALLOWED_FACTOR = 4
/** RFC 5321 §4.5.3.1.2: a domain has at most 255 octets; a longer HELO name is no name. */
export const MAX_HELO_OCTETS = 255
/** A TLS handshake takes two round trips; one that takes this long is a stalled client. */
export const HANDSHAKE_TIMEOUT_MS = 30_000
/** After a close: time in which what still comes is dropped, so that the last reply is not lost to a reset. */
export const LINGER_MS = 2000

/** Counts that have a limit which ends the session at once. */
export type CountedLimit = LimitName & keyof SessionCounts
