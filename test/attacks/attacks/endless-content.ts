// SPDX-License-Identifier: Apache-2.0
/**
 * Content that never ends: read to four times limits.messageSize (sixteen MiB at least) so that an honest client hears
 * the refusal, then 552 and the end of the connection.
 */
import assert from 'node:assert/strict'
import type { Attack, Scene } from '../attack.ts'
import { Client } from '../client.ts'
import { megabytes, type Settings } from '../server.ts'

const small = (full: boolean): Settings => ({ limits: { messageSize: full ? '50MiB' : '1MiB' } })
/** Far beyond what the server swallows: reached only when it does not hang up. */
const ENDLESS = 2 ** 30

async function flood({ server }: Scene, begin: string, piece: Buffer): Promise<string> {
  const client = await Client.ready(server.ports.smtp)
  await client.beginData()
  await client.send(begin)
  const sent = await client.repeat(piece, ENDLESS)
  await client.closed()
  assert.ok(sent < ENDLESS, 'the server took it all')
  assert.equal(client.count(552), 1)
  return `hung up after ${megabytes(sent)}`
}

const repeated = (text: string): Buffer => Buffer.from(text.repeat(Math.ceil(65_536 / text.length)))

export const ENDLESS_CONTENT: readonly Attack[] = [
  {
    name: 'endless-header',
    outcome: '552 and the end of the connection',
    boundMB: 384,
    settings: small,
    run: (scene) => flood(scene, '', repeated('X-Field: value\r\n')),
  },
  {
    name: 'endless-header-field',
    outcome: '552 and the end of the connection',
    boundMB: 384,
    settings: small,
    run: (scene) => flood(scene, 'Subject: a\r\n', repeated(' folded\r\n')),
  },
  {
    name: 'endless-empty-lines',
    outcome: '552 and the end of the connection',
    boundMB: 384,
    settings: small,
    run: (scene) => flood(scene, 'Subject: a\r\n\r\n', repeated('\r\n')),
  },
  {
    name: 'endless-dots',
    outcome: '552 and the end of the connection',
    boundMB: 384,
    settings: small,
    run: (scene) => flood(scene, 'Subject: a\r\n\r\n', repeated('..\r\n')),
  },
]
