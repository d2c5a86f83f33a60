// SPDX-License-Identifier: Apache-2.0
/**
 * Whole sessions of random commands, half sensible and half nonsense, cut at random. Properties: no bug on our side, the
 * session or at least the server still answers afterwards, nothing is queued with a content that was not sent to its
 * end, and every message that was answered `250 … queued` is in the queue.
 *
 * FUZZ_SEED repeats a run, FUZZ_SESSIONS makes it longer.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Peer } from './peer.ts'
import { startFixture } from './server-fixture.ts'

const seed = Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 0x7fffffff))
const sessions = Number(process.env['FUZZ_SESSIONS'] ?? 150)

/** mulberry32: small, and the same everywhere. */
function random(start: number): () => number {
  let a = start
  return () => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

const WORDS = [
  'EHLO c\r\n',
  'HELO c\r\n',
  'LHLO c\r\n',
  'MAIL FROM:<s@example.net>\r\n',
  'MAIL FROM:<>\r\n',
  'MAIL FROM:<s@example.net> SIZE=100 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=x\r\n',
  'MAIL FROM:<s@example.net> __proto__=x\r\n',
  'RCPT TO:<kim@example.org>\r\n',
  'RCPT TO:<team@example.org> NOTIFY=NEVER\r\n',
  'RCPT TO:<kim+x@example.org> ORCPT=rfc822;x\r\n',
  'RCPT TO:<nobody@example.org>\r\n',
  'RCPT TO:<far@example.com>\r\n',
  'DATA\r\n',
  'Subject: x\r\n\r\nbody\r\n.\r\n',
  '.\r\n',
  '..\r\n',
  '\n.\n',
  '\r.\r',
  'BDAT 5\r\nabcde',
  'BDAT 5\r\na\r\n.\r',
  'BDAT 0\r\n',
  'BDAT 4 LAST\r\na\r\n\n',
  'BDAT 3 LAST\r\nb\r\n',
  'BDAT x\r\n',
  'RSET\r\n',
  'NOOP\r\n',
  'HELP\r\n',
  'VRFY kim\r\n',
  'EXPN team\r\n',
  'QUIT\r\n',
  'AUTH PLAIN\r\n',
  'AUTH LOGIN a2lt\r\n',
  'AUTH PLAIN AGtpbQBzZWNyZXQ=\r\n',
  'AUTH SCRAM-SHA-256 biwsbj1raW0scj1hYmM=\r\n',
  '*\r\n',
  'AGtpbQBzZWNyZXQ=\r\n',
  '\r\n',
  '\0\r\n',
  '\xff\xfe\r\n',
  `${'x'.repeat(5000)}\r\n`,
  `BDAT 1500\r\n${'y'.repeat(1500)}`,
  'constructor\r\n',
]

/** Limits low enough to be met, and long lines wrapped. */
const TIGHT = [
  ['channels.tcp_local.longLines', 'wrap'],
  ['channels.tcp_local.recipientLimit', '3'],
  ['channels.tcp_local.recipientCutoff', '4'],
  ['channels.tcp_local.deferralRejectLimit', '3'],
  ['channels.tcp_local.holdLimit', '2'],
  ['channels.tcp_local.disconnectTransactionLimit', '3'],
  ['channels.tcp_local.lineLimit', '20'],
  ['limits.emptyCommands', '10'],
] as const

test(`random sessions (FUZZ_SEED=${seed})`, async () => {
  const runs = [
    { service: 'smtp', config: [] },
    { service: 'submission', config: [] },
    { service: 'lmtp', config: [] },
    { service: 'smtp', config: TIGHT },
  ] as const
  const next = random(seed)
  const below = (n: number): number => Math.floor(next() * n)
  for (const { service, config } of runs) {
    const loopback = ['sasl.plaintextOnLoopback', 'true'] as const
    await using fixture = await startFixture({ service, config: [loopback, ...config] })
    let queuedReplies = 0
    for (let i = 0; i < sessions / runs.length; i++) {
      const octets = Buffer.from(script(next, below, service), 'latin1')
      await using peer = await Peer.connect(fixture.port, { cut: below(2) === 0 ? 0 : 1 + below(400) })
      await peer.send(octets)
      peer.shut()
      const said = await peer.rest()
      const where = `FUZZ_SEED=${seed}, ${service} session ${i}: ${JSON.stringify(octets.toString('latin1'))}`
      assert.match(said, /^220 [^\r\n]*\r\n(?:[2345]\d\d[ -][^\r\n\0]*\r\n)*$/, where)
      assert.equal(fixture.faults(), 0, `${where}; log: ${fixture.events.slice(-5).join(', ')}`)
      queuedReplies += said.match(/^250 2\.0\.0 queued as /gm)?.length ?? 0
    }
    const queued = (await fixture.queued()).length
    if (service === 'lmtp') assert.ok(queuedReplies >= queued)
    else assert.equal(queuedReplies, queued, `FUZZ_SEED=${seed}: replies and queue differ`)
    await using probe = await Peer.connect(fixture.port)
    await probe.send(Buffer.from('NOOP\r\n'))
    assert.equal((await probe.reply()).code, '220')
    assert.equal((await probe.reply()).code, '250')
  }
})

/** Mostly a session that gets somewhere, with random commands and random octets strewn in. */
function script(next: () => number, below: (n: number) => number, service: string): string {
  const hello = service === 'lmtp' ? 'LHLO c\r\n' : 'EHLO c\r\n'
  const sensible = [
    hello,
    ...(service === 'submission' ? ['AUTH PLAIN AGtpbQBzZWNyZXQ=\r\n'] : []),
    'MAIL FROM:<s@example.net>\r\n',
    'RCPT TO:<kim@example.org>\r\n',
    ...(next() < 0.5 ? ['DATA\r\n', 'Subject: x\r\n\r\nbody\r\n.\r\n'] : ['BDAT 3\r\na\r\n', 'BDAT 3 LAST\r\nb\r\n']),
  ]
  const pieces: string[] = []
  const noise = next() * 0.8
  for (const command of [...sensible, ...sensible]) {
    while (next() < noise) pieces.push(WORDS[below(WORDS.length)] ?? '')
    if (next() < 0.05) pieces.push(String.fromCharCode(...Array.from({ length: below(40) }, () => below(256))))
    if (next() > noise / 4) pieces.push(command)
  }
  return pieces.join('')
}
