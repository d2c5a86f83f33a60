// SPDX-License-Identifier: Apache-2.0
/**
 * TLS abused: handshakes that are none end their connection, silent ones after 30 s; records of one octet are content
 * like any other; handshakes without number leave room for others.
 */
import { randomBytes } from 'node:crypto'
import type { Attack } from '../attack.ts'
import { Client } from '../client.ts'
import { crowdAddress, forEach } from '../crowd.ts'

/** The beginning of a ClientHello that promises 16 KiB. */
const PROMISE = Buffer.from('16030140000100003ffc0303', 'hex')

export const TLS: readonly Attack[] = [
  {
    name: 'handshake-garbage',
    outcome: 'the connection ends, and nothing else does',
    boundMB: 384,
    async run({ server, size }) {
      const count = size(100, 5000)
      await forEach(count, async (n) => {
        const client = await Client.ready(server.ports.smtp, { from: crowdAddress(n) })
        await client.command('STARTTLS', 220)
        await client.send(n % 2 === 0 ? randomBytes(2000) : Buffer.concat([PROMISE, randomBytes(20_000)]))
        await client.closed()
      })
      return `${count} handshakes`
    },
  },
  {
    name: 'handshake-silence',
    outcome: 'the connections end after 30 s',
    boundMB: 384,
    async run({ server, size, full }) {
      const count = size(100, 900)
      const clients: Client[] = []
      await forEach(count, async (n) => {
        const implicit = n % 2 === 0
        const port = implicit ? server.ports.submissions : server.ports.smtp
        const client = await Client.connect(port, { from: crowdAddress(n) })
        if (!implicit) {
          await client.expect(220)
          await client.command('EHLO slow.example', 250)
          await client.command('STARTTLS', 220)
        }
        if (n % 4 < 2) await client.send(PROMISE)
        clients.push(client)
      })
      // The short form does not wait: what it tries is that others are served meanwhile.
      if (full) for (const client of clients) await client.closed()
      for (const client of clients) client.leave()
      return `${count} connections`
    },
  },
  {
    name: 'one-octet-records',
    outcome: '250',
    boundMB: 384,
    async run({ server, size }) {
      const octets = size(5000, 200_000)
      const client = await Client.ready(server.ports.smtp)
      await client.startTls()
      await client.command('EHLO attacker.example', 250)
      await client.beginData()
      const content = Buffer.from(`Subject: grains\r\n\r\n${'sand\r\n'.repeat(octets / 6)}.\r\n`)
      for (const octet of content) await client.sendWhole(Buffer.of(octet))
      await client.expect(250)
      client.leave()
      return `${content.length} records`
    },
  },
  {
    name: 'handshake-flood',
    outcome: 'a handshake for each',
    boundMB: 384,
    async run({ server, size }) {
      const count = size(60, 3000)
      await forEach(count, async (n) => {
        const client = await Client.connect(server.ports.submissions, { from: crowdAddress(n) })
        await client.handshake()
        await client.expect(220)
        client.leave()
      })
      return `${count} handshakes`
    },
  },
]
