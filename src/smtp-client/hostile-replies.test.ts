// SPDX-License-Identifier: Apache-2.0
/**
 * Proves: each way a next hop can reply wrongly has the outcome it must have. Nothing is a delivery but a positive reply
 * to the whole message, no reply is taken for the answer to another question, a connection that is out of step is used no
 * more, and what is written down of a reply is short and printable.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Answer, honest, type Script, saying, startScriptedServer } from '../../test/peers/scripted-server.ts'
import { configOf, delivery, deps } from '../channels/fixture.ts'
import { createLmtp } from '../channels/lmtp.ts'
import { createTcp } from '../channels/tcp.ts'
import type { Outcome } from '../envelope/outcome.ts'

const signal = AbortSignal.timeout(60_000)
const brief = (outcome: Outcome): string =>
  outcome.kind === 'deferred' || outcome.kind === 'failed' ? `${outcome.kind} ${outcome.status}` : outcome.kind
const reasonOf = (outcome: Outcome | undefined): string =>
  outcome !== undefined && 'reason' in outcome ? outcome.reason : ''

/** A and B, and then C in a message of its own. */
async function twoMessagesTo(script: Script) {
  await using server = await startScriptedServer(script)
  await using channel = createTcp(configOf('tcp', { smarthost: `127.0.0.1:${server.port}`, tls: 'never' }), deps())
  const first = await channel.deliver(delivery(['a@example.org', 'b@example.org']), { signal })
  const connections = server.connections
  const second = await channel.deliver(delivery(['c@example.org']), { signal })
  return { first, second, kept: server.connections === connections, seen: server.seen }
}

const MULTILINE = '250-PIPELINING\r\n'
const ONE_BY_ONE = { EHLO: '250 scripted\r\n' }
const TWICE = '250 2.1.0 ok\r\n250 2.1.0 ok\r\n'

