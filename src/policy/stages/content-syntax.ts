// SPDX-License-Identifier: Apache-2.0
/**
 * Octets that do not belong into a message: CR or LF alone (RFC 5321 §2.3.8: another server may read them as line
 * ends, which is how messages are smuggled), NUL, and bytes over 127 in the header of a message sent without SMTPUTF8.
 */
import { reply } from '../../smtp/reply.ts'
import { channelConfig, ofChannel } from '../channels.ts'
import { Usual } from '../saying.ts'
import type { ContentContext, Stage } from '../stage.ts'

const newlineRule = ofChannel((revision, source) => {
  const channel = channelConfig(revision, source)
  const by = revision.where('channels', source, 'bareNewlines')
  return { normalise: 'bareNewlines' in channel && channel.bareNewlines === 'normalise', by, passes: new Usual(by) }
})

const nulRule = ofChannel((revision, source) => {
  const channel = channelConfig(revision, source)
  const by = revision.where('channels', source, 'nul')
  return { allowed: 'nul' in channel && channel.nul === 'pass', by, passes: new Usual(by) }
})

export const bareNewlines: Stage<ContentContext> = {
  name: 'bare newlines',
  decides: 'CR and LF only as CRLF',
  reference: 'RFC 5321 §2.3.8 and §4.1.1.4',
  judge({ revision, source, content }) {
    const { normalise, by, passes } = newlineRule(revision, source)
    const bare = content.bareCr + content.bareLf
    if (bare === 0) return passes
    if (normalise) return { verdict: { do: 'pass' }, by, note: `${bare} bare CR or LF turned into CRLF` }
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
    const { allowed, by, passes } = nulRule(revision, source)
    if (!content.hasNul || allowed) return passes
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
