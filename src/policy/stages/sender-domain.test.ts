// SPDX-License-Identifier: Apache-2.0
/** Proves: whose domain is in DNS passes, whose is not is refused, and who cannot be looked up is told to try later. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drive, type Host } from '../../ask/ask.ts'
import type { DnsLookup } from '../../ask/lookup.ts'
import type { ChannelName } from '../../envelope/channel-name.ts'
import { describeReply } from '../../smtp/reply.ts'
import { askStage, contextOf, mailAddress, revisionOf } from '../access/fixture.ts'
import { senderDomain } from './sender-domain.ts'

const revision = revisionOf({ channels: { tcp_local: { mailFromDnsVerify: true } } })

const some = { kind: 'found', ttlSeconds: 60, authentic: false } as const
const no = (why: 'nxdomain' | 'nodata'): DnsLookup => ({ kind: 'absent', why, ttlSeconds: 60 })
const NOT_NOW: DnsLookup = { kind: 'defer', cause: 'no name server answers' }

async function verdictOf(from: string | null, answers: Readonly<Record<string, DnsLookup>>, source = 'tcp_local') {
  const asked: string[] = []
  const dns = ({ name, type }: { readonly name: string; readonly type: string }): DnsLookup => {
    asked.push(`${name} ${type}`)
    return answers[type] ?? no('nodata')
  }
  const reversePath = from === null ? null : mailAddress(from)
  const context = contextOf(revision, { reversePath, source: source as ChannelName, smtputf8: true })
  const { verdict } = await drive(askStage(senderDomain, context), { dns } as unknown as Host)
  return { said: verdict.do === 'refuse' ? describeReply(verdict.reply) : verdict.do, asked }
}

const REFUSED = '550 5.1.8 invalid/host-not-in-DNS return address not allowed'
for (const { name, from, answers, said, asked } of [
  {
    name: 'an MX',
    from: 'kim@example.net',
    answers: { MX: { ...some, records: [{ preference: 1, exchange: 'mx.example.net' }] } },
    said: 'pass',
    asked: 1,
  },
  {
    name: 'an address alone',
    from: 'kim@example.net',
    answers: { A: { ...some, records: ['192.0.2.9'] } },
    said: 'pass',
    asked: 2,
  },
  {
    name: 'an IPv6 address alone',
    from: 'kim@example.net',
    answers: { AAAA: { ...some, records: ['2001:db8::1'] } },
    said: 'pass',
    asked: 3,
  },
  { name: 'nothing mail could go to', from: 'kim@example.net', answers: {}, said: REFUSED, asked: 3 },
  { name: 'no such name', from: 'kim@example.net', answers: { MX: no('nxdomain') }, said: REFUSED, asked: 1 },
  {
    name: 'the null MX',
    from: 'kim@example.net',
    answers: { MX: { ...some, records: [{ preference: 0, exchange: '' }] } },
    said: '550 5.7.27 Sender address has null MX',
    asked: 1,
  },
  {
    name: 'no answer',
    from: 'kim@example.net',
    answers: { MX: NOT_NOW, A: NOT_NOW },
    said: '451 4.4.3 The domain of the sender cannot be looked up now; try later',
    asked: 3,
  },
  {
    name: 'no answer about MX, but an address',
    from: 'kim@example.net',
    answers: { MX: NOT_NOW, A: { ...some, records: ['192.0.2.9'] } },
    said: 'pass',
    asked: 2,
  },
  { name: 'the null sender', from: null, answers: {}, said: 'pass', asked: 0 },
  { name: 'an address literal', from: 'kim@[192.0.2.9]', answers: {}, said: 'pass', asked: 0 },
] as const)
  test(`${name}: ${said}`, async () => {
    const result = await verdictOf(from, answers)
    assert.deepEqual([result.said, result.asked.length], [said, asked])
  })

test('U-labels are asked as A-labels', async () => {
  const { asked } = await verdictOf('kim@bücher.example', { MX: no('nxdomain') })
  assert.deepEqual(asked, ['xn--bcher-kva.example MX'])
})

test('channels that do not say so ask nothing', async () => {
  assert.deepEqual(await verdictOf('kim@example.net', {}, 'tcp_intranet'), { said: 'pass', asked: [] })
})
