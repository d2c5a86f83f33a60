// SPDX-License-Identifier: Apache-2.0
/** Proves: each keyword of spec access-control.md 9, with names that lead back and names that do not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Asking, drive, type Host } from '../../ask/ask.ts'
import type { DnsLookup } from '../../ask/lookup.ts'
import { contextOf, revisionOf } from '../access/fixture.ts'
import type { SessionContext, StageResult } from '../stage.ts'
import { clientName } from './client-name.ts'

type Answers = Readonly<Record<string, readonly string[] | undefined>>

async function named(channel: Readonly<Record<string, unknown>>, answers: Answers, address = '192.0.2.7') {
  const revision = revisionOf({ channels: { tcp_local: channel } })
  const context = contextOf(revision, { client: { address, port: 40_000 } })
  const asked: string[] = []
  const dns = ({ name, type, withinMs }: { name: string; type: string; withinMs?: number }): DnsLookup => {
    assert.ok(withinMs !== undefined && withinMs <= 2000)
    asked.push(`${type} ${name}`)
    if (!(name in answers)) return { kind: 'absent', why: 'nxdomain', ttlSeconds: 60 }
    const records = answers[name]
    if (records === undefined) return { kind: 'defer', cause: 'no name server answers' }
    return { kind: 'found', records: [...records], ttlSeconds: 60, authentic: false }
  }
  const asking = clientName.run?.(context) as Asking<StageResult<SessionContext>>
  const { verdict, context: after } = await drive(asking, { dns } as unknown as Host)
  assert.equal(verdict.do, 'pass')
  return { name: after?.clientName, asked }
}

const PTR = '7.2.0.192.in-addr.arpa'
const GOOD: Answers = { [PTR]: ['mx.example.net'], 'mx.example.net': ['192.0.2.7', '192.0.2.8'] }
const LIE: Answers = { [PTR]: ['mail.bank.example'], 'mail.bank.example': ['203.0.113.1'] }
const HALF: Answers = { [PTR]: ['mx.example.net'], 'mx.example.net': undefined }

for (const { channel, answers, name, asks } of [
  { channel: {}, answers: GOOD, name: 'mx.example.net', asks: 1 },
  { channel: {}, answers: LIE, name: 'mail.bank.example', asks: 1 },
  { channel: { clientName: 'numeric', forwardCheck: 'tag' }, answers: GOOD, name: undefined, asks: 0 },
  { channel: { clientName: 'symbolic' }, answers: GOOD, name: 'mx.example.net', asks: 1 },
  { channel: { forwardCheck: 'tag' }, answers: GOOD, name: 'mx.example.net', asks: 2 },
  { channel: { forwardCheck: 'tag' }, answers: LIE, name: 'mail.bank.example*', asks: 2 },
  { channel: { forwardCheck: 'tag' }, answers: HALF, name: 'mx.example.net*', asks: 2 },
  { channel: { forwardCheck: 'delete' }, answers: GOOD, name: 'mx.example.net', asks: 2 },
  { channel: { forwardCheck: 'delete' }, answers: LIE, name: undefined, asks: 2 },
  { channel: {}, answers: {}, name: undefined, asks: 1 },
  { channel: {}, answers: { [PTR]: undefined }, name: undefined, asks: 1 },
  { channel: {}, answers: { [PTR]: ['not a name', 'a(b).example', 'ok.example'] }, name: 'ok.example', asks: 1 },
])
  test(`${JSON.stringify(channel)}, ${JSON.stringify(answers)}: ${name}`, async () => {
    const found = await named(channel, answers)
    assert.deepEqual([found.name, found.asked.length], [name, asks])
  })

test('an IPv6 client, and a mapped one', async () => {
  const six = `${'8.'.repeat(1)}${'0.'.repeat(23)}8.b.d.0.1.0.0.2.ip6.arpa`
  const answers = { [six]: ['six.example'], 'six.example': ['2001:DB8:0::8'] }
  const found = await named({ forwardCheck: 'delete' }, answers, '2001:db8::8')
  assert.deepEqual(found, { name: 'six.example', asked: [`PTR ${six}`, 'AAAA six.example'] })
  assert.equal((await named({ forwardCheck: 'delete' }, GOOD, '::ffff:192.0.2.7')).name, 'mx.example.net')
})

test('nobody is asked about this machine itself', async () => {
  assert.deepEqual(await named({}, {}, '127.0.0.1'), { name: undefined, asked: [] })
})
