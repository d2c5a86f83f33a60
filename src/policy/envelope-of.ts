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
  const { client, server, session, helo, tls, account } = context
  const origin: Origin = {
    session,
    client,
    server,
    protocol: protocolOf(context),
    ...(helo === undefined ? {} : { helo }),
    ...(tls === undefined ? {} : { tls }),
    ...(account === undefined ? {} : { login: account.login }),
  }
  return {
    id: context.id,
    reversePath: context.reversePath,
    receivedAt: context.receivedAt,
    source: context.source,
    origin,
    revision: context.revision.id,
    smtputf8: context.smtputf8,
    body: context.body === '8bit' || context.content.eightBitBody || context.content.eightBitHeader ? '8bit' : '7bit',
    size: context.content.size,
    edits: context.edits,
    recipients:
      discardRule === undefined
        ? context.recipients
        : context.recipients.map((recipient) => ({ ...recipient, channel: BITBUCKET, via: discardRule })),
    ...(context.ret === undefined ? {} : { ret: context.ret }),
    ...(context.envid === undefined ? {} : { envid: context.envid }),
    ...askedFor(context),
    ...(context.hold === undefined ? {} : { hold: context.hold }),
  }
}

const askedFor = ({ carried }: ContentContext): Pick<Envelope, 'asked'> =>
  carried === undefined || Object.keys(carried.asked).length === 0 ? {} : { asked: carried.asked }
