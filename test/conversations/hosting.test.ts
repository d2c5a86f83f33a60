// SPDX-License-Identifier: Apache-2.0
/**
 * What a conversation file cannot say: failing disks, bugs, many clients, a stop, a change of policy. Over real sockets.
 */
import assert from 'node:assert/strict'
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto'
import { test } from 'node:test'
import { ManualClock } from '../../src/clock/clock.ts'
import type { Trace, TraceRecord } from '../../src/policy/trace.ts'
import type { Draft } from '../../src/queue/store.ts'
import { RefusedConnections } from '../../src/smtp-server/refused-connections.ts'
import { Peer } from './peer.ts'
import { type Fixture, makeRevision, startFixture } from './server-fixture.ts'
import { alive, codes, ENVELOPE, send, until } from './talk.ts'

const failing = (draft: Draft, what: 'write' | 'commit'): Draft => ({
  write: (chunk) => (what === 'write' ? Promise.reject(new Error('ENOSPC')) : draft.write(chunk)),
  beginning: (most) => draft.beginning(most),
  commit: (envelope) => (what === 'commit' ? Promise.reject(new Error('EIO')) : draft.commit(envelope)),
  abort: () => draft.abort(),
  [Symbol.asyncDispose]: () => draft[Symbol.asyncDispose](),
})

const disks = [
  {
    name: 'the draft cannot begin',
    begin: () => {
      throw new Error('EMFILE')
    },
  },
  { name: 'a write fails', begin: (store: Fixture['store']) => failing(store.begin(), 'write') },
  { name: 'the commit fails', begin: (store: Fixture['store']) => failing(store.begin(), 'commit') },
]
for (const { name, begin } of disks)
  test(`${name}: 452 4.3.1 after the whole content, nothing queued, the session goes on`, async () => {
    await using fixture = await startFixture({ begin })
    await using peer = await Peer.connect(fixture.port)
    await send(peer, `${ENVELOPE}DATA\r\n`)
    assert.deepEqual(await codes(peer, 5), ['220', '250', '250 2.1.0', '250 2.1.5', '354'])
    await send(peer, `${'x'.repeat(70)}\r\n`.repeat(3000))
    await send(peer, '.\r\nNOOP\r\n')
    assert.deepEqual(await codes(peer, 2), ['452 4.3.1', '250 2.0.0'])
    await send(peer, 'MAIL FROM:<s@example.net>\r\nRCPT TO:<kim@example.org>\r\nBDAT 3\r\na\r\nBDAT 3 LAST\r\nb\r\n')
    const [mail, rcpt, first, second] = await codes(peer, 4)
    assert.deepEqual([mail, rcpt], ['250 2.1.0', '250 2.1.5'])
    // A failing write is told at the chunk it happened in, a failing commit at the last.
    const expected = name === 'the commit fails' ? ['250 2.0.0', '452 4.3.1'] : ['452 4.3.1', '503 5.5.1']
    assert.deepEqual([first, second], expected)
    assert.equal((await fixture.queued()).length, 0)
    assert.deepEqual(new Set(fixture.traces().map(({ outcome }) => outcome)), new Set(['deferred']))
    assert.equal(fixture.faults(), 0)
  })

test('a bug in one command: 421 4.3.0 and close, counted and logged; the others go on', async () => {
  await using fixture = await startFixture()
  await using other = await Peer.connect(fixture.port)
  await send(other, 'EHLO c\r\n')
  await codes(other, 2)
  await using peer = await Peer.connect(fixture.port)
  await send(peer, 'EHLO c\r\nMAIL FROM:<s@example.net>\r\nRCPT TO:<crash@example.org>\r\nNOOP\r\n')
  assert.deepEqual(await codes(peer, 4), ['220', '250', '250 2.1.0', '421 4.3.0'])
  assert.equal(await peer.rest(), '')
  assert.equal(fixture.faults(), 1)
  assert.ok(fixture.events.includes('smtp.fault'))
  await send(other, 'NOOP\r\n')
  assert.deepEqual(await codes(other, 1), ['250 2.0.0'])
})

