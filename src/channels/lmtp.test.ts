// SPDX-License-Identifier: Apache-2.0
/** Proves: a store is told of a subaddress with the separator of channel `l`, the one that took it apart. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { honest, startScriptedServer } from '../../test/peers/scripted-server.ts'
import type { Revision, RevisionId } from '../config/revision.ts'
import { ConfigSchema } from '../config/schema.ts'
import type { ChannelName } from '../envelope/channel-name.ts'
import { Destinations } from './destinations.ts'
import { address, delivery, deps } from './fixture.ts'

const STORE = 'ims-ms' as ChannelName

const revisionOf = (port: number, subaddress: string): Revision => ({
  id: 'r' as RevisionId,
  directory: '/nowhere',
  config: ConfigSchema.parse({
    server: { hostname: 'mx.example.org' },
    listeners: {},
    channels: { l: { kind: 'local', subaddress }, [STORE]: { kind: 'lmtp', host: `127.0.0.1:${port}` } },
  }),
  where: (...path) => ({ by: 'default', setting: path.join('.'), value: '' }),
})

test('the separator of l, also after it changed', async () => {
  await using server = await startScriptedServer((command) =>
    // RFC 2033 §4.2: a reply for each of the two recipients.
    command === '.' ? '250 2.0.0 stored\r\n'.repeat(2) : honest(command),
  )
  await using destinations = new Destinations(deps())
  for (const subaddress of ['+', '-', '']) {
    destinations.use(revisionOf(server.port, subaddress))
    const to = [
      { address: address('kim@example.org'), detail: 'lists' },
      { address: address('"k k"@example.org'), detail: 'lists' },
    ]
    await destinations
      .current()
      .get(STORE)
      ?.deliver(delivery(to), { signal: AbortSignal.timeout(30_000) })
  }
  assert.deepEqual(
    server.seen.filter((line) => line.startsWith('RCPT')).map((line) => /<(.*)>/.exec(line)?.[1]),
    ['kim+lists', '"k k"', 'kim-lists', '"k k"', 'kim', '"k k"'].map((local) => `${local}@example.org`),
  )
})
