// SPDX-License-Identifier: Apache-2.0
/**
 * AUTH (RFC 4954) abused. A line that is too long is 500 and ends the exchange; what is no base64 is 501 and a bad
 * command; wrong passwords are 535, or 454 while too many are being checked, and limits.failedAuth ends the session.
 * Checking passwords takes neither memory nor processor away from others.
 */
import assert from 'node:assert/strict'
import type { Attack } from '../attack.ts'
import { Client } from '../client.ts'
import { crowdAddress, forEach } from '../crowd.ts'
import { megabytes } from '../server.ts'

const MB = 1024 * 1024
const PIECE = Buffer.alloc(MB, 'A')
const plain = (password: string): string => Buffer.from(`\0kim@demo.test\0${password}`).toString('base64')

export const SIGN_IN: readonly Attack[] = [
  {
    name: 'auth-huge-response',
    outcome: '500 when the line ends, initial or not, and NOOP is 250',
    boundMB: 384,
    async run({ server, size }) {
      const octets = size(16 * MB, 512 * MB)
      const client = await Client.ready(server.ports.smtp)
      await client.send('AUTH PLAIN ')
      await client.repeat(PIECE, octets)
      await client.command('', 500)
      for (const mechanism of ['PLAIN', 'LOGIN', 'SCRAM-SHA-256']) {
        await client.command(`AUTH ${mechanism}`, 334)
        await client.repeat(PIECE, octets)
        await client.command('', 500)
      }
      await client.command('NOOP', 250)
      client.leave()
      return `4 lines of ${megabytes(octets)}`
    },
  },
  {
    name: 'auth-cancelled',
    outcome: '501 to each, or 421 and the end; memory stays',
    boundMB: 384,
    async run({ server, size }) {
      const count = size(1000, 10_000)
      const client = await Client.ready(server.ports.smtp)
      for (const mechanism of ['PLAIN', 'LOGIN', 'SCRAM-SHA-256'])
        await client.send(`AUTH ${mechanism}\r\n*\r\n`.repeat(Math.ceil(count / 3)))
      await client.replies(2 + 6 * Math.ceil(count / 3))
      if (!client.ended) await client.command('NOOP')
      client.leave()
      return [...client.counts].map(([code, n]) => `${n}×${code}`).join(' ')
    },
  },
  {
    name: 'auth-bad-base64',
    outcome: '501, then 421 and the end',
    boundMB: 384,
    async run({ server, size }) {
      const count = size(20, 1000)
      await forEach(count, async (n) => {
        const client = await Client.ready(server.ports.smtp, { from: crowdAddress(n) })
        await client.send('AUTH PLAIN !!!!\r\nAUTH LOGIN\r\n====\r\nAUTH SCRAM-SHA-256 bj0=\r\n'.repeat(20))
        await client.closed()
        assert.equal(client.count(421), 1)
      })
      return `${count} sessions`
    },
  },
  {
    name: 'auth-wrong-passwords',
    outcome: '535 or 454 to each, then 421 and the end',
    boundMB: 512,
    async run({ server, size }) {
      const count = size(30, 1500)
      const codes = new Map<number, number>()
      await forEach(
        count,
        async (n) => {
          const client = await Client.ready(server.ports.smtp, { from: crowdAddress(n) })
          for (let guess = 0; guess < 3; guess++) {
            const code = Number((await client.command(`AUTH PLAIN ${plain(`guess ${guess}`)}`, 535, 454)).slice(0, 3))
            codes.set(code, (codes.get(code) ?? 0) + 1)
          }
          client.leave()
        },
        300,
      )
      return [...codes].map(([code, times]) => `${times}×${code}`).join(' ')
    },
  },
]
