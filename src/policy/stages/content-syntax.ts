// SPDX-License-Identifier: Apache-2.0
/**
 * Octets that do not belong into a message: CR or LF alone (RFC 5321 §2.3.8: another server may read them as line
 * ends, which is how messages are smuggled), NUL, and bytes over 127 in the header of a message sent without SMTPUTF8.
 */
import { reply } from '../../smtp/reply.ts'
import { channelConfig } from '../channels.ts'
import { Usual, usual } from '../saying.ts'
import type { ContentContext, Stage } from '../stage.ts'

export const bareNewlines: Stage<ContentContext> = {
  name: 'bare newlines',
  decides: 'CR and LF only as CRLF',
  reference: 'RFC 5321 §2.3.8 and §4.1.1.4',
  judge({ revision, source, content }) {
    const channel = channelConfig(revision, source)
    const by = revision.where('channels', source, 'bareNewlines')
    const bare = content.bareCr + content.bareLf
    if (bare === 0) return usual(by)
    if ('bareNewlines' in channel && channel.bareNewlines === 'normalise')
      return { verdict: { do: 'pass' }, by, note: `${bare} bare CR or LF turned into CRLF` }
    const text = 'Message contains bare CR or LF; lines must end in CRLF'
    return {
      verdict: { do: 'refuse', reply: reply(554, '6.0', text) },
      by,
      note: `${content.bareCr} CR, ${content.bareLf} LF`,
    }
  },
}

export const nulOctets: Stage<ContentContext> = {
  name: 'NUL octets',
  decides: 'NUL in content',
  reference: 'RFC 5322 §4.5.1; RFC 6152 §3',
  judge({ revision, source, content }) {
    const channel = channelConfig(revision, source)
    const by = revision.where('channels', source, 'nul')
    const passes = 'nul' in channel && channel.nul === 'pass'
    if (!content.hasNul || passes) return usual(by)
    return { verdict: { do: 'refuse', reply: reply(554, '6.0', 'Message contains NUL octets') }, by }
  },
}

const HEADER_RULE = { by: 'protocol', rule: 'RFC 5322 §2.2' } as const
const AS_IT_SHOULD_BE = new Usual(HEADER_RULE)
const AS_RECEIVED = new Usual(HEADER_RULE, 'octets over 127 in the header without SMTPUTF8; passed on as received')

export const utf8Header: Stage<ContentContext> = {
  name: 'header octets',
  decides: 'what becomes of octets over 127 in a header sent without SMTPUTF8',
  reference: 'RFC 6531 §3.6, RFC 5322 §2.2',
  judge(context) {
    // Deviates from RFC 5322 §2.2: such headers are common and harmless; refusing them would lose mail people want.
    return context.content.eightBitHeader && !context.smtputf8 ? AS_RECEIVED : AS_IT_SHOULD_BE
  },
}