for (const { name, answers, want, kept } of [
  { name: 'an endless line', answers: { MAIL: '250-'.padEnd(500_000, 'x') }, want: 'deferred 4.4.2' },
  { name: 'an endless reply to the greeting', answers: { greeting: '220-x\r\n'.repeat(500) }, want: 'deferred 4.4.2' },
  { name: 'an endless reply to EHLO', answers: { EHLO: MULTILINE.repeat(500) }, want: 'deferred 4.4.2' },
  { name: 'an endless reply to RCPT', answers: { RCPT: MULTILINE.repeat(500) }, want: 'deferred 4.4.2' },
  { name: 'a flood of replies to DATA', answers: { DATA: '354 go\r\n'.repeat(300_000) }, want: 'deferred 4.4.2' },
  { name: '250 before the dot', answers: { DATA: '354 go\r\n250 2.0.0 queued\r\n' }, want: 'deferred 4.4.2' },
  { name: '550 before the dot', answers: { DATA: '354 go\r\n550 5.7.1 no\r\n' }, want: 'deferred 4.4.2' },
  { name: 'two greetings', answers: { greeting: '220 x\r\n220 x\r\n' }, want: 'deferred 4.4.2' },
  { name: 'two replies to EHLO', answers: { EHLO: '250 x\r\n250 x\r\n' }, want: 'deferred 4.4.2' },
  { name: 'half a reply too many', answers: { EHLO: '250 x\r\n25' }, want: 'deferred 4.4.2' },
  { name: 'two replies to MAIL', answers: { MAIL: TWICE }, want: 'deferred 4.4.2' },
  {
    name: 'two replies to MAIL, one command at a time',
    answers: { ...ONE_BY_ONE, MAIL: TWICE },
    want: 'deferred 4.4.2',
  },
  {
    // Counted off, B would have A's 550, or A and B the 550 that is about DATA.
    name: 'two replies to MAIL, and one recipient refused',
    answers: { MAIL: TWICE, 'RCPT TO:<a': '550 5.1.1 who\r\n' },
    want: 'deferred 4.4.2',
  },
  {
    name: 'two replies to MAIL, and both recipients refused',
    answers: { MAIL: TWICE, 'RCPT TO:<b': '550 5.1.1 who\r\n', RCPT: '550 5.1.1 who\r\n' },
    want: 'deferred 4.4.2',
  },
  {
    name: 'two replies to the dot: the first is the answer',
    answers: { '.': '250 ok\r\n550 no\r\n' },
    want: 'relayed',
  },
  { name: '421 behind the answer to the dot', answers: { '.': '250 ok\r\n421 bye\r\n' }, want: 'relayed' },
  { name: 'FIN behind the answer to the dot', answers: { '.': { end: '250 ok\r\n' } }, want: 'relayed' },
  { name: 'FIN in the middle of a group', answers: { MAIL: { end: '250 ok\r\n' } }, want: 'deferred 4.4.2' },
  { name: 'FIN in the middle of a reply', answers: { '.': { end: '250-o' } }, want: 'deferred 4.4.2' },
  { name: 'a wrong separator', answers: { '.': '250_ok\r\n' }, want: 'deferred 4.4.2' },
  { name: 'a code of four digits', answers: { '.': '2500 ok\r\n' }, want: 'deferred 4.4.2' },
  { name: 'a code of two digits', answers: { '.': '25 ok\r\n' }, want: 'deferred 4.4.2' },
  { name: 'a reply of class 1', answers: { '.': '150 wait\r\n' }, want: 'deferred 4.4.2' },
  { name: 'a code that changes within a reply', answers: { '.': '250-ok\r\n251 ok\r\n' }, want: 'deferred 4.4.2' },
  { name: '250 as greeting', answers: { greeting: '250 hello\r\n' }, want: 'deferred 4.7.0' },
  { name: '354 to EHLO', answers: { EHLO: '354 go\r\n' }, want: 'deferred 4.7.0' },
  { name: '354 to MAIL', answers: { MAIL: '354 go\r\n' }, want: 'deferred 4.4.2' },
  { name: '354 to RCPT', answers: { RCPT: '354 go\r\n' }, want: 'deferred 4.4.2' },
  { name: '250 to DATA', answers: { DATA: '250 ok\r\n' }, want: 'deferred 4.4.2' },
  { name: '334 to DATA', answers: { DATA: '334 \r\n' }, want: 'deferred 4.4.2' },
  { name: '354 to the dot', answers: { '.': '354 go\r\n' }, want: 'deferred 4.5.0' },
  {
    name: '354 to RSET',
    answers: { RCPT: '550 5.1.1 who\r\n', DATA: '503 5.5.1 no\r\n', RSET: '354 go\r\n' },
    want: 'deferred 4.4.2',
  },
  { name: '421 to EHLO', answers: { EHLO: '421 4.3.2 bye\r\n' }, want: 'deferred 4.3.2' },
  { name: '421 to RCPT', answers: { RCPT: '421 4.3.2 bye\r\n' }, want: 'deferred 4.3.2' },
  { name: '421 to DATA', answers: { DATA: '421 4.3.2 bye\r\n' }, want: 'deferred 4.3.2' },
  { name: '421 to the dot', answers: { '.': '421 4.3.2 bye\r\n' }, want: 'deferred 4.3.2' },
  {
    name: '421 to RSET',
    answers: { RCPT: '550 5.1.1 who\r\n', DATA: '503 5.5.1 no\r\n', RSET: '421 bye\r\n' },
    want: 'failed 5.1.1',
  },
  {
    name: 'a refusal to the dot keeps the session',
    answers: { '.': '550 5.7.1 no\r\n' },
    want: 'failed 5.7.1',
    kept: true,
  },
] satisfies readonly { name: string; answers: Readonly<Record<string, Answer>>; want: string; kept?: boolean }[])
  test(`hostile: ${name}`, async () => {
    const got = await twoMessagesTo(saying(answers))
    assert.deepEqual([...got.first, ...got.second].map(brief), [want, want, want])
    assert.equal(got.kept, kept ?? false)
  })

