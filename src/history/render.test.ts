// SPDX-License-Identifier: Apache-2.0
/** Proves: the ladder reads as the golden files say; nothing a stranger chose drives a terminal; who decided is found. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import fc from 'fast-check'
import { announceSeed } from '../../test/fuzz/seed.ts'
import type { DecidedBy } from '../ask/decided-by.ts'
import type { MessageId } from '../envelope/message-id.ts'
import type { TraceRecord } from '../policy/trace.ts'
import { birth, delivery, flood, RELAY_LINE, START, step, trace, withheld } from './records.fixture.ts'
import { decidedBy, describeDecidedBy, renderLadder } from './render.ts'

// Ids that do not depend on the order in which tests of this file run.
const id = (n: number): MessageId => `01M85Z6Y1K0007${String(n).padStart(3, '0')}` as MessageId
const session = id(900) as unknown as ReturnType<typeof trace>['session']

const delivered: readonly TraceRecord[] = [
  trace({
    id: id(1),
    session,
    login: 'pat@partner.test',
    tls: 'TLSv1.3 TLS_AES_256_GCM_SHA384',
    steps: [
      step({
        at: 'connect',
        stage: 'slot limits',
        ms: 0,
        by: { by: 'default', setting: 'limits.connections', value: '1000' },
      }),
      step({
        at: 'connect',
        stage: 'own networks',
        ms: 0,
        result: 'change',
        note: 'tcp_local → tcp_intranet: 192.0.2.7 is in 192.0.2.0/24',
        by: {
          by: 'config',
          setting: 'networks.own',
          at: { file: 'postern.yaml', line: 7, column: 10, text: '    own: [192.0.2.0/24]' },
        },
      }),
      step({
        stage: 'aliases',
        recipients: ['kim@example.org'],
        by: { by: 'directory', entry: 'user kim@example.org' },
      }),
      step({ stage: 'folded', recipients: Array.from({ length: 8 }, (_, i) => `r${i}@example.org`), ms: 1234 }),
      step({ at: 'content', stage: 'received loop', ms: 40, by: { by: 'protocol', rule: 'RFC 5321 §6.3' } }),
    ],
    facts: [
      { question: { ask: 'now' }, answer: START },
      {
        question: { ask: 'dns', name: '7.2.0.192.in-addr.arpa', type: 'PTR' },
        answer: { kind: 'found', records: ['mail.partner.test'], ttlSeconds: 60, authentic: false },
      },
      { question: { ask: 'directory.password' } },
      { question: { ask: 'directory.password' } },
    ],
    cut: { steps: 3, facts: 1 },
  }),
  delivery({ id: id(1) }),
]

const refused = trace({
  id: id(2),
  session,
  outcome: 'refused',
  recipients: [{ given: 'pat@outside.test', result: 'refused', reply: '550 5.7.1 Relaying not allowed' }],
  steps: [
    step(),
    step({
      stage: 'relay guard',
      recipients: ['pat@outside.test'],
      result: 'refuse',
      reply: '550 5.7.1 Relaying not allowed',
      note: 'not signed in, not of our networks',
      by: RELAY_LINE,
    }),
  ],
})

const deferred: readonly TraceRecord[] = [
  trace({ id: id(3), session, from: '' }),
  delivery({
    id: id(3),
    channel: 'tcp_local',
    recipients: [
      {
        address: 'later@partner.test',
        result: 'deferred',
        status: '4.2.1',
        detail: 'Mailbox busy',
        nextAt: START + 900_000,
      },
      { address: 'gone@partner.test', result: 'failed', status: '5.1.1', detail: 'No such user here' },
    ],
    by: { by: 'remote', host: 'mx.partner.test', reply: '450 4.2.1 Mailbox busy' },
    notice: id(4),
  }),
  birth({ id: id(4), about: id(3) }),
  withheld({ id: id(3) }),
]

for (const [name, records] of [
  ['delivered', delivered],
  ['refused', [refused]],
  ['deferred', deferred],
  ['flood', [flood()]],
] as const)
  test(`golden: ${name}`, (t) => {
    const text = renderLadder(records, { color: false })
    t.assert.fileSnapshot(text, join(import.meta.dirname, 'golden', `${name}.txt`), { serializers: [String] })
    assert.equal(stripVTControlCharacters(renderLadder(records, { color: true })), text)
  })

test('nothing a stranger chose reaches the terminal as more than text', () => {
  const seed = announceSeed('ladder')
  const hostile = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 50 }),
    fc.constantFrom('\u001b]0;owned\u0007', '\u202egnp.exe', 'a\r\nb', '\u009b2J', '\ud800', 'x'.repeat(100_000)),
  )
  const lines = ladderOf(() => 'plain').split('\n').length
  fc.assert(
    fc.property(fc.array(hostile, { minLength: 9, maxLength: 9 }), (texts) => {
      const text = ladderOf((i) => texts[i % texts.length] ?? '')
      assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u)
      assert.ok(text.length < 20_000)
      assert.equal(text.split('\n').length, lines)
    }),
    { seed, numRuns: 200 },
  )
})

/** A ladder in which every text is a stranger's. */
function ladderOf(text: (i: number) => string): string {
  const by: DecidedBy = { by: 'config', setting: text(0), at: { file: text(1), line: 1, column: 99, text: text(2) } }
  const one = trace({
    helo: text(3),
    login: text(4),
    tls: text(5),
    subject: text(6),
    from: text(7),
    recipients: [{ given: text(8), result: 'refused', reply: text(0) }],
    steps: [step({ stage: text(1), result: 'refuse', by, note: text(2), recipients: [text(3)], reply: text(4) })],
    facts: [{ question: { ask: 'dns', name: text(5), type: 'A' }, answer: text(6) }],
  })
  const recipients = [{ address: text(7), result: text(8), status: text(0), detail: text(1) }]
  const two = delivery({ id: id(1), recipients, by: { by: 'remote', host: text(2), reply: text(3) } })
  return renderLadder([one, two], { color: false })
}

