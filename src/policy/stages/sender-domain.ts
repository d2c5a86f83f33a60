// SPDX-License-Identifier: Apache-2.0
/** A channel may take mail only from senders whose domain is in DNS, so that a notice could reach them. */
import { domainOf } from '../../address/address.ts'
import { asciiDomain } from '../../address/domain.ts'
import { type Asking, ask } from '../../ask/ask.ts'
import type { DnsLookup, DnsType } from '../../ask/lookup.ts'
import { reply } from '../../smtp/reply.ts'
import { channelConfig, ofChannel } from '../channels.ts'
import { Usual } from '../saying.ts'
import type { MailContext, Stage, StageResult } from '../stage.ts'

/** RFC 5321 §5.1: where mail for a domain goes is said by MX, or else by an address. */
const TYPES = ['MX', 'A', 'AAAA'] as const

const rule = ofChannel((revision, source) => {
  const channel = channelConfig(revision, source)
  const by = revision.where('channels', source, 'mailFromDnsVerify')
  return { asked: 'mailFromDnsVerify' in channel && channel.mailFromDnsVerify, by, passes: new Usual(by) }
})

export const senderDomain: Stage<MailContext> = {
  name: 'sender domain',
  decides: 'is the domain of the sender in DNS',
  reference: 'spec access-control.md 7, mailfromdnsverify; RFC 5321 §5.1, RFC 7505',
  judge({ revision, source, reversePath }) {
    const { asked, passes } = rule(revision, source)
    return asked && reversePath !== null ? undefined : passes
  },
  *run({ revision, source, reversePath }) {
    const { by, passes } = rule(revision, source)
    if (reversePath === null) return passes
    const domain = domainOf(reversePath)
    // An address literal needs no DNS, and says itself where a notice goes.
    if (domain.startsWith('[')) return { verdict: { do: 'pass' }, by, note: `${domain} is an address` }
    return { ...(yield* judgeDomain(asciiDomain(domain) ?? domain)), by }
  },
}

function* judgeDomain(name: string): Asking<Pick<StageResult<MailContext>, 'verdict' | 'note'>> {
  let cause: string | undefined
  for (const type of TYPES) {
    const answer = yield* lookUp(name, type)
    if (answer.kind === 'found') {
      if (type !== 'MX' || answer.records.some((record) => hasExchange(record)))
        return { verdict: { do: 'pass' }, note: `${name} has ${type} records` }
      const refused = reply(550, '7.27', 'Sender address has null MX') // RFC 7505 §4.2
      return { verdict: { do: 'refuse', reply: refused }, note: `${name} has the null MX` }
    }
    // RFC 8020: nothing is below a name that is not there.
    if (answer.kind === 'absent' && answer.why === 'nxdomain') break
    if (answer.kind === 'defer') cause ??= answer.cause
  }
  if (cause !== undefined)
    return {
      verdict: {
        do: 'refuse',
        reply: reply(451, '4.3', 'The domain of the sender cannot be looked up now; try later'),
      },
      note: `${name}: ${cause}`,
    }
  // RFC 3463 X.1.8
  const refused = reply(550, '1.8', 'invalid/host-not-in-DNS return address not allowed')
  return { verdict: { do: 'refuse', reply: refused }, note: `${name} is not in DNS` }
}

const lookUp = (name: string, type: DnsType): Asking<DnsLookup> => ask({ ask: 'dns', name, type })

const hasExchange = (record: unknown): boolean =>
  typeof record === 'object' && record !== null && 'exchange' in record && record.exchange !== ''
