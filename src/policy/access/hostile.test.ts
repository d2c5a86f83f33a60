// SPDX-License-Identifier: Apache-2.0
/**
 * Proves, for tables and sessions made up at random: no row and no address throws; whoever is neither inside nor signed in
 * reaches the outside only by a row with `$Y` and `relay: by-table`; and no reply, log line or header field has an end
 * that a stranger or a row put there.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { drive } from '../../ask/ask.ts'
import type { ChannelName } from '../../envelope/channel-name.ts'
import { loadMappings } from '../../mapping/index.ts'
import { formatReply } from '../../smtp/reply.ts'
import { runStages } from '../run-stages.ts'
import type { RcptContext } from '../stage.ts'
import { STAGES } from '../stages.ts'
import { contextOf, mailAddress, recordingHost, revisionOf } from './fixture.ts'

const SEED = 20261124
const TABLES = [
  'PORT_ACCESS',
  'FROM_ACCESS',
  'ORIG_SEND_ACCESS',
  'ORIG_MAIL_ACCESS',
  'SEND_ACCESS',
  'MAIL_ACCESS',
  'INTERNAL_IP',
]
const ADDRESSES = [
  'kim@example.net',
  'a|b@x.test',
  '"q|\\" x"@c.test',
  'far@c.test',
  'z%y@x.test',
  'ü@c.test',
  'tcp_auth|k@x.test',
]

const pattern = fc.array(
  fc.constantFrom(
    '*',
    '%',
    '|',
    'tcp_local',
    'TCP',
    'SMTP*',
    'MAIL',
    'far@',
    '$D*',
    '$A%',
    '@',
    'l',
    '$(198.51.100.0/24)',
    '.test',
  ),
  { minLength: 1, maxLength: 8 },
)
const template = fc.array(
  fc.constantFrom(
    '$Y',
    '$N',
    '$B',
    '$H',
    '$V',
    '$Z',
    '$!',
    '$U',
    '$J',
    '$K',
    '$I',
    '$<',
    '$>',
    '$D',
    '$T',
    '$A',
    '$G',
    '$M',
    '$S',
    '$X',
    '$,',
    '$C',
    '$R',
    '$E',
    '$L',
    '|',
    '$0',
    '$1',
    '$5',
    '-5',
    '30',
    '5.7.1',
    'X-A:$ b',
    'k@d.test',
    'no',
    '$:A',
    '$;T',
    '$^',
    '$|INTERNAL_IP;$0|',
    '421$ x',
    '||',
  ),
  { maxLength: 10 },
)
const row = fc.tuple(pattern, template).map(([p, t]) => `  ${p.join('')} ${t.join('')}\n`)
const table = fc.array(row, { maxLength: 4 })
const site = fc.tuple(...TABLES.map(() => fc.option(table)))

test(`random tables and sessions; seed ${SEED}`, () => {
  fc.assert(
    fc.property(
      site,
      fc.constantFrom(...ADDRESSES),
      fc.constantFrom(...ADDRESSES),
      fc.constantFrom('c', 'h|i', 'SMTP|MAIL'),
      fc.boolean(),
      fc.constantFrom<'never' | 'by-table'>('never', 'by-table'),
      fc.nat(255),
      (tables, from, to, helo, signedIn, relay, bits) => {
        const text = tables.map((rows, i) => (rows === null ? '' : `${TABLES[i]}\n\n${rows.join('')}\n`)).join('')
        fc.pre(!loadMappings({ name: 'mappings', text }).hasErrors)
        const access = { orcpt: bits & 31, counts: bits & 31, paranoia: bits > 128 ? 33 : 0 }
        const revision = revisionOf({ mappings: text, access, channels: { tcp_local: { relay } } })
        const account = signedIn ? { account: { login: 'kim', addresses: [mailAddress('kim@b.test')] } } : {}
        const first = contextOf(revision, {
          reversePath: mailAddress(from),
          given: to,
          address: mailAddress(to),
          helo,
          ...account,
        })
        check(first, relay)
      },
    ),
    { seed: SEED, numRuns: 1500 },
  )
})

function check(first: RcptContext, relay: 'never' | 'by-table'): void {
  const recorded = recordingHost()
  const sink = { step: () => {} }
  const connected = drive(runStages('connect', STAGES.connect, first, sink), recorded.host)
  assert.ok(!(connected instanceof Promise))
  const session: RcptContext = { ...first, source: connected.context.source, ...inside(connected.context) }
  const mail = drive(runStages('mail', STAGES.mail, session, sink), recorded.host)
  assert.ok(!(mail instanceof Promise))
  const rcpt = drive(runStages('rcpt', STAGES.rcpt, { ...session, ...mail.context }, sink), recorded.host)
  assert.ok(!(rcpt instanceof Promise))
  for (const { verdict } of [connected, mail, rcpt])
    if (verdict.do === 'refuse') assert.match(formatReply(verdict.reply), /^(?:[^\u0000-\u001f]*\r\n)?$/)
  for (const { text } of recorded.notes) assert.doesNotMatch(text, /\p{Cc}/u)
  for (const one of rcpt.context.carried?.fields ?? []) assert.match(one, /^[^\r\n]+(?:\r\n[ \t][^\r\n]*)*\r\n$/)
  const stranger = first.account === undefined && session.source !== ('tcp_intranet' as ChannelName)
  const goesOut = (rcpt.context.becomes ?? []).some(({ channel }) => channel === 'tcp_local')
  if (rcpt.verdict.do === 'refuse' || rcpt.verdict.do === 'discard' || !stranger || !goesOut) return
  assert.equal(relay, 'by-table')
  assert.equal(rcpt.context.allowedBy?.by, 'table')
}

const inside = ({ insideBy }: { readonly insideBy?: RcptContext['insideBy'] }) =>
  insideBy === undefined ? {} : { insideBy }
