// SPDX-License-Identifier: Apache-2.0
/**
 * BDAT (RFC 3030) abused. Chunks of nothing are answered one by one and cost no memory; a size beyond what is swallowed
 * is 552 and the end; one that is no number is 501 and the end; LAST twice is 503; RSET between chunks forgets the
 * message, and RSET inside of one is content.
 */
import assert from 'node:assert/strict'
import type { Attack } from '../attack.ts'
import { Client } from '../client.ts'
import { raised } from '../raised.ts'

/** The default of limits.emptyCommands, which EHLO counts against. */
const EMPTY_COMMANDS = 200
const EHLO = 1

const begin = async (port: number): Promise<Client> => {
  const client = await Client.ready(port)
  await client.command('MAIL FROM:<sender@far.example>', 250)
  await client.command('RCPT TO:<kim@demo.test>', 250)
  return client
}

export const CHUNKS: readonly Attack[] = [
  {
    name: 'empty-chunks',
    outcome: '250 until limits.emptyCommands, then 421 and the end',
    boundMB: 384,
    async run({ server, size }) {
      const client = await begin(server.ports.smtp)
      const before = client.count(250)
      await client.repeat(Buffer.from('BDAT 0\r\n'.repeat(1000)), 8 * size(20_000, 1_000_000))
      await client.closed()
      assert.deepEqual([client.count(250) - before, client.count(421)], [EMPTY_COMMANDS - EHLO, 1])
      return `${client.count(250) - before} chunks`
    },
  },
  {
    name: 'empty-chunks-limits-raised',
    outcome: '250 to each, and the message is what the other chunks made it',
    boundMB: 384,
    settings: raised,
    async run({ server, size }) {
      const count = size(20_000, 1_000_000)
      const client = await begin(server.ports.smtp)
      const before = client.count(250)
      const piece = 'BDAT 0\r\n'
      await client.repeat(Buffer.from(piece.repeat(1000)), count * piece.length)
      const text = 'Subject: chunks\r\n\r\nbody\r\n'
      await client.send(`BDAT ${text.length} LAST\r\n${text}`)
      await client.replies(2 + before + count)
      assert.equal(client.count(250), before + count + 1)
      client.leave()
      return `${count} chunks`
    },
  },
  {
    name: 'huge-chunks',
    outcome: '552 or 501, and the end of the connection',
    boundMB: 384,
    async run({ server, size }) {
      const rounds = size(5, 500)
      const sizes = ['999999999999999', '4294967296', '18446744073709551616', '9'.repeat(400), '1e9', '0x7fffffff']
      for (let round = 0; round < rounds; round++)
        for (const octets of sizes) {
          const client = await begin(server.ports.smtp)
          await client.send(`BDAT ${octets} LAST\r\n${'A'.repeat(10_000)}`)
          await client.expect(501, 552)
          await client.closed()
        }
      return `${rounds * sizes.length} sizes`
    },
  },
  {
    name: 'last-twice',
    outcome: 'one message; the second LAST is 503',
    boundMB: 384,
    async run({ server, size }) {
      const rounds = size(5, 100)
      for (let round = 0; round < rounds; round++) {
        const client = await begin(server.ports.smtp)
        await client.send('BDAT 3 LAST\r\na\r\nBDAT 3 LAST\r\nb\r\nBDAT 0 LAST\r\n')
        await client.expect(250)
        await client.expect(503)
        await client.expect(503)
        client.leave()
      }
      return `${rounds} times`
    },
  },
  {
    name: 'rset-between-chunks',
    outcome: '250 to RSET, 503 to the next chunk; within a chunk it is content',
    boundMB: 384,
    settings: raised,
    async run({ server, size }) {
      const rounds = size(50, 900)
      const client = await Client.ready(server.ports.smtp)
      for (let round = 0; round < rounds; round++) {
        await client.command('MAIL FROM:<sender@far.example>', 250)
        await client.command('RCPT TO:<kim@demo.test>', 250)
        await client.send('BDAT 6\r\nRSET\r\nRSET\r\n')
        await client.expect(250)
        await client.expect(250)
        if (round % 100 === 0) await client.command('BDAT 0 LAST', 503)
      }
      client.leave()
      return `${rounds} transactions`
    },
  },
]
