// SPDX-License-Identifier: Apache-2.0
/** Proves: what a reply has settled stays settled, whatever happens to the connection afterwards; and when a next host is tried. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { honest, type Script, saying, startScriptedServer } from '../../test/peers/scripted-server.ts'
import { configOf, delivery, deps } from '../channels/fixture.ts'
import { createLmtp } from '../channels/lmtp.ts'
import { createTcp } from '../channels/tcp.ts'
import type { Resolver } from '../dns/resolver.ts'
import type { Outcome } from '../envelope/outcome.ts'

const signal = AbortSignal.timeout(30_000)
const brief = (outcome: Outcome): string =>
  outcome.kind === 'deferred' || outcome.kind === 'failed' ? `${outcome.kind} ${outcome.status}` : outcome.kind
const plain = { tls: 'never' } as const
const chunking = '250-x\r\n250-PIPELINING\r\n250 CHUNKING\r\n'

async function tcpAgainst(
  script: Script,
  to: Parameters<typeof delivery>[0] = ['a@example.org'],
  options: Parameters<typeof delivery>[1] = {},
) {
  await using server = await startScriptedServer(script)
  await using channel = createTcp(configOf('tcp', { smarthost: `127.0.0.1:${server.port}`, ...plain }), deps())
  const outcomes = await channel.deliver(delivery(to, options), { signal })
  return { outcomes: outcomes.map(brief), seen: [...server.seen] }
}

test('a MAIL that was refused for good stays refused when the server hangs up', async () => {
  const script = saying({ MAIL: '550 5.7.1 not you\r\n', RCPT: { close: true }, DATA: { close: true } })
  assert.deepEqual((await tcpAgainst(script)).outcomes, ['failed 5.7.1'])
})

test('a recipient that was refused for good stays so when the connection breaks after the dot', async () => {
  const script = saying({ 'RCPT TO:<a@': '550 5.1.1 who\r\n', '.': { close: true } })
  assert.deepEqual((await tcpAgainst(script, ['a@example.org', 'b@example.org'])).outcomes, [
    'failed 5.1.1',
    'deferred 4.4.2',
  ])
})

test('refused recipients stay refused when the server will not even reset', async () => {
  const script = saying({ RCPT: '550 5.1.1 who\r\n', DATA: '554 5.5.1 nobody\r\n', RSET: { close: true } })
  assert.deepEqual((await tcpAgainst(script)).outcomes, ['failed 5.1.1'])
})

test('LMTP: who has been delivered is not delivered again when the connection breaks in between', async () => {
  await using server = await startScriptedServer((command) =>
    command === '.' ? '250 2.0.0 stored\r\nnonsense\r\n' : honest(command),
  )
  await using channel = createLmtp(configOf('lmtp', { host: `127.0.0.1:${server.port}` }), deps())
  const outcomes = await channel.deliver(delivery(['a@example.org', 'b@example.org']), { signal })
  assert.deepEqual(outcomes.map(brief), ['delivered', 'deferred 4.4.2'])
})

test('421 to MAIL: later, and the destination is down', async () => {
  await using server = await startScriptedServer(saying({ MAIL: '421 4.3.2 shutting down\r\n' }))
  await using channel = createTcp(configOf('tcp', { smarthost: `127.0.0.1:${server.port}`, ...plain }), deps())
  const [outcome] = await channel.deliver(delivery(['a@example.org']), { signal })
  assert.ok(outcome?.kind === 'deferred' && outcome.status === '4.3.2' && outcome.destinationDown === true)
})

for (const { reply, want } of [
  { reply: '552 too many recipients\r\n', want: 'deferred 4.5.3' },
  { reply: '552 5.2.2 over quota\r\n', want: 'failed 5.2.2' },
  { reply: '452 4.5.3 too many\r\n', want: 'deferred 4.5.3' },
])
  test(`RCPT answered ${reply.trim()}`, async () => {
    assert.deepEqual((await tcpAgainst(saying({ RCPT: reply }))).outcomes, [want])
  })

test('a message that cannot be read from the queue never gets its end', async () => {
  const broken = {
    ...delivery(['a@example.org']),
    async *content() {
      yield Buffer.from('Subject: half\r\n\r\n')
      throw new Error('EIO')
    },
  }
  for (const script of [honest, saying({ EHLO: chunking })]) {
    await using server = await startScriptedServer(script)
    await using channel = createTcp(configOf('tcp', { smarthost: `127.0.0.1:${server.port}`, ...plain }), deps())
    assert.deepEqual((await channel.deliver(broken, { signal })).map(brief), ['deferred 4.3.0'])
    assert.ok(!server.seen.some((line) => line === '.' || line.endsWith('LAST')))
  }
})

test('a kept session that the server has ended is replaced at once', async () => {
  let mails = 0
  await using server = await startScriptedServer((command) =>
    command.startsWith('MAIL') && ++mails === 2 ? '421 4.7.0 one message each\r\n' : honest(command),
  )
  await using channel = createTcp(configOf('tcp', { smarthost: `127.0.0.1:${server.port}`, ...plain }), deps())
  for (let i = 0; i < 2; i++)
    assert.deepEqual((await channel.deliver(delivery(['a@example.org']), { signal })).map(brief), ['relayed'])
  assert.equal(server.connections, 2)
})

for (const { name, first, want, second } of [
  { name: '554 greeting', first: saying({ greeting: '554 no\r\n' }), want: 'relayed', second: 1 },
  { name: '421 to MAIL', first: saying({ MAIL: '421 later\r\n' }), want: 'relayed', second: 1 },
  { name: 'hangs up at RCPT', first: saying({ RCPT: { close: true } }), want: 'relayed', second: 1 },
  // It may have arrived: another host would make it arrive twice.
  { name: 'hangs up after the dot', first: saying({ '.': { close: true } }), want: 'deferred 4.4.2', second: 0 },
  { name: '550 to RCPT', first: saying({ RCPT: '550 5.1.1 who\r\n' }), want: 'failed 5.1.1', second: 0 },
] satisfies readonly { name: string; first: Script; want: string; second: number }[])
  test(`the second mail host: ${name}`, async () => {
    await using one = await startScriptedServer(first, '127.0.0.1')
    await using two = await startScriptedServer(honest, '127.0.0.2', one.port)
    const resolver: Resolver = {
      async lookup(domain: string, type: string) {
        const records =
          type === 'MX'
            ? [
                { preference: 2, exchange: 'two.test' },
                { preference: 1, exchange: 'one.test' },
              ]
            : type === 'A'
              ? [domain === 'one.test' ? '127.0.0.1' : '127.0.0.2']
              : []
        return records.length === 0
          ? { kind: 'absent', why: 'nodata', ttlSeconds: 1 }
          : ({ kind: 'found', records, ttlSeconds: 1, authentic: false } as never)
      },
    }
    await using channel = createTcp(configOf('tcp', { port: one.port, ...plain }), deps({ resolver }))
    const outcomes = await channel.deliver(delivery(['a@example.org']), { signal })
    assert.deepEqual(outcomes.map(brief), [want])
    assert.equal(two.connections, second)
  })

test('without SMTPUTF8 there: domains in ASCII, UTF-8 headers not at all', async () => {
  const to = ['kim@bücher.example']
  const went = await tcpAgainst(honest, to, { smtputf8: true })
  assert.deepEqual(went.outcomes, ['relayed'])
  assert.equal(went.seen[2], 'RCPT TO:<kim@xn--bcher-kva.example>')
  const text = 'Subject: h\u00c3\u00a9\r\n\r\nx\r\n'
  assert.deepEqual((await tcpAgainst(honest, to, { smtputf8: true, text })).outcomes, ['failed 5.6.7'])
})

test('the password goes to the smart host, and only there', async () => {
  const login = { user: 'me', passwordFile: '/nonexistent/password' }
  await using server = await startScriptedServer(honest)
  await using channel = createTcp(configOf('tcp', { smarthost: '127.0.0.1:1', login, ...plain }), deps())
  const routed = await channel.deliver(delivery([{ via: `127.0.0.1:${server.port}` }]), { signal })
  assert.deepEqual(routed.map(brief), ['relayed'])
  assert.ok(!server.seen.some((line) => line.startsWith('AUTH')))
  // A password that is not there is the site's slip: later.
  assert.deepEqual((await channel.deliver(delivery(['a@example.org']), { signal })).map(brief), ['deferred 4.3.5'])
})
