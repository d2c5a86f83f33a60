// SPDX-License-Identifier: Apache-2.0
/** Proves: every probe of spec access-control.md 2 to the character, with every option field, and its input flags. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ChannelName } from '../../envelope/channel-name.ts'
import type { RcptContext } from '../stage.ts'
import { contextOf, mailAddress, revisionOf } from './fixture.ts'
import type { RecipientTable } from './options.ts'
import { fromProbe, listProbe, portProbe, recipientFlags, recipientProbe, sessionFlags } from './probes.ts'

const KIM = { login: 'kim', addresses: [mailAddress('kim@example.org'), mailAddress('k@example.org')] }
const TLS = { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' }
const PORT = 'TCP|192.0.2.10|25|198.51.100.7|50344'
const IMS = 'ims-ms' as ChannelName

const given = (access: Readonly<Record<string, unknown>>, more: Partial<RcptContext> = {}): RcptContext =>
  contextOf(revisionOf({ access }), more)

test('spec access-control.md 2.1: PORT_ACCESS', () => {
  assert.equal(portProbe(given({})), PORT)
  const six = given({}, { client: { address: '2001:db8::7', port: 1 }, server: { address: '2001:db8::1', port: 25 } })
  assert.equal(portProbe(six), 'TCP|2001:db8::1|25|2001:db8::7|1')
})

const from: readonly (readonly [what: string, context: RcptContext, probe: string])[] = [
  ['the worked example', given({}), `${PORT}|SMTP/mx.example.net|MAIL|tcp_local|kim@example.net|`],
  [
    'under TLS',
    given({}, { tls: TLS }),
    `${PORT}|SMTP/TLSv1.3-TLS_AES_256_GCM_SHA384/mx.example.net|MAIL|tcp_local|kim@example.net|`,
  ],
  [
    'signed in',
    given({}, { account: KIM }),
    `${PORT}|SMTP/mx.example.net|MAIL|tcp_local|kim@example.net|kim@example.org`,
  ],
  ['the null sender', given({}, { reversePath: null }), `${PORT}|SMTP/mx.example.net|MAIL|tcp_local||`],
  [
    'after switching',
    given({}, { source: 'tcp_intranet' as ChannelName }),
    `${PORT}|SMTP/mx.example.net|MAIL|tcp_intranet|kim@example.net|`,
  ],
  ['over LMTP', given({}, { service: 'lmtp' }), `${PORT}|LMTP/mx.example.net|MAIL|tcp_local|kim@example.net|`],
  [
    'USE_AUTH_RETURN',
    given({ useAuthReturn: 32 }, { account: KIM }),
    `${PORT}|SMTP/mx.example.net|MAIL|tcp_local|kim@example.org|kim@example.org`,
  ],
]
for (const [what, context, probe] of from)
  test(`spec access-control.md 2.2: FROM_ACCESS, ${what}`, () => assert.equal(fromProbe(context).text, probe))

test('spec access-control.md 2.2: without HELO the application stands alone', () => {
  const { helo: _, ...context } = given({})
  assert.equal(fromProbe(context).text, `${PORT}|SMTP|MAIL|tcp_local|kim@example.net|`)
})

test('spec access-control.md 2.2: mail that no client brings has blank fields', () => {
  const { revision, reversePath } = given({})
  const of = { revision, reversePath, source: 'process' as ChannelName }
  assert.equal(fromProbe(of).text, '||MAIL|process|kim@example.net|')
  const to = { ...of, given: 'lee@b.test', accepted: [], presented: 0 }
  const target = { channel: IMS, address: mailAddress('lee@b.test'), tags: [] }
  assert.equal(recipientProbe('MAIL_ACCESS', to, target).text, '||MAIL|process|kim@example.net|ims-ms|lee@b.test')
  assert.equal(recipientProbe('SEND_ACCESS', to, target).text, 'process|kim@example.net|ims-ms|lee@b.test')
})

const A = mailAddress('kim@a.test')
const SECOND: Partial<RcptContext> = {
  reversePath: A,
  presented: 1,
  accepted: [{ index: 0, address: mailAddress('x@b.test'), given: 'x@b.test', channel: IMS }],
}
const SEND = 'tcp_local|kim@a.test|ims-ms|lee@b.test'
const MAIL = `${PORT}|SMTP/mx.example.net|MAIL|${SEND}`

const rows: readonly {
  readonly what: string
  readonly table: RecipientTable
  readonly access?: Readonly<Record<string, unknown>>
  readonly more?: Partial<RcptContext>
  readonly tags?: readonly string[]
  readonly probe: string
}[] = [
  { what: '2.3 SEND_ACCESS', table: 'SEND_ACCESS', probe: SEND },
  { what: '2.3 ORIG_SEND_ACCESS', table: 'ORIG_SEND_ACCESS', probe: SEND },
  { what: '2.4 MAIL_ACCESS', table: 'MAIL_ACCESS', probe: MAIL },
  { what: '2.4 ORIG_MAIL_ACCESS', table: 'ORIG_MAIL_ACCESS', probe: MAIL },
  {
    what: '2.5 the worked example',
    table: 'ORIG_SEND_ACCESS',
    access: { orcpt: 2, counts: 2, conversionTags: 8 },
    tags: ['GOLD'],
    probe: `${SEND}|rfc822;lee@b.test|2/1/|GOLD`,
  },
  {
    what: '2.5 an original recipient',
    table: 'MAIL_ACCESS',
    access: { orcpt: 16 },
    more: { orcpt: { type: 'utf-8', address: 'list@c.test' } },
    probe: `${MAIL}|utf-8;list@c.test`,
  },
  {
    what: '2.5 ACCESS_AUTH',
    table: 'SEND_ACCESS',
    access: { auth: 4, counts: 1, conversionTags: 16 },
    more: { account: KIM },
    tags: ['a', 'b'],
    probe: `${SEND}|2/1/|kim@example.org|a,b`,
  },
  {
    what: '2.5 bit 0 is all four',
    table: 'ORIG_MAIL_ACCESS',
    access: { orcpt: 1, counts: 1, auth: 1 },
    probe: `${MAIL}|rfc822;lee@b.test|2/1/|`,
  },
  {
    what: '2.5 the bits of others',
    table: 'SEND_ACCESS',
    access: { orcpt: 26, counts: 26, auth: 26, conversionTags: 111 },
    probe: SEND,
  },
  { what: '2.5 no tags', table: 'MAIL_ACCESS', access: { conversionTags: 64 }, probe: `${MAIL}|` },
  {
    what: '2.2 USE_AUTH_RETURN',
    table: 'SEND_ACCESS',
    access: { useAuthReturn: 4 },
    more: { account: KIM },
    probe: 'tcp_local|kim@example.org|ims-ms|lee@b.test',
  },
  { what: '2.2 USE_AUTH_RETURN without a sign-in', table: 'SEND_ACCESS', access: { useAuthReturn: 4 }, probe: SEND },
  {
    what: '2.2 USE_ORIG_RETURN',
    table: 'SEND_ACCESS',
    access: { useOrigReturn: 1 },
    more: { typedReversePath: null },
    probe: 'tcp_local||ims-ms|lee@b.test',
  },
  {
    what: '2.3 the mapped sender',
    table: 'SEND_ACCESS',
    more: { typedReversePath: mailAddress('z@z.test') },
    probe: SEND,
  },
]
for (const { what, table, access = {}, more = {}, tags = [], probe } of rows)
  test(`spec access-control.md ${what}`, () => {
    const context = given(access, { ...SECOND, ...more })
    const built = recipientProbe(table, context, { channel: IMS, address: mailAddress('lee@b.test'), tags })
    assert.equal(built.text, probe)
    assert.equal(built.forged, false)
  })

test('spec access-control.md 2.5, MAPPING_PARANOIA: bars of strangers', () => {
  const hostile: Partial<RcptContext> = {
    reversePath: mailAddress('a|tcp_auth|x@e.test'),
    helo: 'h|i',
    orcpt: { type: 'rfc822', address: 'o|p@e.test' },
  }
  const target = { channel: IMS, address: mailAddress('l|m@b.test'), tags: [] }
  const open = recipientProbe('MAIL_ACCESS', given({ orcpt: 1 }, hostile), target)
  assert.equal(open.text, `${PORT}|SMTP/h|i|MAIL|tcp_local|a|tcp_auth|x@e.test|ims-ms|l|m@b.test|rfc822;o|p@e.test`)
  assert.equal(open.forged, true)
  const safe = recipientProbe('MAIL_ACCESS', given({ orcpt: 1, paranoia: 33 }, hostile), target)
  assert.equal(safe.text, `${PORT}|SMTP/h!i|MAIL|tcp_local|a!tcp_auth!x@e.test|ims-ms|l!m@b.test|rfc822;o!p@e.test`)
  assert.equal(safe.forged, false)
})

test('spec access-control.md 11: mailing lists', () => {
  assert.equal(listProbe(given({}), false).text, 'kim@example.net')
  assert.equal(listProbe(given({}), true).text, `${PORT}|SMTP/mx.example.net|kim@example.net`)
})

test('spec mapping-tables.md 6: input flags', () => {
  const { esmtp: _, ...plain } = given({})
  assert.equal(sessionFlags(plain), '')
  assert.equal(recipientFlags(plain), '')
  assert.equal(sessionFlags(given({}, { account: KIM, tls: TLS })), 'AT')
  const all = given({}, { account: KIM, tls: TLS, service: 'lmtp', notify: ['success', 'failure', 'delay'] })
  assert.equal(recipientFlags(all), 'ATELSFD')
  assert.equal(recipientFlags(given({}, { notify: 'never' })), 'E')
})
