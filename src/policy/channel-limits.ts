// SPDX-License-Identifier: Apache-2.0
/**
 * The limits that channels set, in one table: the historical keyword, when it is judged, what the client hears, and
 * whether the session ends with it (spec access-control.md 8). The stages in stages/*-limits.ts judge them; the bounds
 * of the session itself (bad commands, failed sign-ins, times) are in smtp-server/limits.ts.
 *
 * What the documents leave open, and what is done here; nowhere else depends on it:
 * - "n" means n are allowed and the next one is too many, for the disconnect keywords too. RSET is no next one: the
 *   session ends at RSET once n transactions have begun, for then the next MAIL would end it.
 * - recipientlimit, disconnectrecipientlimit and holdlimit count RCPT commands that were accepted; recipientcutoff
 *   counts all. Refused recipients are those refused for good: what was put off may well be right.
 * - The code of a size refusal is 552; linelimit answers as blocklimit does.
 * - The two other disconnect replies and the one of deferralrejectlimit follow the shape of the documented ones.
 */
import type { DecidedBy } from '../ask/decided-by.ts'
import type { Revision } from '../config/revision.ts'
import type { Limits } from '../config/schema.ts'
import type { ChannelConfigOf } from '../config/schema-channels.ts'
import type { ChannelName } from '../envelope/channel-name.ts'
import { type Reply, reply } from '../smtp/reply.ts'
import type { Tightened } from './access/tightened.ts'
import { channelConfig, ofChannel, ofRevision } from './channels.ts'
import { ERROR_TEXT } from './error-texts.ts'
import { Usual } from './saying.ts'
import type { SessionContext } from './stage.ts'

export interface ChannelLimit {
  readonly keyword: string
  readonly judgedAt: 'MAIL' | 'MAIL and RSET' | 'RCPT' | 'DATA and BDAT' | 'content'
  readonly reason: string
  readonly closes?: true
}

export const CHANNEL_LIMITS = {
  transactionLimit: {
    keyword: 'transactionlimit',
    judgedAt: 'MAIL',
    reason: 'One session must not bring mail without end.',
    reply: reply(450, '5.3', ERROR_TEXT.TRANSACTION_LIMIT_EXCEEDED),
  },
  allowTransactionsPerSession: {
    keyword: 'ALLOW_TRANSACTIONS_PER_SESSION',
    judgedAt: 'MAIL', // or RCPT, with transactionLimitRcptTo
    reason: 'The same; senders that go on after a refused MAIL are stopped at RCPT.',
    reply: reply(451, '5.3', 'No more transactions allowed'),
  },
  disconnectTransactionLimit: {
    keyword: 'disconnecttransactionlimit',
    judgedAt: 'MAIL and RSET',
    reason: 'A place for a connection comes back.',
    reply: reply(450, '7.0', 'Session transaction limit reached; disconnecting'),
    closes: true,
  },
  disconnectRecipientLimit: {
    keyword: 'disconnectrecipientlimit',
    judgedAt: 'MAIL and RSET',
    reason: 'Mail to very many people comes from few senders, most of them unwelcome.',
    reply: reply(450, '7.0', 'Session recipient limit reached; disconnecting'),
    closes: true,
  },
  disconnectRejectLimit: {
    keyword: 'disconnectrejectlimit',
    judgedAt: 'MAIL and RSET',
    reason: 'Guessing addresses must not be cheap.',
    reply: reply(450, '7.0', 'Session limit of refused recipients reached; disconnecting'),
    closes: true,
  },
  deferralRejectLimit: {
    keyword: 'deferralrejectlimit',
    judgedAt: 'RCPT',
    reason: 'Who guesses addresses learns nothing more; who does not comes again.',
    reply: reply(450, '7.0', 'Too many refused recipients, try again later'),
  },
  recipientLimit: {
    keyword: 'recipientlimit',
    judgedAt: 'RCPT',
    reason: 'A message to very many goes in several transactions (RFC 5321 §4.5.3.1.10).',
    // The enhanced code is the documented one; RFC 5321 §4.5.3.1.10 has only the 452.
    reply: reply(452, '2.3', ERROR_TEXT.RECIPIENT_OVER),
  },
  recipientCutoff: {
    keyword: 'recipientcutoff',
    judgedAt: 'DATA and BDAT',
    reason: 'What is shown to that many addresses, right or wrong, is for none of them.',
    reply: reply(451, '4.5', 'Error ending envelope - Too many recipients specified'),
  },
} as const satisfies Record<string, ChannelLimit & { readonly reply: Reply }>

