// SPDX-License-Identifier: Apache-2.0
/** Proves: a listed balancer's header names the client, whole or in pieces; a stranger's header is just a bad command. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Peer } from './peer.ts'
import { startFixture } from './server-fixture.ts'

const PROXIES = [['listeners.test.proxies', '[127.0.0.7/32]']] as const
const HEADER = 'PROXY TCP4 203.0.113.9 192.0.2.25 4711 25\r\n'

const session = async (port: number, text: string, cut: number): Promise<readonly string[]> => {
  await using peer = await Peer.connect(port, { from: '127.0.0.7', cut })
  await peer.send(
    Buffer.from(`${text}EHLO x.example\r\nMAIL FROM:<s@example.net>\r\nRCPT TO:<a@example.com>\r\nQUIT\r\n`),
  )
  const codes: string[] = []
  for (let i = 0; i < 5; i++) codes.push((await peer.reply()).code)
  return codes
}

for (const cut of [0, 1, 17])
  test(`the client is who the balancer says, cut in ${cut}`, async () => {
    await using fixture = await startFixture({ config: PROXIES })
    assert.deepEqual(await session(fixture.port, HEADER, cut), ['220', '250', '250', '550', '221'])
    const [trace] = fixture.traces()
    assert.deepEqual(trace?.client, { address: '203.0.113.9', port: 4711 })
    assert.deepEqual(trace?.server, { address: '192.0.2.25', port: 25 })
  })

test('of our own networks is who the header names, not the balancer', async () => {
  await using fixture = await startFixture({ config: [...PROXIES, ['networks.own', '[127.0.0.7/32, 203.0.113.8/32]']] })
  assert.equal((await session(fixture.port, HEADER, 0))[3], '550')
  const inside = HEADER.replace('203.0.113.9', '203.0.113.8')
  assert.equal((await session(fixture.port, inside, 0))[3], '250')
})

test('a balancer without a header, or with a bad one, is shown the door', async () => {
  await using fixture = await startFixture({ config: PROXIES })
  for (const text of ['EHLO x.example\r\n', 'PROXY TCP4 203.0.113.9\r\n']) {
    await using peer = await Peer.connect(fixture.port, { from: '127.0.0.7' })
    await peer.send(Buffer.from(text))
    await assert.rejects(peer.reply())
  }
  assert.equal(fixture.events.filter((event) => event.includes('smtp.proxy-header')).length, 2)
  assert.equal(fixture.server.connections(), 0)
})

test('a stranger’s header is a bad command', async () => {
  await using fixture = await startFixture({ config: PROXIES })
  await using peer = await Peer.connect(fixture.port)
  assert.equal((await peer.reply()).code, '220')
  await peer.send(Buffer.from(HEADER))
  assert.equal((await peer.reply()).code, '500')
})

test('a server that stops waits for no header', async () => {
  const fixture = await startFixture({ config: PROXIES })
  await using _peer = await Peer.connect(fixture.port, { from: '127.0.0.7' })
  await fixture.server.stop(1000)
})
