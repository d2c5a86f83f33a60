// SPDX-License-Identifier: Apache-2.0
/**
 * Proves: nothing this server sends over DATA holds an end of data but its own, whatever a sloppy receiver takes for one,
 * and however the content is cut; content that could is returned, or goes over BDAT as it is; and neither content nor
 * envelope becomes a command.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { cut } from '../../test/fuzz/seed.ts'
import { honest, type Script, saying, startScriptedServer } from '../../test/peers/scripted-server.ts'
import { address, configOf, delivery, deps } from '../channels/fixture.ts'
import { createLmtp } from '../channels/lmtp.ts'
import { createTcp } from '../channels/tcp.ts'
import type { Delivery } from '../envelope/delivery.ts'
import type { Outcome } from '../envelope/outcome.ts'
import { BareNewline, dotStuff } from '../smtp/dot-stuff.ts'

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000)
const signal = AbortSignal.timeout(60_000)
const brief = (outcome: Outcome): string =>
  outcome.kind === 'deferred' || outcome.kind === 'failed' ? `${outcome.kind} ${outcome.status}` : outcome.kind

/** Ends of data that receivers have been seen to take, and one that throws NULs away before it looks. */
const RECEIVERS: Readonly<Record<string, RegExp>> = {
  'RFC 5321': /\r\n\.\r\n/g,
  'LF.LF': /\n\.\n/g,
  'LF.CRLF': /\n\.\r\n/g,
  'CRLF.LF': /\r\n\.\n/g,
  'CR.CR': /\r\.\r/g,
  'CRLF.CR': /\r\n\.\r/g,
  'any newline': /(?:\r\n|\r|\n)\.(?:\r\n|\r|\n)/g,
}

async function stuffed(pieces: Iterable<Uint8Array>): Promise<{ readonly sent: string; readonly whole: boolean }> {
  let sent = ''
  const content = async function* () {
    yield* pieces
  }
  try {
    for await (const piece of dotStuff(content())) sent += piece.toString('latin1')
    return { sent, whole: true }
  } catch (error) {
    assert.ok(error instanceof BareNewline)
    return { sent, whole: false }
  }
}

const of = (...tokens: readonly string[]) =>
  fc.array(fc.constantFrom(...tokens), { maxLength: 40 }).map((list) => list.join(''))
/** The second kind is not refused for its newlines. */
const octets = fc.oneof(of('\r\n', '\r', '\n', '.', '.', '\0', 'x', '\r\n.'), of('\r\n', '.', '\0', 'x', '\r\n.\r\n'))

test(`over DATA every receiver sees one message or none, seed ${seed}`, async () => {
  await fc.assert(
    fc.asyncProperty(octets, fc.constantFrom(1, 2, 3, 17, 100), async (content, size) => {
      const { sent, whole } = await stuffed(cut(Buffer.from(content, 'latin1'), size))
      // The wire before the content is the CRLF of DATA.
      const wire = `\r\n${sent}`
      for (const octetsSeen of [wire, wire.replaceAll('\0', '')]) {
        // Where it was given up, a CRLF may have been cut in two.
        assert.doesNotMatch(octetsSeen, /[^\r]\n\.|\r\.|\r(?!\n|$)|(?<!\r)\n/)
        for (const [name, end] of Object.entries(RECEIVERS)) {
          const ends = [...octetsSeen.matchAll(end)].map((found) => found.index)
          if (name === 'CRLF.LF' || name === 'CR.CR' || name === 'LF.LF') assert.deepEqual(ends, [], name)
          else assert.equal(ends.length, whole ? 1 : 0, name)
          for (const at of ends) assert.ok(at >= octetsSeen.length - 5, name)
        }
      }
      if (whole) assert.match(sent, /(?:^|\r\n)\.\r\n$/)
      else assert.match(content, /\r(?!\n)|(?<!\r)\n|\0\./)
    }),
    { seed, numRuns: 2000 },
  )
})

