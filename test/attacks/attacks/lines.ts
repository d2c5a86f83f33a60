// SPDX-License-Identifier: Apache-2.0
/**
 * Lines without an end. A command line that is too long is answered with 500 once it ends, and the session goes on
 * (RFC 5321 §4.5.3.1.9). A header line counts towards limits.headerSize and the message is refused. A line of the body
 * passes unchanged, streamed and never built.
 */
import assert from 'node:assert/strict'
import type { Attack, Scene } from '../attack.ts'
import { Client } from '../client.ts'
import { megabytes, type Settings } from '../server.ts'

const MB = 1024 * 1024
const PIECE = Buffer.alloc(MB, 'A')
const lineOctets = ({ size }: Scene): number => size(32 * MB, 1024 * MB)

/** Room for the line, so that it is its length that is tried and not the size of the message. */
const roomy = (): Settings => ({ limits: { messageSize: '2GiB' } })

export const LINES: readonly Attack[] = [
  {
    name: 'long-command-line',
    outcome: '500 when the line ends, and NOOP is 250',
    boundMB: 384,
    async run(scene) {
      const client = await Client.ready(scene.server.ports.smtp)
      const sent = await client.repeat(PIECE, lineOctets(scene))
      await client.command('', 500)
      await client.command('NOOP', 250)
      client.leave()
      return megabytes(sent)
    },
  },
  {
    name: 'long-ehlo-argument',
    outcome: '500 when the line ends, and a right EHLO is 250',
    boundMB: 384,
    async run(scene) {
      const client = await Client.greeted(scene.server.ports.smtp)
      await client.send('EHLO ')
      const sent = await client.repeat(PIECE, lineOctets(scene))
      await client.command('', 500)
      await client.command('EHLO attacker.example', 250)
      client.leave()
      return megabytes(sent)
    },
  },
  {
    name: 'long-header-line',
    outcome: '552 after the dot, and nothing is queued',
    boundMB: 384,
    settings: roomy,
    async run(scene) {
      const client = await Client.ready(scene.server.ports.smtp)
      await client.beginData()
      await client.send('Subject: ')
      const sent = await client.repeat(PIECE, lineOctets(scene))
      const reply = await client.command('\r\n\r\nbody\r\n.', 552)
      client.leave()
      return `${megabytes(sent)}, ${reply}`
    },
  },
  {
    name: 'long-body-line',
    outcome: '250: long lines pass unchanged',
    boundMB: 384,
    settings: roomy,
    async run(scene) {
      const client = await Client.ready(scene.server.ports.smtp)
      await client.beginData()
      await client.send('Subject: a line\r\n\r\n')
      const octets = lineOctets(scene)
      assert.equal(await client.repeat(PIECE, octets), octets)
      await client.command('\r\n.', 250)
      client.leave()
      return megabytes(octets)
    },
  },
]
