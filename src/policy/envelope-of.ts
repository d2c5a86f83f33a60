// SPDX-License-Identifier: Apache-2.0
/** From what the stages left behind to the envelope that the queue keeps. */
import type { ChannelName } from '../envelope/channel-name.ts'
import type { Envelope, Origin } from '../envelope/envelope.ts'
import { protocolKeyword } from '../smtp/received.ts'
import type { ContentContext, MailContext } from './stage.ts'

const BITBUCKET = 'bitbucket' as ChannelName

/** RFC 3848 and RFC 6531 §4.3: the `with` keyword of this session.. */
export const protocolOf = ({ service, helo, esmtp, tls, account, smtputf8 }: MailContext): string =>
  protocolKeyword({
    service: service === 'lmtp' ? 'lmtp' : 'smtp',
    esmtp: esmtp && helo !== undefined,
    tls: tls !== undefined,
    auth: account !== undefined,
    smtputf8,
  })

/**
 * The envelope of an accepted message. With `discardRule` every recipient goes to the bitbucket channel, which names
 * the rule in the ledger: even what is thrown away is accounted for.
 */
export function envelopeOf(context: ContentContext, discardRule?: string): Envelope {
  const { content, recipients, ret, envid, hold, carried } = context
  const envelope: { -readonly [K in keyof Envelope]: Envelope[K] } = {
    id: context.id,
    reversePath: context.reversePath,
    receivedAt: context.receivedAt,
    source: context.source,
    origin: originOf(context),
    revision: context.revision.id,
    smtputf8: context.smtputf8,
    body: context.body === '8bit' || content.eightBitBody || content.eightBitHeader ? '8bit' : '7bit',
    size: content.size,
    edits: context.edits,
    recipients:
      discardRule === undefined
        ? recipients
        : recipients.map((recipient) => ({ ...recipient, channel: BITBUCKET, via: discardRule })),
  }
  if (ret !== undefined) envelope.ret = ret
  if (envid !== undefined) envelope.envid = envid
  if (carried !== undefined && Object.keys(carried.asked).length > 0) envelope.asked = carried.asked
  if (hold !== undefined) envelope.hold = hold
  return envelope
}

function originOf(context: ContentContext): Origin {
  const { client, server, session, helo, tls, account } = context
  const origin: { -readonly [K in keyof Origin]: Origin[K] } = {
    session,
    client,
    server,
    protocol: protocolOf(context),
  }
  if (helo !== undefined) origin.helo = helo
  if (tls !== undefined) origin.tls = tls
  if (account !== undefined) origin.login = account.login
  return origin
}
