// SPDX-License-Identifier: Apache-2.0
/** Proves, over real sockets: nothing is lost and little is kept of what comes before it is taken, and waits end in time. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, connect as plainConnect, type Socket } from 'node:net'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createSecureContext, connect as tlsConnect } from 'node:tls'
import { ManualClock, systemClock } from '../clock/clock.ts'
import { selfSigned } from '../config/self-signed.ts'
import { Wire } from './wire.ts'

const STOPPABLE = { stoppable: true }

/** A connection, and the server's side of it as a wire. */
async function connected(clock = systemClock) {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const client = plainConnect(address.port, '127.0.0.1').on('error', () => {})
  const [socket] = (await once(server, 'connection')) as [Socket]
  server.close()
  const wire = new Wire(socket, clock)
  const close = async (): Promise<void> => {
    client.destroy()
    await wire.close()
  }
  return { client, socket, wire, [Symbol.asyncDispose]: close }
}

const waited = (wire: Wire, ms: number): Promise<void> =>
  new Promise((resolve) => wire.wait(systemClock.monotonic() + ms, resolve))

test('a client that sends while nothing is taken is held up, and all comes in its order', async () => {
  await using peers = await connected()
  const { client, socket, wire } = peers
  const sent = Buffer.alloc(8_000_000, 'all of it; ')
  client.end(sent)
  await waited(wire, 10_000)
  await sleep(50)
  assert.ok(socket.bytesRead < 500_000, `${socket.bytesRead} octets are kept`)
  const pieces: Buffer[] = []
  for (;;) {
    const arrival = await wire.read(10_000, STOPPABLE)
    if (typeof arrival === 'string') {
      assert.equal(arrival, 'end')
      break
    }
    pieces.push(arrival)
  }
  assert.ok(Buffer.concat(pieces).equals(sent))
})

test('closed at once, the last reply arrives', async () => {
  const { client, wire } = await connected()
  let heard = ''
  client.on('data', (octets) => {
    heard += octets
  })
  assert.equal(wire.write('221 good-bye\r\n', 1000), true)
  assert.equal(wire.closeAtOnce(), true)
  await once(client, 'close')
  assert.equal(heard, '221 good-bye\r\n')
})

test('what came and was not taken, or was not sent yet, forbids to close at once', async () => {
  {
    await using peers = await connected()
    peers.client.write('NOOP\r\n')
    await waited(peers.wire, 10_000)
    assert.equal(peers.wire.closeAtOnce(), false)
  }
  await using peers = await connected()
  peers.client.pause()
  void peers.wire.write('x'.repeat(20_000_000), 1000)
  assert.equal(peers.wire.closeAtOnce(), false)
})

test('a wait that is over time is told once, and what came first is taken first', async () => {
  const clock = new ManualClock()
  await using peers = await connected(clock)
  const { client, wire } = peers
  let woken = 0
  const wait = (ms: number): void => wire.wait(clock.monotonic() + ms, () => woken++)
  wait(100)
  clock.advance(99)
  assert.deepEqual([woken, wire.next(STOPPABLE)], [0, undefined])
  wait(1)
  clock.advance(1)
  assert.deepEqual([woken, wire.next(STOPPABLE), wire.next(STOPPABLE)], [1, 'timeout', undefined])
  const came = new Promise<void>((resolve) => wire.wait(clock.monotonic() + 100, resolve))
  client.write('x')
  await came
  clock.advance(1000)
  assert.equal(String(wire.next(STOPPABLE)), 'x')
  assert.equal(wire.next(STOPPABLE), undefined)
})

test('what is dropped is counted, and what comes behind it is not', async () => {
  await using peers = await connected()
  const { client, socket, wire } = peers
  client.write(Buffer.alloc(100_000))
  await waited(wire, 10_000)
  while (socket.bytesRead < 100_000) await sleep(1)
  assert.equal(wire.drop(), 100_000)
  client.write('y')
  assert.equal(String(await wire.read(10_000, STOPPABLE)), 'y')
})

test("what came before a handshake that begins late is the client's part of it", async () => {
  await using peers = await connected()
  const { client, wire } = peers
  const { certificate: cert, key } = await selfSigned({ hostname: 'mx.example.org', nowMs: Date.now(), days: 1 })
  const tls = tlsConnect({ socket: client, rejectUnauthorized: false })
  await waited(wire, 10_000)
  const { version } = await wire.upgrade(createSecureContext({ cert, key }))
  assert.match(version, /^TLS/)
  tls.write('z')
  assert.equal(String(await wire.read(10_000, STOPPABLE)), 'z')
  tls.destroy()
})

test('a client that has ended cannot shake hands any more', async () => {
  await using peers = await connected()
  peers.client.end()
  await waited(peers.wire, 10_000)
  await assert.rejects(peers.wire.upgrade(createSecureContext()), /closed/)
  assert.equal(peers.wire.gone, true)
})