/** With bit 4 of USE_PERMANENT_ERROR. The class of the enhanced code stays 4: so it is documented. */
export const RECIPIENT_LIMIT_PERMANENT: Reply = { ...reply(550, '2.3', ERROR_TEXT.RECIPIENT_OVER), class: 4 }

/** blocklimit, sourceblocklimit, BLOCK_LIMIT. @param bytes the limit in octets */
export const blocksExceeded = (bytes: number): Reply =>
  reply(552, '2.3', ERROR_TEXT.BLOCK_OVER(Math.floor(bytes / 1024)))
/** linelimit, LINE_LIMIT. */
export const linesExceeded = (lines: number): Reply => reply(552, '2.3', ERROR_TEXT.LINE_OVER(lines))
/** rejectsmtplonglines */
export const LONG_LINES_REFUSED: Reply = reply(
  550,
  '6.0',
  'lines longer than SMTP allows encountered; message rejected',
)

type SourceChannel = ChannelConfigOf<'tcp' | 'lmtp' | 'local'>
type NumbersOf<C> = { [K in keyof C]-?: number extends C[K] ? K : never }[keyof C]
/** Limits of a source channel that are a number or not set. */
export type SourceLimitName = Extract<NumbersOf<SourceChannel>, `${string}Limit` | `${string}Cutoff` | `allow${string}`>
export type DestinationLimitName = 'blockLimit' | 'lineLimit'

/** A limit as it stands for somebody: how many are allowed (`Infinity` where nobody set it), and what says so. */
export class Bound {
  readonly max: number
  readonly by: DecidedBy
  /** What is not too much passes. */
  readonly passes: Usual

  constructor(max: number | undefined, by: DecidedBy) {
    this.max = max ?? Number.POSITIVE_INFINITY
    this.by = by
    this.passes = new Usual(by)
  }
}

type Bounds = Partial<Record<string, Bound>>
/** Each is looked up in the configuration once. */
const kept = {
  source: ofChannel((): Bounds => ({})),
  destination: ofChannel((): Bounds => ({})),
  site: ofRevision((): Bounds => ({})),
}

/** What the channel a session is on says. */
export function channelBound(
  { revision, source, tightened }: Pick<SessionContext, 'revision' | 'source'> & { readonly tightened?: Tightened },
  name: SourceLimitName,
): Bound {
  const bounds = kept.source(revision, source)
  bounds[name] ??= sourceBound(revision, source, name)
  const bound = bounds[name]
  const less = tightened?.limits[name as keyof Tightened['limits']]
  return tightened === undefined || less === undefined || less >= bound.max ? bound : new Bound(less, tightened.by)
}

function sourceBound(revision: Revision, source: ChannelName, name: SourceLimitName): Bound {
  const channel = channelConfig(revision, source)
  return new Bound('longLines' in channel ? channel[name] : undefined, revision.where('channels', source, name))
}

/** What a channel that mail leaves through says. */
export function destinationBound(
  { revision }: Pick<SessionContext, 'revision'>,
  destination: ChannelName,
  name: DestinationLimitName,
): Bound {
  const bounds = kept.destination(revision, destination)
  bounds[name] ??= leavingBound(revision, destination, name)
  return bounds[name]
}

function leavingBound(revision: Revision, destination: ChannelName, name: DestinationLimitName): Bound {
  const channel = channelConfig(revision, destination)
  const max = 'blockLimit' in channel || 'lineLimit' in channel ? channel[name] : undefined
  return new Bound(max, revision.where('channels', destination, name))
}

/** What `limits` says for everybody. */
export function siteBound(
  { revision }: Pick<SessionContext, 'revision'>,
  name: keyof Limits & NumbersOf<Limits>,
): Bound {
  const bounds = kept.site(revision)
  bounds[name] ??= new Bound(revision.config.limits[name], revision.where('limits', name))
  return bounds[name]
}

/** The one that bites first. */
export const tightest = (first: Bound, second: Bound): Bound => (second.max < first.max ? second : first)

/** A limit in blocks as one in octets. */
export const inOctets = ({ revision }: Pick<SessionContext, 'revision'>, { max, by }: Bound): Bound =>
  new Bound(max * revision.config.limits.blockSize, by)
