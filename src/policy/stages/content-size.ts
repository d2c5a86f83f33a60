// SPDX-License-Identifier: Apache-2.0
/**
 * Is the message too large for us or for where it goes, as declared (RFC 1870 §6.1) or as received (§6.2); has it too
 * many lines; is its header too large? Over SMTP one recipient behind a channel that cannot take the message refuses
 * it for all: the alternative is a notification to a sender who may be forged. Clients that declare the size hear it
 * at RCPT, for that recipient alone.
 */
import type { ChannelName } from '../../envelope/channel-name.ts'
import { type Reply, reply } from '../../smtp/reply.ts'
import type { Tightened } from '../access/tightened.ts'
import {
  Bound,
  blocksExceeded,
  channelBound,
  destinationBound,
  inOctets,
  linesExceeded,
  siteBound,
  tightest,
} from '../channel-limits.ts'
import { ofChannel, ofRevision } from '../channels.ts'
import { Usual } from '../saying.ts'
import type { ContentContext, MailContext, RcptContext, SessionContext, Stage, StageResult } from '../stage.ts'

interface SizeBound {
  /** Octets. */
  readonly bytes: number
  readonly by: Bound['by']
  readonly refusal: Reply
  /** Who declares no size passes. */
  readonly undeclared: Usual
}

const sizeOf = ofChannel((revision, source) => sizeBound({ revision, source }))

/** The largest message this session may send, the setting that says so, and what is said of a larger one. */
export const sizeLimit = (context: SessionContext & { readonly tightened?: Tightened }): SizeBound =>
  context.tightened === undefined ? sizeOf(context.revision, context.source) : sizeBound(context)

function sizeBound(context: Parameters<typeof channelBound>[0]): SizeBound {
  const site = siteBound(context, 'messageSize')
  const blocks = tightest(
    inOctets(context, siteBound(context, 'blockLimit')),
    inOctets(context, channelBound(context, 'sourceBlockLimit')),
  )
  const { max: bytes, by } = tightest(site, blocks)
  const refusal =
    bytes === blocks.max ? blocksExceeded(bytes) : reply(552, '3.4', `Message larger than ${bytes} octets`) // RFC 1870 §6.1 and §6.2
  return { bytes, by, refusal, undeclared: new Usual(by, sizeNote(0, bytes)) }
}

const sizeNote = (size: number, bytes: number): string => `${size} of ${bytes} octets`

function verdictOn(context: SessionContext, size: number): StageResult<never> {
  const { bytes, by, refusal } = sizeLimit(context)
  const note = sizeNote(size, bytes)
  return { verdict: size <= bytes ? { do: 'pass' } : { do: 'refuse', reply: refusal }, by, note }
}

export const declaredSize: Stage<MailContext> = {
  name: 'declared size',
  decides: 'is the message too large by its own account',
  reference: 'RFC 1870 §6.1',
  judge(context) {
    return context.declaredSize === 0 ? sizeLimit(context).undeclared : verdictOn(context, context.declaredSize)
  },
}

export const declaredSizeAtDestination: Stage<RcptContext> = {
  name: 'declared size for the destination',
  decides: 'is the message too large, by its own account, for where this recipient is',
  reference: 'RFC 1870 §6.1; spec access-control.md 8, blocklimit',
  judge(context) {
    const bound = blocksOf(context, context.becomes ?? [])
    if (context.declaredSize <= bound.max) return bound.passes
    return { verdict: { do: 'refuse', reply: blocksExceeded(bound.max) }, by: bound.by }
  },
}

export const contentSize: Stage<ContentContext> = {
  name: 'message size',
  decides: 'is the message too large',
  reference: 'RFC 1870 §6.2; spec access-control.md 8, sourceblocklimit, BLOCK_LIMIT',
  judge(context) {
    return verdictOn(context, context.content.size)
  },
}

export const sizeAtDestination: Stage<ContentContext> = {
  name: 'size for the destination',
  decides: 'is the message too large, or has it too many lines, for where it goes',
  reference: 'spec access-control.md 8, blocklimit, linelimit, LINE_LIMIT',
  judge(context) {
    const { content, recipients } = context
    const bytes = blocksOf(context, recipients)
    if (content.size > bytes.max)
      return {
        verdict: { do: 'refuse', reply: blocksExceeded(bytes.max) },
        by: bytes.by,
        note: `${content.size} octets`,
      }
    let lines = siteBound(context, 'lineLimit')
    for (const { channel } of recipients) lines = tightest(lines, destinationBound(context, channel, 'lineLimit'))
    const note = `${content.lines} lines`
    if (content.lines > lines.max)
      return { verdict: { do: 'refuse', reply: linesExceeded(lines.max) }, by: lines.by, note }
    return { verdict: { do: 'pass' }, by: bytes.by, note }
  },
}

export const headerSize: Stage<ContentContext> = {
  name: 'header size',
  decides: 'is the header too large',
  reference: 'design 7',
  judge(context) {
    const { max, by, passes } = siteBound(context, 'headerSize')
    if (context.content.headerSize <= max) return passes
    return { verdict: { do: 'refuse', reply: reply(552, '3.4', `Header larger than ${max} octets`) }, by }
  },
}

/** The smallest blocklimit of the channels these recipients are behind, in octets. */
function blocksOf(context: SessionContext, recipients: readonly { readonly channel: ChannelName }[]): Bound {
  let smallest = noLimit(context.revision)
  for (const { channel } of recipients) smallest = tightest(smallest, blocksBehind(context.revision, channel))
  return smallest
}

const noLimit = ofRevision((revision) => new Bound(undefined, revision.where('limits', 'messageSize')))
const blocksBehind = ofChannel((revision, channel) =>
  inOctets({ revision }, destinationBound({ revision }, channel, 'blockLimit')),
)
