// SPDX-License-Identifier: Apache-2.0
/** Proves: each way a next hop can behave, honest or not, comes to the right outcome; nothing but a 250 after the whole message is a delivery. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { honest, type Script, saying, startScriptedServer } from '../../test/peers/scripted-server.ts'
import { startSink } from '../demo/sink.ts'
import type { Outcome } from '../envelope/outcome.ts'
import { address, CONTENT, configOf, delivery, deps } from './fixture.ts'
import { createLmtp } from './lmtp.ts'
import { createTcp } from './tcp.ts'

const signal = AbortSignal.timeout(60_000)
const brief = (outcome: Outcome): string =>
  outcome.kind === 'deferred' || outcome.kind === 'failed' ? `${outcome.kind} ${outcome.status}` : outcome.kind

async function tryAgainst(
  script: Script,
  to: Parameters<typeof delivery>[0] = ['kim@example.org'],
  options: Parameters<typeof delivery>[1] = {},
) {
  await using server = await startScriptedServer(script)
  await using channel = createTcp(configOf('tcp', { smarthost: `127.0.0.1:${server.port}`, tls: 'never' }), deps())
  const outcomes = await channel.deliver(delivery(to, options), { signal })
  return { outcomes: outcomes.map(brief), seen: [...server.seen], connections: server.connections }
}

for (const { name, script, want } of [
  { name: 'honest', script: honest, want: ['relayed'] },
  { name: '4yz to RCPT', script: saying({ RCPT: '450 4.2.1 busy\r\n' }), want: ['deferred 4.2.1'] },
  {
    name: '5yz to RCPT',
    script: saying({ RCPT: '550 5.1.1 who\r\n', DATA: '554 5.5.1 nobody\r\n' }),
    want: ['failed 5.1.1'],
  },
  {
    name: '354 although nobody was taken, and 250 to the dot',
    script: saying({ RCPT: '550 5.1.1 who\r\n' }),
    want: ['failed 5.1.1'],
  },
  {
    name: '5yz to MAIL',
    script: saying({ MAIL: '550 5.7.1 go away\r\n', RCPT: '503 5.5.1 MAIL first\r\n', DATA: '503 5.5.1 no\r\n' }),
    want: ['failed 5.7.1'],
  },
  { name: '5yz after the dot', script: saying({ '.': '554 5.6.0 spam\r\n' }), want: ['failed 5.6.0'] },
  { name: 'closed after the dot', script: saying({ '.': { close: true } }), want: ['deferred 4.4.2'] },
  { name: 'closed at RCPT', script: saying({ RCPT: { close: true } }), want: ['deferred 4.4.2'] },
  { name: '554 greeting', script: saying({ greeting: '554 no\r\n' }), want: ['deferred 4.7.0'] },
  { name: '421 greeting', script: saying({ greeting: '421 4.3.2 later\r\n' }), want: ['deferred 4.3.2'] },
  {
    name: 'code that changes within a reply',
    script: saying({ '.': '250-ok\r\n550 no\r\n' }),
    want: ['deferred 4.4.2'],
  },
  { name: 'an endless reply', script: saying({ '.': '250-x\r\n'.repeat(1000) }), want: ['deferred 4.4.2'] },
  { name: 'no SMTP at all', script: saying({ greeting: 'SSH-2.0\r\n' }), want: ['deferred 4.4.2'] },
  { name: 'a reply nobody understands', script: saying({ '.': '399 hm\r\n' }), want: ['deferred 4.5.0'] },
  { name: 'HELO alone', script: saying({ EHLO: '502 what\r\n' }), want: ['relayed'] },
] satisfies readonly { name: string; script: Script; want: string[] }[])
  test(`tcp: ${name}`, async () => {
    assert.deepEqual((await tryAgainst(script)).outcomes, want)
  })

test('a 250 that comes before the dot is no delivery', async () => {
  const { outcomes } = await tryAgainst((command) =>
    command === 'DATA' ? '354 go\r\n250 2.0.0 already queued\r\n' : command === '.' ? { close: true } : honest(command),
  )
  assert.deepEqual(
    outcomes.map((outcome) => outcome.split(' ')[0]),
    ['deferred'],
  )
})

test('each recipient has an outcome of its own', async () => {
  const script = saying({ 'RCPT TO:<a@': '450 4.2.1 busy\r\n', 'RCPT TO:<b@': '550 5.1.1 who\r\n' })
  assert.deepEqual((await tryAgainst(script, ['a@example.org', 'b@example.org', 'c@example.org'])).outcomes, [
    'deferred 4.2.1',
    'failed 5.1.1',
    'relayed',
  ])
})

test('extensions that are offered are used', async () => {
  const script = saying({ EHLO: '250-x\r\n250-SIZE 100000\r\n250-DSN\r\n250-8BITMIME\r\n250 PIPELINING\r\n' })
  const recipient = {
    address: address('kim@example.org'),
    notify: ['failure'] as const,
    orcpt: { type: 'rfc822', address: 'kim+x@example.org' },
  }
  const { seen } = await tryAgainst(script, [recipient], { body: '8bit', ret: 'hdrs', envid: 'a b' })
  assert.equal(seen[1], `MAIL FROM:<sender@example.net> SIZE=${CONTENT.length} BODY=8BITMIME RET=HDRS ENVID=a+20b`)
  assert.equal(seen[2], 'RCPT TO:<kim@example.org> NOTIFY=FAILURE ORCPT=rfc822;kim+2Bx@example.org')
})

test('what cannot be carried fails before anything is sent', async () => {
  const small = saying({ EHLO: '250-x\r\n250 SIZE 10\r\n' })
  const big = await tryAgainst(small)
  assert.deepEqual(big.outcomes, ['failed 5.3.4'])
  assert.ok(!big.seen.some((line) => line.startsWith('MAIL')))
  assert.deepEqual((await tryAgainst(honest, ['jürgen@example.org'], { smtputf8: true })).outcomes, ['failed 5.6.7'])
  assert.deepEqual((await tryAgainst(honest, ['kim@example.org'], { text: 'a\n.\nb\r\n' })).outcomes, ['failed 5.6.0'])
})

test('a session is used again, and content arrives as it was', async () => {
  await using sink = await startSink({ address: '127.0.0.1', port: 0 })
  await using channel = createTcp(configOf('tcp', { smarthost: `127.0.0.1:${sink.port}`, tls: 'never' }), deps())
  for (let i = 0; i < 3; i++)
    assert.deepEqual((await channel.deliver(delivery(['kim@example.org']), { signal })).map(brief), ['relayed'])
  assert.deepEqual(
    sink.messages.map(({ content }) => content.toString()),
    [CONTENT, CONTENT, CONTENT],
  )
})

test('a list is sent in the name of its owner', async () => {
  const { seen } = await tryAgainst(honest, [
    { address: address('kim@example.org'), sender: address('owner-list@example.org') },
  ])
  assert.equal(seen[1], 'MAIL FROM:<owner-list@example.org>')
})

test('TLS that is required and not offered: later', async () => {
  await using server = await startScriptedServer(honest)
  await using channel = createTcp(configOf('tcp', { smarthost: `127.0.0.1:${server.port}`, tls: 'required' }), deps())
  assert.deepEqual((await channel.deliver(delivery(['kim@example.org']), { signal })).map(brief), ['deferred 4.7.5'])
})

test('nobody listens: later, and the destination is down', async () => {
  await using channel = createTcp(configOf('tcp', { smarthost: '127.0.0.1:1' }), deps())
  const [outcome] = await channel.deliver(delivery(['kim@example.org']), { signal })
  assert.ok(outcome?.kind === 'deferred' && outcome.destinationDown === true)
})

test('LMTP answers for each recipient after the dot', async () => {
  let dots = 0
  await using server = await startScriptedServer((command) =>
    command === '.' ? `250 2.0.0 a${dots++}\r\n550 5.2.2 full\r\n` : honest(command),
  )
  await using channel = createLmtp(configOf('lmtp', { host: `127.0.0.1:${server.port}` }), deps())
  const outcomes = await channel.deliver(delivery(['a@example.org', 'b@example.org']), { signal })
  assert.deepEqual(outcomes.map(brief), ['delivered', 'failed 5.2.2'])
  assert.match(server.seen[0] ?? '', /^LHLO /)
})
