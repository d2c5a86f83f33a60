// SPDX-License-Identifier: Apache-2.0
/**
 * Recipients without number. By default the 1001st is 452, and the session ends at ten times that, or after a hundred
 * refused for good. Where a site raises the limits, so many are taken, and others are served meanwhile.
 */
import assert from 'node:assert/strict'
import type { Attack, Scene } from '../attack.ts'
import { Client } from '../client.ts'
import { raised } from '../raised.ts'
import { INSIDE } from '../server.ts'

const ALLOWED = 1000
const PRESENTED = 10 * ALLOWED
const REFUSALS = 100

/** Sends RCPT after RCPT without waiting. @returns the client when all is answered or the server has hung up */
async function pour(scene: Scene, count: number, from: string, rcpt: (n: number) => string): Promise<Client> {
  const client = await Client.ready(scene.server.ports.smtp, { from })
  await client.command('MAIL FROM:<sender@far.example>', 250)
  for (let n = 0; n < count; n += 500) {
    const group = Array.from({ length: Math.min(500, count - n) }, (_, i) => `RCPT TO:<${rcpt(n + i)}>\r\n`)
    if (!(await client.send(group.join('')))) break
  }
  await client.replies(3 + count)
  return client
}

const counted = (client: Client): string => [...client.counts].map(([code, count]) => `${count}×${code}`).join(' ')

export const RECIPIENTS: readonly Attack[] = [
  {
    name: 'good-recipients',
    outcome: `${ALLOWED} taken, 452 to ten times as many, then 421 and the end`,
    boundMB: 384,
    async run(scene) {
      const client = await pour(scene, scene.size(12_000, 50_000), INSIDE, (n) => `r${n}@far.example`)
      await client.closed()
      const expected = [2 + ALLOWED, PRESENTED - ALLOWED, 1]
      assert.deepEqual([client.count(250), client.count(452), client.count(421)], expected)
      return counted(client)
    },
  },
  {
    name: 'unknown-recipients',
    outcome: `${REFUSALS} times 550, then 421 and the end`,
    boundMB: 384,
    async run(scene) {
      const client = await pour(scene, scene.size(3000, 50_000), '127.0.0.66', (n) => `nobody${n}@demo.test`)
      await client.closed()
      assert.deepEqual([client.count(550), client.count(421)], [REFUSALS, 1])
      return counted(client)
    },
  },
  {
    name: 'good-recipients-limits-raised',
    outcome: '250 to each; forgotten when the client leaves',
    boundMB: 384,
    settings: raised,
    async run(scene) {
      const count = scene.size(5000, 50_000)
      const client = await pour(scene, count, INSIDE, (n) => `r${n}@far.example`)
      assert.equal(client.count(250), 2 + count)
      client.leave()
      return counted(client)
    },
  },
  {
    name: 'bad-recipients-limits-raised',
    outcome: '501 or 550 to each',
    boundMB: 384,
    settings: raised,
    async run(scene) {
      const count = scene.size(5000, 50_000)
      const client = await pour(scene, count, INSIDE, (n) => (n % 2 === 0 ? `nobody${n}@demo.test` : `"${n}@a..b`))
      assert.equal(client.count(550) + client.count(501), count)
      client.leave()
      return counted(client)
    },
  },
  {
    name: 'same-recipient',
    outcome: '250 to each, and the message is taken',
    boundMB: 384,
    settings: raised,
    async run(scene) {
      const count = scene.size(2000, 50_000)
      const client = await pour(scene, count, '127.0.0.66', () => 'kim@demo.test')
      assert.equal(client.count(250), 2 + count)
      await client.send('DATA\r\n')
      await client.replies(4 + count)
      await client.send('Subject: again and again\r\n\r\nbody\r\n.\r\n')
      await client.replies(5 + count)
      assert.equal(client.count(250), 3 + count)
      client.leave()
      return counted(client)
    },
  },
]
