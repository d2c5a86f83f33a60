// SPDX-License-Identifier: Apache-2.0
/**
 * Commands without number. Those that bring no message forward end the session at limits.emptyCommands. A client that reads no replies is not read from either, and loses its connection at
 * limits.commandTimeout. Where a site raises the limits, all are answered, and others are served meanwhile.
 */
import assert from 'node:assert/strict'
import type { Attack } from '../attack.ts'
import { Client } from '../client.ts'
import { impatient, raised } from '../raised.ts'
import { megabytes } from '../server.ts'

const counted = (client: Client): string => [...client.counts].map(([code, n]) => `${n}×${code}`).join(' ')

export const COMMANDS: readonly Attack[] = [
  {
    name: 'noop-flood',
    outcome: '250 until limits.emptyCommands, then 421 and the end',
    boundMB: 384,
    async run({ server, size }) {
      const client = await Client.ready(server.ports.smtp)
      await client.repeat(Buffer.from('NOOP\r\n'.repeat(1000)), 6 * size(50_000, 1_000_000))
      await client.closed()
      assert.deepEqual([client.count(250), client.count(421)], [200, 1])
      return counted(client)
    },
  },
  {
    name: 'noop-flood-limits-raised',
    outcome: '250 to each',
    boundMB: 384,
    settings: raised,
    async run({ server, size }) {
      const count = size(50_000, 1_000_000)
      const client = await Client.ready(server.ports.smtp)
      await client.repeat(Buffer.from('NOOP\r\n'.repeat(1000)), count * 6)
      await client.replies(2 + count)
      assert.equal(client.count(250), 1 + count)
      client.leave()
      return `${count} commands`
    },
  },
  {
    name: 'noop-flood-unread',
    outcome: 'no more is read than the replies have room for; the connection ends at limits.commandTimeout',
    boundMB: 512,
    settings: impatient,
    async run({ server, size, full }) {
      const octets = 60_000_000
      // In the short form a command with a longer reply, so that there is less to work off.
      const piece = Buffer.from((full ? 'NOOP x\r\n' : 'EHLO x\r\n').repeat(1000))
      const clients = await Promise.all(
        Array.from({ length: size(3, 40) }, async () => {
          const client = await Client.ready(server.ports.smtp)
          client.deafen()
          return client
        }),
      )
      const sent = await Promise.all(clients.map((client) => client.repeat(piece, octets)))
      for (const client of clients) client.leave()
      assert.ok(
        sent.every((one) => one < octets),
        'the server took it all',
      )
      return `${clients.length} clients, at most ${megabytes(Math.max(...sent))} taken of each`
    },
  },
  {
    name: 'mail-rset',
    outcome: '250 until limits.emptyCommands, then 421 and the end',
    boundMB: 384,
    async run({ server, size }) {
      const count = size(3000, 100_000)
      const client = await Client.ready(server.ports.smtp)
      await client.repeat(Buffer.from('MAIL FROM:<>\r\nRSET\r\n'.repeat(100)), count * 20)
      await client.closed()
      assert.deepEqual([client.count(250), client.count(421)], [1 + 200 + 199, 1])
      return counted(client)
    },
  },
  {
    name: 'mail-rset-limits-raised',
    outcome: '250 to each',
    boundMB: 384,
    settings: raised,
    async run({ server, size }) {
      const count = size(3000, 100_000)
      const client = await Client.ready(server.ports.smtp)
      await client.repeat(Buffer.from('MAIL FROM:<>\r\nRSET\r\n'.repeat(100)), count * 20)
      await client.replies(2 + 2 * count)
      assert.equal(client.count(250), 1 + 2 * count)
      client.leave()
      const { log, history } = await server.written()
      return `log ${megabytes(log)}, history ${megabytes(history)}`
    },
  },
]