test('hostile: a reply that comes while the session is idle ends it', async () => {
  for (const octets of ['421 4.4.2 idle too long\r\n', '250 2.0.0 late\r\n', 'noise']) {
    await using server = await startScriptedServer(honest)
    await using channel = createTcp(configOf('tcp', { smarthost: `127.0.0.1:${server.port}`, tls: 'never' }), deps())
    const send = async () => (await channel.deliver(delivery(['a@example.org']), { signal })).map(brief)
    assert.deepEqual(await send(), ['relayed'])
    server.say(octets)
    await onceAround(server)
    const connections = server.connections
    assert.deepEqual(await send(), ['relayed'])
    assert.equal(server.connections, connections + 1, JSON.stringify(octets))
  }
})

/** A connection of its own to the same server, there and back: what was sent before has come. */
async function onceAround({ port }: { readonly port: number }): Promise<void> {
  await using channel = createTcp(configOf('tcp', { smarthost: `127.0.0.1:${port}`, tls: 'never' }), deps())
  await channel.deliver(delivery(['z@example.org']), { signal })
}

test('hostile: LMTP, a reply too many after the dot is nobody’s, and the session ends', async () => {
  await using server = await startScriptedServer(
    saying({ '.': '250 2.1.5 stored\r\n550 5.2.2 full\r\n250 2.1.5 stored\r\n' }),
  )
  await using channel = createLmtp(configOf('lmtp', { host: `127.0.0.1:${server.port}` }), deps())
  const to = ['a@example.org', 'b@example.org']
  for (let i = 1; i <= 2; i++) {
    assert.deepEqual((await channel.deliver(delivery(to), { signal })).map(brief), ['delivered', 'failed 5.2.2'])
    assert.equal(server.connections, i)
  }
})

test('hostile: LMTP, a reply too few is "later", and uncertain', async () => {
  await using server = await startScriptedServer(saying({ '.': { end: '250 2.1.5 stored\r\n' } }))
  await using channel = createLmtp(configOf('lmtp', { host: `127.0.0.1:${server.port}` }), deps())
  const outcomes = await channel.deliver(delivery(['a@example.org', 'b@example.org']), { signal })
  assert.deepEqual(outcomes.map(brief), ['delivered', 'deferred 4.4.2'])
  assert.match(reasonOf(outcomes[1]), /uncertain/)
})

for (const { name, answer, uncertain } of [
  { name: 'closed', answer: { close: true }, uncertain: true },
  { name: 'half a reply', answer: { end: '250' }, uncertain: true },
  { name: '354', answer: '354 go\r\n', uncertain: true },
  { name: 'no reply', answer: 'hello\r\n', uncertain: true },
  { name: '451', answer: '451 4.3.0 later\r\n', uncertain: false },
  { name: '421', answer: '421 4.3.0 later\r\n', uncertain: false },
] satisfies readonly { name: string; answer: Answer; uncertain: boolean }[])
  test(`hostile: ${name} after the dot is "later"${uncertain ? ', and said to be uncertain' : ''}`, async () => {
    const { first } = await twoMessagesTo(saying({ '.': answer }))
    assert.equal(first[0]?.kind, 'deferred')
    assert.equal(/uncertain/.test(reasonOf(first[0])), uncertain)
  })

test('hostile: what is written down of a reply is printable and short', async () => {
  const nasty = '550-5.7.1 a\0b\u001b[2J\x80\xff\r\r\n'
  const { first } = await twoMessagesTo(saying({ '.': `${nasty.repeat(90)}550 5.7.1 ${'x'.repeat(5000)}\r\n` }))
  const [outcome] = first
  assert.equal(outcome?.kind, 'failed')
  for (const text of [reasonOf(outcome), (outcome.kind === 'failed' && outcome.remote?.reply) || '']) {
    assert.match(text, /^550 5\.7\.1 a\?b\?\[2J/)
    assert.doesNotMatch(text, /[\u0000-\u001f\u007f-\u009f]/)
    assert.ok(text.length <= 1000)
  }
})