const SMUGGLED =
  'MAIL FROM:<ceo@example.org>\r\nRCPT TO:<victim@example.org>\r\nDATA\r\nSubject: second\r\n\r\nx\r\n.\r\n'
const ENDS = [
  '\n.\n',
  '\n.\r\n',
  '\r.\r',
  '\r\n.\r',
  '\r\n.\n',
  '\n\n.\r\n',
  '\r\n\0.\r\n',
  '\r\0\n.\r\n',
  '\r\n.\0\r\n',
  '\r\n.\r\n',
]

async function sendTo(script: Script, given: Delivery, lmtp = false) {
  await using server = await startScriptedServer(script)
  const host = `127.0.0.1:${server.port}`
  await using channel = lmtp
    ? createLmtp(configOf('lmtp', { host }), deps())
    : createTcp(configOf('tcp', { smarthost: host, tls: 'never' }), deps())
  const outcomes = (await channel.deliver(given, { signal })).map(brief)
  return { outcomes, seen: [...server.seen], raw: server.raw, connections: server.connections }
}

for (const lmtp of [false, true])
  for (const end of ENDS)
    test(`${lmtp ? 'LMTP' : 'SMTP'}: ${JSON.stringify(end)} in content is never sent over DATA`, async () => {
      const text = `Subject: first\r\n\r\nx${end}${SMUGGLED}`
      const { outcomes, seen, raw } = await sendTo(honest, delivery(['kim@example.org'], { text }), lmtp)
      // A dot between CRLFs is doubled; with anything else the message comes back (docs/quirks).
      const fine = end === '\r\n.\r\n' || end === '\r\n.\0\r\n'
      assert.deepEqual(outcomes, [fine ? (lmtp ? 'delivered' : 'relayed') : 'failed 5.6.0'])
      assert.equal(seen.filter((line) => line.startsWith('MAIL')).length, 1)
      if (fine) assert.ok(raw.includes(`x\r\n.${end.slice(2)}MAIL FROM:<ceo`))
      else assert.ok(!raw.includes('ceo'))
    })

const CHUNKING = '250-x\r\n250-PIPELINING\r\n250 CHUNKING\r\n'

for (const end of ENDS)
  test(`${JSON.stringify(end)} in content goes over BDAT as it is, where DATA cannot carry it`, async () => {
    const text = `Subject: first\r\n\r\nx${end}${SMUGGLED}`
    const { outcomes, seen, raw } = await sendTo(saying({ EHLO: CHUNKING }), delivery(['kim@example.org'], { text }))
    assert.deepEqual(outcomes, ['relayed'])
    const byData = end === '\r\n.\r\n' || end === '\r\n.\0\r\n'
    assert.equal(
      seen.some((line) => line.endsWith(' LAST')),
      !byData,
    )
    if (!byData) assert.ok(raw.includes(`BDAT 1\r\nSBDAT ${text.length - 1} LAST\r\n${text.slice(1)}`))
    assert.ok(!seen.some((line) => line.startsWith('MAIL FROM:<ceo')))
  })

test('a server that offers CHUNKING and does not know BDAT gets no content to take for commands', async () => {
  const text = `Subject: first\r\n\r\nx\ny\r\nRSET\r\n${SMUGGLED}`
  const { outcomes, seen } = await sendTo(
    saying({ EHLO: CHUNKING, BDAT: '502 5.5.1 what\r\n' }),
    delivery(['kim@example.org'], { text }),
  )
  assert.deepEqual(outcomes, ['failed 5.5.1'])
  assert.ok(!seen.some((line) => line.startsWith('MAIL FROM:<ceo') || line.endsWith('LAST')))
})

