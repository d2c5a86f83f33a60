// SPDX-License-Identifier: Apache-2.0
/** What tests over sockets say again and again. */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { Peer } from './peer.ts'
import type { Fixture } from './server-fixture.ts'

export const ENVELOPE = 'EHLO c\r\nMAIL FROM:<s@example.net>\r\nRCPT TO:<kim@example.org>\r\n'

export async function codes(peer: Peer, count: number): Promise<string[]> {
  const found: string[] = []
  for (let i = 0; i < count; i++) {
    const { code, enhanced } = await peer.reply()
    found.push(enhanced === '' ? code : `${code} ${enhanced}`)
  }
  return found
}

export const send = (peer: Peer, text: string): Promise<void> => peer.send(Buffer.from(text))

export async function until(done: () => boolean, complaint: string): Promise<void> {
  for (const deadline = Date.now() + 5000; !done(); await sleep(5)) assert.ok(Date.now() < deadline, complaint)
}

export async function alive(fixture: Fixture): Promise<void> {
  await using peer = await Peer.connect(fixture.port)
  await send(peer, 'NOOP\r\n')
  assert.deepEqual(await codes(peer, 2), ['220', '250 2.0.0'])
}