for (const { by, want } of [
  { by: RELAY_LINE, want: 'postern.yaml:12:5 channels.tcp_local.relay' },
  { by: { by: 'default', setting: 'limits.messageSize', value: '50MiB' }, want: 'default limits.messageSize: 50MiB' },
  { by: { by: 'directory', entry: 'user kim@example.org' }, want: 'directory: user kim@example.org' },
  {
    by: { by: 'directory', entry: 'alias sales', at: { file: 'aliases', line: 3, column: 1, text: 'sales: kim' } },
    want: 'aliases:3:1 alias sales',
  },
  { by: { by: 'protocol', rule: 'RFC 5321 §4.1.1.3' }, want: 'RFC 5321 §4.1.1.3' },
  { by: { by: 'built-in', rule: 'relay guard' }, want: 'built in: relay guard' },
  {
    by: { by: 'filter', level: 'personal', script: 'rule 2 of kim@example.org', line: 3 },
    want: 'rule 2 of kim@example.org:3 personal filter',
  },
  { by: { by: 'remote', host: 'mx.test', reply: '550\r\nno' }, want: 'mx.test said: 550??no' },
  { by: { by: 'operator', command: 'queue bounce' }, want: 'operator: queue bounce' },
] as const satisfies readonly { by: DecidedBy; want: string }[])
  test(`described: ${want}`, () => assert.equal(describeDecidedBy(by), want))

test('who decided: the last delivery, else what ended it, else what changed it', () => {
  assert.equal(decidedBy([refused], 'PAT@outside.test')?.stage, 'relay guard')
  assert.equal(decidedBy([refused], 'other@outside.test')?.stage, 'routing')
  assert.deepEqual(decidedBy(deferred, 'later@partner.test'), {
    at: 'delivery',
    stage: 'tcp_local',
    by: { by: 'remote', host: 'mx.partner.test', reply: '450 4.2.1 Mailbox busy' },
  })
  assert.equal(decidedBy(delivered.slice(0, 1))?.stage, 'own networks')
  // By the name it was given or by what it became.
  const alias = trace({
    recipients: [
      {
        given: 'sales@example.org',
        result: 'accepted',
        reply: '250 OK',
        becomes: [{ address: 'kim@example.org', channel: 'l' }],
      },
    ],
  })
  assert.equal(decidedBy([alias, delivery({ id: id(1) })], 'sales@example.org')?.at, 'delivery')
  assert.equal(decidedBy([flood()])?.by.by, 'default')
  assert.equal(decidedBy([]), undefined)
})
