// SPDX-License-Identifier: Apache-2.0
/**
 * Parameters without number: the line is longer than any line may be, 500. As many as fit into the longest line that can
 * be configured are answered in linear time: a quadratic parser would keep the prober waiting.
 */
import type { Attack } from '../attack.ts'
import { Client } from '../client.ts'
import { raised } from '../raised.ts'

const LONGEST_LINE = 65_536
const filled = (start: string, piece: string): string =>
  start + piece.repeat(Math.floor((LONGEST_LINE - start.length) / piece.length))

export const PARAMETERS: readonly Attack[] = [
  {
    name: 'million-parameters',
    outcome: '500 when the line ends, and NOOP is 250',
    boundMB: 384,
    async run({ server, size }) {
      const count = size(100_000, 1_000_000)
      const client = await Client.ready(server.ports.smtp)
      await client.send('MAIL FROM:<a@far.example>')
      const piece = Buffer.from(' A=B'.repeat(1000))
      await client.repeat(piece, count * 4)
      await client.command('', 500)
      await client.command('NOOP', 250)
      client.leave()
      return `${count} parameters`
    },
  },
  {
    name: 'longest-lines-of-parameters',
    outcome: 'an answer to each, and NOOP is 250',
    boundMB: 384,
    settings: raised,
    async run({ server, size }) {
      const rounds = size(5, 200)
      const client = await Client.ready(server.ports.smtp)
      const bombs = [
        filled('MAIL FROM:<a@far.example>', ' A=B'),
        filled('MAIL FROM:<a@far.example>', ' SIZE=1'),
        filled('MAIL FROM:<a@far.example>', ' __proto__=1 constructor=1'),
        filled('MAIL FROM:<a@far.example> ENVID=', '+41'),
        filled('MAIL FROM:<a@far.example>', ' '),
        `${filled('MAIL FROM:<', '@a,')}:a@far.example>`,
        filled('MAIL FROM:<"', '\\"'),
        filled('EHLO ', 'a.'),
        filled('', 'A '),
      ]
      for (let round = 0; round < rounds; round++)
        for (const bomb of bombs) {
          // Blanks at the end of a line mean nothing: that one is a good sender.
          await client.command(bomb.slice(0, LONGEST_LINE), 250, 500, 501, 504, 550, 553, 555)
          await client.command('RSET', 250)
        }
      await client.command('NOOP', 250)
      client.leave()
      return `${rounds * bombs.length} lines of 64 KiB`
    },
  },
]
