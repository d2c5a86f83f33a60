// SPDX-License-Identifier: Apache-2.0
/**
 * Connections that end as they should not: at once, by RST, half. Nothing is left of them, and a message whose dot never
 * came is not taken (RFC 5321 §4.1.1.4). A client that has sent FIN still gets its replies.
 */
import assert from 'node:assert/strict'
import type { Attack, Scene } from '../attack.ts'
import { Client } from '../client.ts'
import { crowdAddress, forEach } from '../crowd.ts'

async function many(scene: Scene, full: number, work: (client: Client) => Promise<void> | void): Promise<string> {
  const count = scene.size(200, full)
  await forEach(
    count,
    async (n) => await work(await Client.connect(scene.server.ports.smtp, { from: crowdAddress(n) })),
  )
  return `${count} connections`
}

const ENVELOPE = 'EHLO flood.example\r\nMAIL FROM:<flood@far.example>\r\nRCPT TO:<kim@demo.test>\r\nDATA\r\n'

export const CONNECTIONS: readonly Attack[] = [
  {
    name: 'connect-and-close',
    outcome: 'nothing is left of them',
    boundMB: 384,
    run: (scene) => many(scene, 20_000, (client) => client.leave()),
  },
  {
    name: 'reset-at-accept',
    outcome: 'nothing is left of them',
    boundMB: 384,
    run: (scene) => many(scene, 20_000, (client) => client.reset()),
  },
  {
    name: 'reset-on-reply',
    outcome: 'nothing is left of them',
    boundMB: 384,
    run: (scene) =>
      many(scene, 20_000, async (client) => {
        await client.expect(220)
        await client.send('EHLO flood.example\r\nNOOP\r\nHELP\r\n')
        client.reset()
      }),
  },
  {
    name: 'half-open',
    outcome: 'every reply comes, then the end',
    boundMB: 384,
    run: (scene) =>
      many(scene, 5000, async (client) => {
        await client.send('EHLO flood.example\r\nNOOP\r\nNOOP\r\n')
        client.half()
        await client.closed()
        assert.deepEqual([client.count(220), client.count(250)], [1, 3])
      }),
  },
  {
    name: 'end-before-the-dot',
    outcome: 'the message is not taken',
    boundMB: 384,
    run: (scene) =>
      many(scene, 5000, async (client) => {
        await client.send(`${ENVELOPE}Subject: half\r\n\r\nhalf a message\r\n.`)
        client.half()
        await client.closed()
        assert.deepEqual([client.count(250), client.count(354)], [3, 1])
      }),
  },
  {
    name: 'reset-before-the-dot',
    outcome: 'the message is not taken',
    boundMB: 384,
    run: (scene) =>
      many(scene, 5000, async (client) => {
        await client.send(ENVELOPE)
        await client.replies(5)
        await client.send('Subject: half\r\n\r\nhalf a message')
        client.reset()
      }),
  },
  {
    name: 'two-quits',
    outcome: 'one 221 and the end',
    boundMB: 384,
    run: (scene) =>
      many(scene, 5000, async (client) => {
        await client.send('EHLO flood.example\r\nQUIT\r\nQUIT\r\n')
        await client.closed()
        assert.equal(client.count(221), 1)
      }),
  },
]
