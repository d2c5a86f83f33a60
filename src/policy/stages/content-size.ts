// SPDX-License-Identifier: Apache-2.0
/** Is the message too large, as declared (RFC 1870 §6.1) or as received (§6.2)? */
import type { DecidedBy } from '../../ask/decided-by.ts'
import { reply } from '../../smtp/reply.ts'
import { channelConfig } from '../channels.ts'
import type { ContentContext, MailContext, SessionContext, Stage, Verdict } from '../stage.ts'

/** The largest message this session may send, in octets, and the setting that says so. */
export function sizeLimit({ revision, source }: SessionContext): { readonly bytes: number; readonly by: DecidedBy } {
  const channel = channelConfig(revision, source)
  const ofChannel = 'sourceSizeLimit' in channel ? channel.sourceSizeLimit : 0
  const ofServer = revision.config.limits.messageSize
  if (ofChannel > 0 && ofChannel < ofServer)
    return { bytes: ofChannel, by: revision.where('channels', source, 'sourceSizeLimit') }
  return { bytes: ofServer, by: revision.where('limits', 'messageSize') }
}

const verdictOn = (size: number, limit: number): Verdict =>
  size <= limit ? { do: 'pass' } : { do: 'refuse', reply: reply(552, '3.4', `Message larger than ${limit} octets`) } // RFC 1870 §6.1 and §6.2

export const declaredSize: Stage<MailContext> = {
  name: 'declared size',
  decides: 'is the message too large by its own account',
  reference: 'RFC 1870 §6.1',
  *run(context) {
    const { bytes, by } = sizeLimit(context)
    return { verdict: verdictOn(context.declaredSize, bytes), by }
  },
}

export const contentSize: Stage<ContentContext> = {
  name: 'message size',
  decides: 'is the message too large',
  reference: 'RFC 1870 §6.2; spec access-control.md 8, sourceblocklimit',
  *run(context) {
    const { bytes, by } = sizeLimit(context)
    return { verdict: verdictOn(context.content.size, bytes), by, note: `${context.content.size} octets` }
  },
}

export const headerSize: Stage<ContentContext> = {
  name: 'header size',
  decides: 'is the header too large',
  reference: 'design 7',
  *run({ revision, content }) {
    const limit = revision.config.limits.headerSize
    const by = revision.where('limits', 'headerSize')
    if (content.headerSize <= limit) return { verdict: { do: 'pass' }, by }
    return { verdict: { do: 'refuse', reply: reply(552, '3.4', `Header larger than ${limit} octets`) }, by }
  },
}