test('connections of one address are limited; a place comes back when one closes', async () => {
  await using fixture = await startFixture({ config: [['limits.connectionsPerAddress', '2']] })
  await using first = await Peer.connect(fixture.port)
  await using second = await Peer.connect(fixture.port)
  assert.deepEqual([...(await codes(first, 1)), ...(await codes(second, 1))], ['220', '220'])
  await using third = await Peer.connect(fixture.port)
  assert.deepEqual(await codes(third, 1), ['421 4.3.2'])
  assert.equal(await third.rest(), '')
  await using elsewhere = await Peer.connect(fixture.port, { from: '127.0.0.2' })
  assert.deepEqual(await codes(elsewhere, 1), ['220'])
  await send(first, 'QUIT\r\n')
  await first.rest()
  await until(() => fixture.server.connections() <= 2, 'the place does not come back')
  await alive(fixture)
  const [refused] = fixture.traces()
  assert.equal(refused?.outcome, 'deferred')
  assert.equal(refused?.id, refused?.session)
})

test('a stop: 421 4.3.2 to the idle at once, to a transaction after its end; nobody new', async () => {
  const fixture = await startFixture()
  await using idle = await Peer.connect(fixture.port)
  await using busy = await Peer.connect(fixture.port)
  await codes(idle, 1)
  await send(busy, `${ENVELOPE}DATA\r\n`)
  await codes(busy, 5)
  const stopped = fixture.server.stop(5000)
  assert.deepEqual(await codes(idle, 1), ['421 4.3.2'])
  await assert.rejects(Peer.connect(fixture.port))
  await send(busy, 'x\r\n.\r\n')
  assert.deepEqual(await codes(busy, 2), ['250 2.0.0', '421 4.3.2'])
  await stopped
  assert.equal((await fixture.queued()).length, 1)
  assert.equal(fixture.server.connections(), 0)
})

test('a stop cuts off what is not done at the deadline', async () => {
  const fixture = await startFixture()
  await using busy = await Peer.connect(fixture.port)
  await send(busy, `${ENVELOPE}DATA\r\nhalf`)
  await codes(busy, 5)
  await fixture.server.stop(50)
  assert.equal((await fixture.queued()).length, 0)
  assert.deepEqual(
    fixture.traces().map(({ outcome }) => outcome),
    ['abandoned'],
  )
})

test('a transaction keeps the revision it began with; the next one has the new', async () => {
  const [before, after] = [makeRevision([], 'smtp', 'before'), makeRevision([], 'smtp', 'after')]
  let now = before
  await using fixture = await startFixture({ deps: { revision: () => now } })
  await using peer = await Peer.connect(fixture.port)
  await send(peer, ENVELOPE)
  await codes(peer, 4)
  now = after
  await send(peer, 'DATA\r\n')
  await codes(peer, 1)
  await send(peer, '.\r\nMAIL FROM:<s@example.net>\r\nRSET\r\n')
  await codes(peer, 3)
  assert.deepEqual(
    fixture.traces().map(({ revision }) => revision),
    ['before', 'after'],
  )
})

test('octets behind STARTTLS are counted and logged', async () => {
  await using fixture = await startFixture()
  await using peer = await Peer.connect(fixture.port)
  await codes(peer, 1)
  await send(peer, 'EHLO c\r\nSTARTTLS\r\nRSET\r\n')
  await codes(peer, 2)
  await peer.startTls()
  assert.equal(fixture.counts.get('postern_smtp_starttls_injections_total'), 1)
  assert.ok(fixture.events.includes('smtp.starttls-injection'))
})

test('a client that fails the handshake is dropped, and nobody else', async () => {
  await using fixture = await startFixture()
  await using peer = await Peer.connect(fixture.port)
  await send(peer, 'EHLO c\r\nSTARTTLS\r\n')
  await codes(peer, 3)
  await send(peer, 'this is no ClientHello, not at all\r\n')
  await peer.rest()
  await until(() => fixture.server.connections() === 0, 'the session stays')
  assert.equal(fixture.faults(), 0)
  await alive(fixture)
})

test('a client that never reads its replies is held up, then dropped', async () => {
  await using fixture = await startFixture({ config: [['limits.commandTimeout', '300ms']] })
  const { connect } = await import('node:net')
  const socket = connect({ host: '127.0.0.1', port: fixture.port })
  socket.on('error', () => {})
  socket.pause()
  const flood = Buffer.from('HELP\r\n'.repeat(10_000))
  for (let i = 0; i < 200; i++) socket.write(flood)
  await until(() => fixture.server.connections() === 1, 'no session')
  await until(() => fixture.server.connections() === 0, 'the session stays')
  socket.destroy()
  assert.equal(fixture.faults(), 0)
})