test('content of several chunks: each is waited for, and one that is refused takes the message with it', async () => {
  const text = `Subject: large\r\n\r\nx\ny\r\n${'x'.repeat(998).concat('\r\n').repeat(600)}`
  const large: Delivery = {
    ...delivery(['kim@example.org'], { text }),
    content: async function* () {
      yield* cut(Buffer.from(text), 100_000)
    },
  }
  const taken = await sendTo(saying({ EHLO: CHUNKING }), large)
  assert.deepEqual(taken.outcomes, ['relayed'])
  assert.equal(taken.seen.filter((line) => line.startsWith('BDAT')).length, 4)
  assert.ok(taken.raw.includes(text.slice(-1000)))

  let chunks = 0
  const refused = await sendTo((command) => {
    if (command.startsWith('EHLO')) return CHUNKING
    return command.startsWith('BDAT') && ++chunks === 3 ? '552 5.3.4 too much\r\n' : honest(command)
  }, large)
  assert.deepEqual(refused.outcomes, ['failed 5.3.4'])
  assert.ok(!refused.seen.some((line) => line.endsWith('LAST')))
})

const LINE = '\r\nRCPT TO:<victim@example.org>'

for (const { name, given } of [
  { name: 'reverse path', given: delivery(['kim@example.org'], { reversePath: `a${LINE}@example.org` as never }) },
  { name: 'forward path', given: delivery([{ address: `a${LINE}@example.org` as never }]) },
  { name: 'owner of a list', given: delivery([{ sender: `a${LINE}@example.org` as never }]) },
  { name: 'NUL in the forward path', given: delivery([{ address: 'a\0@example.org' as never }]) },
  { name: 'RET', given: delivery(['kim@example.org'], { ret: `hdrs${LINE}` as never }) },
  { name: 'NOTIFY', given: delivery([{ notify: [`failure${LINE}`] as never }]) },
])
  test(`a line end in the ${name} goes nowhere`, async () => {
    const { outcomes, seen, raw } = await sendTo(saying({ EHLO: '250-x\r\n250 DSN\r\n' }), given)
    assert.deepEqual(outcomes, ['failed 5.1.3'])
    assert.ok(!raw.includes('victim') && !seen.some((line) => line.startsWith('MAIL')))
  })

test('a line end in ENVID or ORCPT is written as xtext, and one in the type of ORCPT leaves it out', async () => {
  const script = saying({ EHLO: '250-x\r\n250-SMTPUTF8\r\n250 DSN\r\n' })
  const { outcomes, seen } = await sendTo(
    script,
    delivery(
      [
        { address: address('a@example.org'), orcpt: { type: 'rfc822', address: `a${LINE}` } },
        { address: address('b@example.org'), orcpt: { type: 'utf-8', address: `ä${LINE}` } },
        { address: address('c@example.org'), orcpt: { type: `x${LINE}`, address: 'c' } },
      ],
      { envid: `1${LINE}`, smtputf8: true },
    ),
  )
  assert.deepEqual(outcomes, ['relayed', 'relayed', 'relayed'])
  assert.deepEqual(seen.slice(1, 5), [
    'MAIL FROM:<sender@example.net> SMTPUTF8 ENVID=1+0D+0ARCPT+20TO:<victim@example.org>',
    'RCPT TO:<a@example.org> ORCPT=rfc822;a+0D+0ARCPT+20TO:<victim@example.org>',
    'RCPT TO:<b@example.org> ORCPT=utf-8;\\x{E4}\\x{0D}\\x{0A}RCPT\\x{20}TO:<victim@example.org>',
    'RCPT TO:<c@example.org>',
  ])
})

test('a line end in the name we greet with goes nowhere, and the mail waits', async () => {
  await using server = await startScriptedServer(honest)
  const config = configOf('tcp', { smarthost: `127.0.0.1:${server.port}`, tls: 'never' })
  await using channel = createTcp(config, deps({ hostname: `mx${LINE}` }))
  assert.deepEqual((await channel.deliver(delivery(['kim@example.org']), { signal })).map(brief), ['deferred 4.3.5'])
  assert.equal(server.raw, '')
})