test('a refused connection to a port with implicit TLS is closed without a word', async () => {
  const config = [['limits.connectionsPerAddress', '1']] as const
  await using fixture = await startFixture({ service: 'submissions', config })
  await using first = await Peer.connect(fixture.port)
  await until(() => fixture.server.connections() === 1, 'no session')
  await using second = await Peer.connect(fixture.port)
  assert.equal(await second.rest(), '')
  assert.equal(fixture.traces()[0]?.outcome, 'deferred')
  await first.startTls()
  assert.deepEqual(await codes(first, 1), ['220'])
})

for (const { password, want } of [
  { password: 'secret', want: '235 2.7.0' },
  { password: 'wrong', want: '535 5.7.8' },
])
  test(`SCRAM-SHA-256 in the clear, password ${password}: ${want} (RFC 7677 §3, RFC 4954 §4)`, async () => {
    await using fixture = await startFixture()
    await using peer = await Peer.connect(fixture.port)
    const line = (text: string): Promise<void> => send(peer, `${Buffer.from(text).toString('base64')}\r\n`)
    await send(peer, 'EHLO c\r\nAUTH SCRAM-SHA-256 ')
    await line('n,,n=kim,r=rOprNGfwEbeRWgbNEkqO')
    await codes(peer, 2)
    const first = await peer.reply()
    assert.equal(first.code, '334', first.raw)
    const challenge = Buffer.from(first.text, 'base64').toString()
    const [, nonce = '', salt = '', iterations = ''] = /^r=([^,]+),s=([^,]+),i=(\d+)$/.exec(challenge) ?? []
    const salted = pbkdf2Sync(password, Buffer.from(salt, 'base64'), Number(iterations), 32, 'sha256')
    const clientKey = createHmac('sha256', salted).update('Client Key').digest()
    const signed = `n=kim,r=rOprNGfwEbeRWgbNEkqO,${challenge},c=biws,r=${nonce}`
    const signature = createHmac('sha256', createHash('sha256').update(clientKey).digest()).update(signed).digest()
    const proof = Buffer.from(clientKey.map((octet, i) => octet ^ (signature[i] ?? 0))).toString('base64')
    await line(`c=biws,r=${nonce},p=${proof}`)
    if (want.startsWith('2')) {
      const verifier = Buffer.from((await peer.reply()).text, 'base64').toString()
      assert.match(verifier, /^v=/)
      await line('')
    }
    assert.deepEqual(await codes(peer, 1), [want])
  })

test('submissions needs a certificate', async () => {
  await assert.rejects(startFixture({ service: 'submissions', deps: { tlsContext: () => undefined } }), /certificate/)
})

test('without a certificate STARTTLS is neither offered nor taken', async () => {
  await using fixture = await startFixture({ deps: { tlsContext: () => undefined } })
  await using peer = await Peer.connect(fixture.port)
  await send(peer, 'EHLO c\r\nSTARTTLS\r\n')
  await peer.reply()
  assert.doesNotMatch((await peer.reply()).text, /STARTTLS/)
  assert.deepEqual(await codes(peer, 1), ['502 5.5.1'])
})

test('refused connections of one address are summed after ten a minute', () => {
  const clock = new ManualClock()
  const records: TraceRecord[] = []
  const sink = new RefusedConnections({ append: (record) => records.push(record) }, clock)
  const refused = (address: string): Trace => ({
    record: 'trace',
    version: 1,
    id: 'S' as Trace['id'],
    session: 'S' as Trace['session'],
    at: 0,
    revision: 'r',
    listener: 'test',
    client: { address, port: 1 },
    server: { address: '127.0.0.1', port: 25 },
    source: 'tcp_local',
    recipients: [],
    outcome: 'deferred',
    steps: [
      {
        at: 'connect',
        stage: 'connection slot',
        ms: 0,
        result: 'defer',
        by: { by: 'built-in', rule: 'x' },
        reply: '421 4.3.2 full',
      },
    ],
    facts: [],
  })
  for (let i = 0; i < 25; i++) sink.append(refused('192.0.2.1'))
  sink.append(refused('192.0.2.2'))
  assert.equal(records.length, 11)
  clock.advance(60_000)
  const sums = records.slice(11)
  assert.deepEqual(
    sums.map((record) => record.record === 'flood' && [record.address, record.count, record.reply]),
    [['192.0.2.1', 15, '421 4.3.2 full']],
  )
  sink.append(refused('192.0.2.1'))
  assert.equal(records.length, 13)
  sink.close()
})
